//! The blocking pool. Its threads are those of the model.

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

/// A thread that finds no job ends at once, or waits for one.
const ENDS: i64 = 0;
const WAITS: i64 = 1;

/// A job of a runtime with this limit of threads.
fn job_of(class: Class, max_threads: u32) -> Shared<Job> {
    let job = Shared::new(Job::new(class, max_threads, |_| (), |_| ()));
    crate::ground::touch(&job.lock);
    job
}

fn job(max_threads: u32) -> Shared<Job> {
    job_of(Class::File, max_threads)
}

/// A pool without jobs and threads. Each of its words was used before, so that loom knows it.
fn pool_with(max_detached: u32) -> Shared<Pool> {
    let pool = Shared::new(Pool::new(max_detached));
    for class in [Class::Resolve, Class::File, Class::User] {
        // SAFETY: a job of a model is never freed.
        assert_eq!(unsafe { pool.push(job_of(class, 1).raw()) }.spawn, 1);
        assert!(pool.next_job(Previous::Start, ENDS).0.is_some());
        assert!(pool.next_job(Previous::Call(class), ENDS).0.is_none());
    }
    pool
}

fn pool() -> Shared<Pool> {
    pool_with(256)
}

/// How many jobs were run, cleaned up, and rejected in one run of a model.
#[derive(Default)]
struct Tally {
    run: Cell<u32>,
    cleaned_up: Cell<u32>,
    rejected: Cell<u32>,
}

fn increment(count: &Cell<u32>) {
    count.set(count.get() + 1);
}

/// A pool, and what has become of its jobs.
#[derive(Clone, Copy)]
struct Model {
    pool: Shared<Pool>,
    tally: Shared<Tally>,
}

impl Model {
    fn new(max_detached: u32) -> Model {
        Model { pool: pool_with(max_detached), tally: Shared::new(Tally::default()) }
    }

    /// Finishes rejected jobs, and starts threads, which perform the next actions.
    fn perform(self, actions: Actions) -> Vec<JoinHandle<()>> {
        let mut rejected = actions.rejected;
        // SAFETY: a job of a model is never freed.
        while let Some(job) = unsafe { rejected.as_mut() } {
            rejected = job.next;
            increment(&self.tally.rejected);
            // SAFETY: the job is never freed.
            if unsafe { Job::finish(job, libc::EAGAIN) }.is_none() {
                increment(&self.tally.cleaned_up);
            }
        }
        if omits("perform") {
            return Vec::new();
        }
        (0..actions.spawn).map(|_| thread::spawn(move || self.serve(Previous::Start))).collect()
    }

    /// A thread of the pool, from its start to its end, and the threads that it starts.
    fn serve(self, mut previous: Previous) {
        let mut others = Vec::new();
        loop {
            let (job, actions) = self.pool.next_job(previous, ENDS);
            others.extend(self.perform(actions));
            // SAFETY: a job of a model is never freed.
            let Some(job) = (unsafe { job.map(|job| &mut *job) }) else { break };
            increment(&self.tally.run);
            // SAFETY: the job is never freed.
            previous = match unsafe { Job::finish(job, 0) } {
                Some(_) => Previous::Call(job.class),
                None => {
                    increment(&self.tally.cleaned_up);
                    Previous::DetachedCall(job.max_threads)
                }
            };
        }
        join(others);
    }

    fn push(self, job: Shared<Job>) -> Vec<JoinHandle<()>> {
        // SAFETY: a job of a model is never freed.
        let actions = unsafe { self.pool.push(job.raw()) };
        self.perform(actions)
    }

    /// Detaches a job. Returns the outcome, and the threads that start for it.
    fn detach(self, job: Shared<Job>) -> (&'static str, Vec<JoinHandle<()>>) {
        // SAFETY: a job of a model is never freed.
        match unsafe { self.pool.detach(job.raw()) } {
            DetachOutcome::Done => ("done", Vec::new()),
            DetachOutcome::Dequeued(actions) => ("dequeued", self.perform(actions)),
            DetachOutcome::Detached(actions) => ("detached", self.perform(actions)),
        }
    }

