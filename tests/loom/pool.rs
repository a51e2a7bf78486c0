//! The pool of the threads for blocking calls.

use std::cell::Cell;

use loom::thread::{self, JoinHandle};

use crate::mutations::omits;
use crate::rt::blocking::job::Class;
use crate::rt::blocking::job::Job;
use crate::rt::blocking::permits::Actions;
use crate::rt::blocking::pool::DetachOutcome;
use crate::rt::blocking::pool::Pool;
use crate::rt::blocking::pool::Previous;
use crate::{Shared, check};

/// A thread that finds no job ends at once, or waits until there is one.
const IMPATIENT: i64 = 0;
const PATIENT: i64 = 1;

/// A job of a runtime with so many threads.
fn job_of(class: Class, max_threads: u32) -> Shared<Job> {
    let job = Shared::new(Job::new(class, max_threads, |_| (), |_| (), std::ptr::null_mut()));
    crate::ground::touch(&job.lock);
    job
}

fn job(max_threads: u32) -> Shared<Job> {
    job_of(Class::File, max_threads)
}

/// No job and no thread, in each of its words.
fn pool_with(max_detached: u32) -> Shared<Pool> {
    let pool = Shared::new(Pool::new(max_detached));
    for class in [Class::Resolve, Class::File, Class::User] {
        // SAFETY: never freed.
        assert_eq!(unsafe { pool.push(job_of(class, 1).raw()) }.spawn, 1);
        assert!(pool.next_job(Previous::None, IMPATIENT).0.is_some());
        assert!(pool.next_job(Previous::Call(class), IMPATIENT).0.is_none());
    }
    pool
}

fn pool() -> Shared<Pool> {
    pool_with(256)
}

/// How many jobs were made, discarded, and refused, in one run of a model.
#[derive(Default)]
struct Tally {
    made: Cell<u32>,
    discarded: Cell<u32>,
    rejected: Cell<u32>,
}

fn increment(count: &Cell<u32>) {
    count.set(count.get() + 1);
}

/// A pool whose threads are those of the model.
#[derive(Clone, Copy)]
struct Model {
    pool: Shared<Pool>,
    tally: Shared<Tally>,
}

impl Model {
    fn new(max_detached: u32) -> Model {
        Model { pool: pool_with(max_detached), tally: Shared::new(Tally::default()) }
    }

    /// Ends what is refused, and starts threads, which see to what is due by themselves.
    fn perform(self, actions: Actions) -> Vec<JoinHandle<()>> {
        let mut rejected = actions.rejected;
        // SAFETY: never freed.
        while let Some(job) = unsafe { rejected.as_mut() } {
            rejected = job.next;
            increment(&self.tally.rejected);
            // SAFETY: as above.
            if unsafe { Job::finish(job, libc::EAGAIN) }.is_none() {
                increment(&self.tally.discarded);
            }
        }
        if omits("perform") {
            return Vec::new();
        }
        (0..actions.spawn).map(|_| thread::spawn(move || self.serve(Previous::None))).collect()
    }

    /// A thread's life, and that of those which it starts.
    fn serve(self, mut previous: Previous) {
        let mut others = Vec::new();
        loop {
            let (job, actions) = self.pool.next_job(previous, IMPATIENT);
            others.extend(self.perform(actions));
            // SAFETY: never freed.
            let Some(job) = (unsafe { job.map(|job| &mut *job) }) else { break };
            increment(&self.tally.made);
            // SAFETY: as above.
            previous = match unsafe { Job::finish(job, 0) } {
                Some(_) => Previous::Call(job.class),
                None => {
                    increment(&self.tally.discarded);
                    Previous::DetachedCall(job.max_threads)
                }
            };
        }
        join(others);
    }

    fn push(self, job: Shared<Job>) -> Vec<JoinHandle<()>> {
        // SAFETY: never freed.
        let actions = unsafe { self.pool.push(job.raw()) };
        self.perform(actions)
    }

    /// What has become of it, and the threads that are started for that.
    fn detach(self, job: Shared<Job>) -> (&'static str, Vec<JoinHandle<()>>) {
        // SAFETY: never freed.
        match unsafe { self.pool.detach(job.raw()) } {
            DetachOutcome::Done => ("done", Vec::new()),
            DetachOutcome::Dequeued(actions) => ("taken back", self.perform(actions)),
            DetachOutcome::Detached(actions) => ("hangs", self.perform(actions)),
        }
    }

