//! The jobs of the threads for blocking calls.

use std::cell::Cell;
use std::ptr;

use loom::thread;

use crate::rt::jobs::{Job, Jobs};
use crate::rt::lock::Lock;
use crate::rt::queue::Queue;
use crate::{Shared, check};

/// A thread that finds no job ends at once, or waits until there is one.
const IMPATIENT: i64 = 0;
const PATIENT: i64 = 1;

fn job() -> Shared<Job> {
    Shared::new(Job {
        lock: Lock::NEW,
        is_done: false,
        error: 0,
        is_given_up: false,
        waiters: Queue::NEW,
        next: ptr::null_mut(),
        function: |_| (),
        discard: |_| (),
        data: ptr::null_mut(),
    })
}

/// No job and no thread, in each of its words.
fn jobs() -> Shared<Jobs> {
    let jobs = Shared::new(Jobs::NEW);
    // SAFETY: never freed.
    unsafe {
        assert!(jobs.put(job().raw(), 1));
        assert!(jobs.next(IMPATIENT).is_some());
        assert!(jobs.next(IMPATIENT).is_none());
    }
    jobs
}

/// Threads are started as they are wanted, one at a time, and end when they find no job: each job is made.
///
/// Fails where a thread is wanted for fewer jobs than wait.
#[test]
fn each_job_is_made() {
    check(3, || {
        let (jobs, made) = (jobs(), Shared::new(Cell::new(0)));
        let mut threads = Vec::new();
        for _ in 0..2 {
            // SAFETY: never freed.
            if unsafe { jobs.put(job().raw(), 1) } {
                threads.push(thread::spawn(move || {
                    while jobs.next(IMPATIENT).is_some() {
                        made.set(made.get() + 1);
                    }
                }));
            }
        }
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(made.get(), 2);
    });
}

/// A thread that waits for a job comes to each.
///
/// Fails where the count of jobs is read after the list was seen to be empty.
#[test]
fn idle_thread_is_woken() {
    check(3, || {
        let (jobs, made) = (jobs(), Shared::new(Cell::new(0)));
        // SAFETY: never freed.
        unsafe {
            assert!(jobs.put(job().raw(), 1));
            let serves = thread::spawn(move || {
                while made.get() < 2 {
                    assert!(jobs.next(PATIENT).is_some());
                    made.set(made.get() + 1);
                }
            });
            assert!(!jobs.put(job().raw(), 1));
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
            assert!(jobs.put(job().raw(), 2));
            let (mut list, mut ended) = (jobs.has_no_thread(), 0);
            while let Some(job) = list.as_ref() {
                (list, ended) = (job.next, ended + 1);
            }
            ended
        };
        let other = thread::spawn(fails);
        let ended = fails() + other.join().expect("no panic");
        assert_eq!(ended, 2);
    });
}

/// A job is taken back, or made: not both.
#[test]
fn job_is_taken_back() {
    check(3, || {
        let (jobs, first, second) = (jobs(), job(), job());
        // SAFETY: never freed.
        unsafe {
            assert!(jobs.put(first.raw(), 1));
            let serves = thread::spawn(move || {
                let mut made = 0;
                while let Some(job) = jobs.next(IMPATIENT) {
                    made += 1;
                    assert!(job == first.raw() || job == second.raw());
                }
                made
            });
            let needs_another = jobs.put(second.raw(), 1);
            let taken_back = jobs.take_back(second.raw());
            let made = serves.join().expect("no panic");
            assert!(!needs_another || made == 1);
            if !needs_another {
                assert_eq!(made + i32::from(taken_back), 2);
            }
        }
    });
}