    /// Asserts that no thread is counted: a limit of 1 lets one start.
    fn assert_empty(self) {
        // SAFETY: a job of a model is never freed.
        let actions = unsafe { self.pool.push(job(1).raw()) };
        assert_eq!((actions.spawn, actions.wake), (1, 0));
        assert!(actions.rejected.is_null());
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

/// Threads start on demand, one at a time, and end when they find no job: each job is run.
///
/// Fails if a thread ends without checking `ready` again.
#[test]
fn each_job_is_made() {
    check(3, || {
        let model = Model::new(256);
        let mut threads = model.push(job(1));
        threads.extend(model.push(job(1)));
        join(threads);
        assert_eq!(model.tally.run.get(), 2);
        model.assert_empty();
    });
}

/// An idle thread runs each job (J5).
///
/// Fails if the thread reads `event_count` after it releases the lock.
#[test]
fn idle_thread_is_woken() {
    check(3, || {
        let (pool, made) = (pool(), Shared::new(Cell::new(0)));
        // SAFETY: a job of a model is never freed.
        unsafe {
            assert_eq!(pool.push(job(1).raw()).spawn, 1);
            let serves = thread::spawn(move || {
                let mut previous = Previous::Start;
                while made.get() < 2 {
                    assert!(pool.next_job(previous, WAITS).0.is_some());
                    made.set(made.get() + 1);
                    previous = Previous::Call(Class::File);
                }
            });
            assert_eq!(pool.push(job(1).raw()).spawn, 0);
            serves.join().expect("no panic");
        }
    });
}

/// The threads of two callers cannot be started: the last caller rejects both jobs.
///
/// Fails if the last caller rejects only its own job.
#[test]
fn no_thread_is_left() {
    check(3, || {
        let pool = pool();
        // SAFETY: a job of a model is never freed.
        let fails = move || unsafe {
            let mut ended = 0;
            // The other caller's job, too, if it is queued again.
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

/// A job is dequeued or run, not both, and none is left.
///
/// Fails if a permitted job stays in `ready`.
#[test]
fn job_is_dequeued() {
    check(3, || {
        let model = Model::new(256);
        let second = job(1);
        let mut threads = model.push(job(1));
        threads.extend(model.push(second));
        // SAFETY: a job of a model is never freed.
        let back = unsafe { model.pool.try_cancel(second.raw()) };
        let is_back = back.is_some();
        threads.extend(back.into_iter().flat_map(|actions| model.perform(actions)));
        join(threads);
        assert_eq!(model.tally.run.get() + u32::from(is_back), 2);
        model.assert_empty();
    });
}

/// With a limit of three, a class with one permit gets no second one, and another class gets one at once (J1).
///
/// Fails if a class takes a thread from the reserve of another class.
#[test]
fn reserve_is_kept() {
    check(2, || {
        let model = Model::new(256);
        // SAFETY: a job of a model is never freed.
        let push = move |class| unsafe { model.pool.push(job_of(class, 3).raw()) };
        assert_eq!(push(Class::User).spawn, 1);
        assert!(model.pool.next_job(Previous::Start, ENDS).0.is_some());
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
        assert_eq!(model.tally.run.get(), 2);
        model.assert_empty();
    });
}

/// A call is detached while it ends: it is done, detached, or dequeued, and the next job is run (J6).
///
/// Fails if the actions are not performed, or if the thread stays in `threads`.
#[test]
fn detached_call_leaves_room() {
    check(3, || {
        let model = Model::new(256);
        let first = job(1);
        let mut threads = model.push(first);
        threads.extend(model.push(job(1)));
        let (left, more) = model.detach(first);
        threads.extend(more);
        join(threads);
        let tally = &*model.tally;
        assert_eq!(tally.run.get(), if left == "dequeued" { 1 } else { 2 });
        assert_eq!(tally.cleaned_up.get(), u32::from(left == "detached"));
        model.assert_empty();
    });
}

/// The one call that may be detached is: the next job is rejected (J2), or dequeued by its own waiter, which detaches
/// it.
///
/// Fails if a rejected job is treated as a running one.
#[test]
fn job_is_rejected_once() {
    check(3, || {
        let model = Model::new(1);
        let (first, second) = (job(1), job(1));
        // SAFETY: a job of a model is never freed.
        unsafe {
            assert_eq!(model.pool.push(first.raw()).spawn, 1);
            assert!(model.pool.next_job(Previous::Start, ENDS).0.is_some());
            assert_eq!(model.pool.push(second.raw()).spawn, 0);
        }
        let other = thread::spawn(move || model.detach(second).0);
        let (left, threads) = model.detach(first);
        assert!(left == "detached" && threads.is_empty());
        let left = other.join().expect("no panic");
        let tally = &*model.tally;
        assert_eq!(tally.rejected.get(), u32::from(left != "dequeued"));
        assert_eq!(tally.cleaned_up.get(), u32::from(left == "detached"));
        // SAFETY: a job of a model is never freed.
        assert!(unsafe { Job::finish(first.raw(), 0) }.is_none());
        assert!(model.pool.next_job(Previous::DetachedCall(1), ENDS).0.is_none());
        model.assert_empty();
    });
}