    /// No thread is left, and none is counted: one starts where there may be one, and none hangs.
    fn is_empty(self) {
        // SAFETY: never freed.
        let actions = unsafe { self.pool.push(job(1).raw()) };
        assert_eq!((actions.spawn, actions.wake), (1, 0));
        assert!(actions.rejected.is_null());
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

/// Threads are started as they are wanted, one at a time, and end when they find no job: each job is made.
///
/// Fails where a thread ends without another look at what is granted.
#[test]
fn each_job_is_made() {
    check(3, || {
        let model = Model::new(256);
        let mut threads = model.push(job(1));
        threads.extend(model.push(job(1)));
        join(threads);
        assert_eq!(model.tally.made.get(), 2);
        model.is_empty();
    });
}

/// A thread that waits for a job comes to each.
///
/// Fails where the word that it sleeps on is read after the lock was given back.
#[test]
fn idle_thread_is_woken() {
    check(3, || {
        let (pool, made) = (pool(), Shared::new(Cell::new(0)));
        // SAFETY: never freed.
        unsafe {
            assert_eq!(pool.push(job(1).raw()).spawn, 1);
            let serves = thread::spawn(move || {
                let mut previous = Previous::None;
                while made.get() < 2 {
                    assert!(pool.next_job(previous, PATIENT).0.is_some());
                    made.set(made.get() + 1);
                    previous = Previous::Call(Class::File);
                }
            });
            assert_eq!(pool.push(job(1).raw()).spawn, 0);
            serves.join().expect("no panic");
        }
    });
}

/// Two callers whose threads cannot be started: each job ends, with whoever was the last to hope for a thread.
///
/// Fails where the last one ends no more than its own job.
#[test]
fn no_thread_is_left() {
    check(3, || {
        let pool = pool();
        // SAFETY: never freed.
        let fails = move || unsafe {
            let mut ended = 0;
            // The other one's job, too, where that waits once more.
            for _ in 0..pool.push(job(2).raw()).spawn {
                let mut list = pool.spawn_failed().rejected;
                while let Some(job) = list.as_ref() {
                    (list, ended) = (job.next, ended + 1);
                }
            }
            ended
        };
        let other = thread::spawn(fails);
        let ended = fails() + other.join().expect("no panic");
        assert_eq!(ended, 2);
    });
}

/// A job is taken back, or made: not both, and none is left.
///
/// Fails where a job that is granted is not taken out of that list.
#[test]
fn job_is_taken_back() {
    check(3, || {
        let model = Model::new(256);
        let second = job(1);
        let mut threads = model.push(job(1));
        threads.extend(model.push(second));
        // SAFETY: never freed.
        let back = unsafe { model.pool.try_cancel(second.raw()) };
        let is_back = back.is_some();
        threads.extend(back.into_iter().flat_map(|actions| model.perform(actions)));
        join(threads);
        assert_eq!(model.tally.made.get() + u32::from(is_back), 2);
        model.is_empty();
    });
}

/// Of three threads a class that has one takes no other, and a name has one at once; each job is made.
///
/// Fails where a class takes one more than what the reserves of the others leave.
#[test]
fn reserve_is_kept() {
    check(2, || {
        let model = Model::new(256);
        // SAFETY: never freed.
        let push = move |class| unsafe { model.pool.push(job_of(class, 3).raw()) };
        assert_eq!(push(Class::User).spawn, 1);
        assert!(model.pool.next_job(Previous::None, IMPATIENT).0.is_some());
        let flood = thread::spawn(move || {
            let actions = push(Class::User);
            assert_eq!((actions.spawn, actions.wake), (0, 0));
        });
        let actions = push(Class::Resolve);
        assert_eq!((actions.spawn, actions.wake), (1, 0));
        let threads = model.perform(actions);
        flood.join().expect("no panic");
        model.serve(Previous::Call(Class::User));
        join(threads);
        assert_eq!(model.tally.made.get(), 2);
        model.is_empty();
    });
}

/// The waiter gives up while the call ends: it is done, hangs, or was never called, and what waits behind it is made.
///
/// Fails where what is due is not seen to, or the thread that hangs is counted still.
#[test]
fn given_up_call_leaves_room() {
    check(3, || {
        let model = Model::new(256);
        let first = job(1);
        let mut threads = model.push(first);
        threads.extend(model.push(job(1)));
        let (left, more) = model.detach(first);
        threads.extend(more);
        join(threads);
        let tally = &*model.tally;
        assert_eq!(tally.made.get(), if left == "taken back" { 1 } else { 2 });
        assert_eq!(tally.discarded.get(), u32::from(left == "hangs"));
        model.is_empty();
    });
}

/// The only call that may hang is given up: what waits behind it is refused, or taken back by its own waiter, who gives
/// up too.
///
/// Fails where a job that is refused is taken for one that a thread has.
#[test]
fn job_is_refused_once() {
    check(3, || {
        let model = Model::new(1);
        let (first, second) = (job(1), job(1));
        // SAFETY: never freed.
        unsafe {
            assert_eq!(model.pool.push(first.raw()).spawn, 1);
            assert!(model.pool.next_job(Previous::None, IMPATIENT).0.is_some());
            assert_eq!(model.pool.push(second.raw()).spawn, 0);
        }
        let other = thread::spawn(move || model.detach(second).0);
        let (left, threads) = model.detach(first);
        assert!(left == "hangs" && threads.is_empty());
        let left = other.join().expect("no panic");
        let tally = &*model.tally;
        assert_eq!(tally.rejected.get(), u32::from(left != "taken back"));
        assert_eq!(tally.discarded.get(), u32::from(left == "hangs"));
        // SAFETY: never freed.
        assert!(unsafe { Job::finish(first.raw(), 0) }.is_none());
        assert!(model.pool.next_job(Previous::DetachedCall(1), IMPATIENT).0.is_none());
        model.is_empty();
    });
}
