//! The pool of the threads for blocking calls.

use std::cell::Cell;

use loom::thread::{self, JoinHandle};

use crate::mutations::omits;
use crate::rt::blocking::grants::Due;
use crate::rt::blocking::job::Class;
use crate::rt::blocking::job::Job;
use crate::rt::blocking::jobs::Came;
use crate::rt::blocking::jobs::Jobs;
use crate::rt::blocking::jobs::Left;
use crate::{Shared, check};

/// A thread that finds no job ends at once, or waits until there is one.
const IMPATIENT: i64 = 0;
const PATIENT: i64 = 1;

/// A job of a runtime with so many threads.
fn job_of(class: Class, most: u32) -> Shared<Job> {
    let job = Shared::new(Job::new(class, most, |_| (), |_| (), std::ptr::null_mut()));
    crate::ground::touch(&job.lock);
    job
}

fn job(most: u32) -> Shared<Job> {
    job_of(Class::Files, most)
}

/// No job and no thread, in each of its words.
fn jobs_with(most_hanging: u32) -> Shared<Jobs> {
    let jobs = Shared::new(Jobs::new(most_hanging));
    for class in [Class::Names, Class::Files, Class::Program] {
        // SAFETY: never freed.
        assert_eq!(unsafe { jobs.push(job_of(class, 1).raw()) }.starts, 1);
        assert!(jobs.next(Came::New, IMPATIENT).0.is_some());
        assert!(jobs.next(Came::FromCall(class), IMPATIENT).0.is_none());
    }
    jobs
}

fn jobs() -> Shared<Jobs> {
    jobs_with(256)
}

/// How many jobs were made, discarded, and refused, in one run of a model.
#[derive(Default)]
struct Tally {
    made: Cell<u32>,
    discarded: Cell<u32>,
    refused: Cell<u32>,
}

fn task_created(count: &Cell<u32>) {
    count.set(count.get() + 1);
}

/// A pool whose threads are those of the model.
#[derive(Clone, Copy)]
struct Pool {
    jobs: Shared<Jobs>,
    tally: Shared<Tally>,
}

impl Pool {
    fn new(most_hanging: u32) -> Pool {
        Pool { jobs: jobs_with(most_hanging), tally: Shared::new(Tally::default()) }
    }

    /// Ends what is refused, and starts threads, which see to what is due by themselves.
    fn see_to(self, due: Due) -> Vec<JoinHandle<()>> {
        let mut refused = due.refused;
        // SAFETY: never freed.
        while let Some(job) = unsafe { refused.as_mut() } {
            refused = job.next;
            task_created(&self.tally.refused);
            // SAFETY: as above.
            if unsafe { Job::finish(job, libc::EAGAIN) }.is_none() {
                task_created(&self.tally.discarded);
            }
        }
        if omits("see-to") {
            return Vec::new();
        }
        (0..due.starts).map(|_| thread::spawn(move || self.serve(Came::New))).collect()
    }

    /// A thread's life, and that of those which it starts.
    fn serve(self, mut came: Came) {
        let mut others = Vec::new();
        loop {
            let (job, due) = self.jobs.next(came, IMPATIENT);
            others.extend(self.see_to(due));
            // SAFETY: never freed.
            let Some(job) = (unsafe { job.map(|job| &mut *job) }) else { break };
            task_created(&self.tally.made);
            // SAFETY: as above.
            came = match unsafe { Job::finish(job, 0) } {
                Some(_) => Came::FromCall(job.class),
                None => {
                    task_created(&self.tally.discarded);
                    Came::FromHanging(job.most)
                }
            };
        }
        join(others);
    }

    fn put(self, job: Shared<Job>) -> Vec<JoinHandle<()>> {
        // SAFETY: never freed.
        let due = unsafe { self.jobs.push(job.raw()) };
        self.see_to(due)
    }

    /// What has become of it, and the threads that are started for that.
    fn give_up(self, job: Shared<Job>) -> (&'static str, Vec<JoinHandle<()>>) {
        // SAFETY: never freed.
        match unsafe { self.jobs.detach(job.raw()) } {
            Left::Done => ("done", Vec::new()),
            Left::TakenBack(due) => ("taken back", self.see_to(due)),
            Left::Hangs(due) => ("hangs", self.see_to(due)),
        }
    }

    /// No thread is left, and none is counted: one starts where there may be one, and none hangs.
    fn is_empty(self) {
        // SAFETY: never freed.
        let due = unsafe { self.jobs.push(job(1).raw()) };
        assert_eq!((due.starts, due.wakes), (1, 0));
        assert!(due.refused.is_null());
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
        let pool = Pool::new(256);
        let mut threads = pool.put(job(1));
        threads.extend(pool.put(job(1)));
        join(threads);
        assert_eq!(pool.tally.made.get(), 2);
        pool.is_empty();
    });
}

/// A thread that waits for a job comes to each.
///
/// Fails where the word that it sleeps on is read after the lock was given back.
#[test]
fn idle_thread_is_woken() {
    check(3, || {
        let (jobs, made) = (jobs(), Shared::new(Cell::new(0)));
        // SAFETY: never freed.
        unsafe {
            assert_eq!(jobs.push(job(1).raw()).starts, 1);
            let serves = thread::spawn(move || {
                let mut came = Came::New;
                while made.get() < 2 {
                    assert!(jobs.next(came, PATIENT).0.is_some());
                    made.set(made.get() + 1);
                    came = Came::FromCall(Class::Files);
                }
            });
            assert_eq!(jobs.push(job(1).raw()).starts, 0);
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
        let jobs = jobs();
        // SAFETY: never freed.
        let fails = move || unsafe {
            let mut ended = 0;
            // The other one's job, too, where that waits once more.
            for _ in 0..jobs.push(job(2).raw()).starts {
                let mut list = jobs.spawn_failed().refused;
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
        let pool = Pool::new(256);
        let second = job(1);
        let mut threads = pool.put(job(1));
        threads.extend(pool.put(second));
        // SAFETY: never freed.
        let back = unsafe { pool.jobs.try_cancel(second.raw()) };
        let is_back = back.is_some();
        threads.extend(back.into_iter().flat_map(|due| pool.see_to(due)));
        join(threads);
        assert_eq!(pool.tally.made.get() + u32::from(is_back), 2);
        pool.is_empty();
    });
}

/// Of three threads a class that has one takes no other, and a name has one at once; each job is made.
///
/// Fails where a class takes one more than what the reserves of the others leave.
#[test]
fn reserve_is_kept() {
    check(2, || {
        let pool = Pool::new(256);
        // SAFETY: never freed.
        let put = move |class| unsafe { pool.jobs.push(job_of(class, 3).raw()) };
        assert_eq!(put(Class::Program).starts, 1);
        assert!(pool.jobs.next(Came::New, IMPATIENT).0.is_some());
        let flood = thread::spawn(move || {
            let due = put(Class::Program);
            assert_eq!((due.starts, due.wakes), (0, 0));
        });
        let due = put(Class::Names);
        assert_eq!((due.starts, due.wakes), (1, 0));
        let threads = pool.see_to(due);
        flood.join().expect("no panic");
        pool.serve(Came::FromCall(Class::Program));
        join(threads);
        assert_eq!(pool.tally.made.get(), 2);
        pool.is_empty();
    });
}

/// The waiter gives up while the call ends: it is done, hangs, or was never called, and what waits behind it is made.
///
/// Fails where what is due is not seen to, or the thread that hangs is counted still.
#[test]
fn given_up_call_leaves_room() {
    check(3, || {
        let pool = Pool::new(256);
        let first = job(1);
        let mut threads = pool.put(first);
        threads.extend(pool.put(job(1)));
        let (left, more) = pool.give_up(first);
        threads.extend(more);
        join(threads);
        let tally = &*pool.tally;
        assert_eq!(tally.made.get(), if left == "taken back" { 1 } else { 2 });
        assert_eq!(tally.discarded.get(), u32::from(left == "hangs"));
        pool.is_empty();
    });
}

/// The only call that may hang is given up: what waits behind it is refused, or taken back by its own waiter, who gives
/// up too.
///
/// Fails where a job that is refused is taken for one that a thread has.
#[test]
fn job_is_refused_once() {
    check(3, || {
        let pool = Pool::new(1);
        let (first, second) = (job(1), job(1));
        // SAFETY: never freed.
        unsafe {
            assert_eq!(pool.jobs.push(first.raw()).starts, 1);
            assert!(pool.jobs.next(Came::New, IMPATIENT).0.is_some());
            assert_eq!(pool.jobs.push(second.raw()).starts, 0);
        }
        let other = thread::spawn(move || pool.give_up(second).0);
        let (left, threads) = pool.give_up(first);
        assert!(left == "hangs" && threads.is_empty());
        let left = other.join().expect("no panic");
        let tally = &*pool.tally;
        assert_eq!(tally.refused.get(), u32::from(left != "taken back"));
        assert_eq!(tally.discarded.get(), u32::from(left == "hangs"));
        // SAFETY: never freed.
        assert!(unsafe { Job::finish(first.raw(), 0) }.is_none());
        assert!(pool.jobs.next(Came::FromHanging(1), IMPATIENT).0.is_none());
        pool.is_empty();
    });
}
