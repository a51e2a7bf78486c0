//! A task is joined or detached while it ends: one thread frees it, once, and no result is lost.
//!
//! A handle is valid until its task is freed. So if one of two calls would free the task, the task does not end before
//! the other call has returned. U1 to U3 are those of `sched/join.rs`.

use loom::sync::atomic::AtomicBool;
use loom::thread;

use crate::ends::{NEVER, RESULT, SOON, detaches, ends, group_of, is_over, joins, waits};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::group::Group;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::JOINED;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::rt::sched::finish;
use crate::rt::sched::group;
use crate::rt::sched::group_next;
use crate::workers::{of, runtime};
use crate::{Shared, check};

/// A task is joined while it ends.
///
/// Fails if the end claims the joiner, releases the lock, and then changes the state.
#[test]
fn ending_task_is_joined() {
    check(3, || {
        let runtime = runtime(1);
        let (group, [task]) = group_of(runtime);
        let other = thread::spawn(move || ends(task));
        assert_eq!(joins(task, NEVER), Ok(RESULT));
        other.join().expect("no panic");
        is_over(runtime, group, task);
    });
}

/// Joins a task, and again if the deadline has passed.
fn joins_again(task: Shared<Task>, deadline: Deadline) -> Result<usize> {
    match joins(task, deadline) {
        Err(libc::ETIMEDOUT) => joins(task, NEVER),
        outcome => outcome,
    }
}

/// The deadline of a join passes while the task ends: this join returns the result, or the next one does (U2).
///
/// Fails if a join whose deadline has passed checks the state without the lock, or not at all.
#[test]
fn join_times_out() {
    for deadline in [Deadline::NOW, SOON] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            let other = thread::spawn(move || ends(task));
            assert_eq!(joins_again(task, deadline), Ok(RESULT));
            other.join().expect("no panic");
            is_over(runtime, group, task);
        });
    }
}

/// Two threads join a task: the second one gets EINVAL, unless the first one's deadline has passed before.
///
/// Fails if a join does not set its flag, or keeps it.
#[test]
fn task_is_joined_once() {
    for deadline in [NEVER, SOON] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            let other = thread::spawn(move || joins(task, deadline));
            let mine = joins(task, SOON);
            ends(task);
            match (mine, other.join().expect("no panic")) {
                (Err(libc::EINVAL | libc::ETIMEDOUT), Ok(RESULT)) => {}
                (Err(libc::ETIMEDOUT), Err(libc::EINVAL))
                | (Err(libc::EINVAL | libc::ETIMEDOUT), Err(libc::ETIMEDOUT)) => {
                    assert_eq!(joins(task, NEVER), Ok(RESULT));
                }
                outcomes => panic!("{outcomes:?}"),
            }
            is_over(runtime, group, task);
        });
    }
}

/// One thread joins a task, another one detaches it: the second one gets EINVAL, unless the deadline of the join has
/// passed before.
#[test]
fn task_is_joined_or_detached() {
    for deadline in [NEVER, SOON] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            let other = thread::spawn(move || joins(task, deadline));
            match detaches(task) {
                Ok(()) => {
                    let outcome = other.join().expect("no panic");
                    let has_timed_out = deadline == SOON && outcome == Err(libc::ETIMEDOUT);
                    assert!(has_timed_out || outcome == Err(libc::EINVAL));
                    ends(task);
                }
                Err(libc::EINVAL) => {
                    ends(task);
                    match other.join().expect("no panic") {
                        Ok(result) => assert_eq!(result, RESULT),
                        Err(error) => {
                            assert_eq!((deadline, error), (SOON, libc::ETIMEDOUT));
                            assert_eq!(detaches(task), Ok(()));
                        }
                    }
                }
                outcome => panic!("{outcome:?}"),
            }
            assert!(task.is_freed());
            is_over(runtime, group, task);
        });
    }
}

/// A task is detached while it ends: one of the two threads frees it (U1).
///
/// Fails if the end reads the flags without the lock, or before it changes the state.
#[test]
fn ending_task_is_detached() {
    check(3, || {
        let runtime = runtime(1);
        let (group, [task]) = group_of(runtime);
        let other = thread::spawn(move || ends(task));
        assert_eq!(detaches(task), Ok(()));
        other.join().expect("no panic");
        assert!(task.is_freed());
        is_over(runtime, group, task);
    });
}

/// A thread joins a task of a group, and another one closes the group. The joiner frees the task, without the group.
/// If its deadline has passed, the group frees the task (U3).
///
/// Fails if an ended task that is joined stays in the group.
#[test]
fn join_outlives_the_group() {
    for deadline in [NEVER, SOON] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            let is_back = Shared::new(AtomicBool::new(false));
            let other = thread::spawn(move || {
                let outcome = joins(task, deadline);
                is_back.store(true, Ordering::Relaxed);
                outcome
            });
            // A join that begins after the close has no task.
            while !task.has_flag(JOINED) && !is_back.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            ends(task);
            // SAFETY: the group exists until it is freed.
            unsafe { assert_eq!(group::close(group.raw()), Ok(())) };
            match other.join().expect("no panic") {
                Ok(result) => assert_eq!(result, RESULT),
                Err(error) => assert_eq!((deadline, error), (SOON, libc::ETIMEDOUT)),
            }
            assert!(task.is_freed());
        });
    }
}

/// The worker drops its abandoned tasks.
fn drops(runtime: Shared<Runtime>) {
    let worker: *mut Worker = of(runtime, 0);
    Worker::set_current(worker);
    // SAFETY: this thread is the worker.
    unsafe { finish::drop_abandoned(worker) };
}

/// The task waits for an unpark that never comes.
fn parks(task: Shared<Task>) {
    task.parker.prepare(WaitMode::Uninterruptible).expect("it hears nothing");
    task.wait_reason.store(WaitReason::Park as u8, Ordering::Relaxed);
}

/// An abandoned task is joined or detached while its worker ends it.
#[test]
fn abandoned_task_is_joined() {
    let deeds: [fn(Shared<Task>); 2] = [
        |task| assert_eq!(joins_again(task, SOON), Ok(0)),
        |task| assert_eq!(detaches(task), Ok(())),
    ];
    for deed in deeds {
        check(2, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            parks(task);
            // SAFETY: the worker runs no task.
            unsafe { finish::abandon_all(runtime.raw()) };
            let other = thread::spawn(move || drops(runtime));
            deed(task);
            other.join().expect("no panic");
            assert_eq!(runtime.abandoned.load(Ordering::Relaxed), 0);
            is_over(runtime, group, task);
        });
    }
}

/// A task joins another one, and both are abandoned: a thread joins the other one while their worker ends both (U2).
///
/// Fails if the abandoned join keeps its flag.
#[test]
fn abandoned_join_leaves_the_task() {
    check(2, || {
        let runtime = runtime(1);
        let (group, [joiner, task]) = group_of(runtime);
        parks(task);
        // SAFETY: the worker runs no task. No other thread knows the tasks.
        unsafe {
            task.set_flag(JOINED, true);
            (*joiner.raw()).wait_target.store(task.raw() as usize, Ordering::Relaxed);
            let (lock, queue) =
                (&raw const (*task.raw()).lock, &raw mut (*task.raw()).join_waiters);
            waits(joiner, WaitReason::Join, lock, queue);
            finish::abandon_all(runtime.raw());
        }
        let other = thread::spawn(move || drops(runtime));
        assert_eq!(joins(task, NEVER), Ok(0));
        other.join().expect("no panic");
        assert!(task.is_freed());
        is_over(runtime, group, joiner);
    });
}

/// Waits for the end of one more task of the group, and returns its result.
fn takes(group: Shared<Group>, deadline: Deadline) -> Result<usize> {
    // SAFETY: the group exists until both calls have returned.
    let taken = unsafe { group_next::next(Caller::current(), group.raw(), deadline) };
    taken.map(|(_, result)| result.addr())
}

/// acort_group_next() takes a task while it ends, perhaps after its deadline has passed (G6).
///
/// Fails if the call frees the task without having had its lock.
#[test]
fn ending_task_is_taken() {
    for deadline in [NEVER, SOON] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            let other = thread::spawn(move || ends(task));
            let taken = match takes(group, deadline) {
                Err(libc::ETIMEDOUT) => takes(group, NEVER),
                outcome => outcome,
            };
            assert_eq!(taken, Ok(RESULT));
            other.join().expect("no panic");
            assert!(task.is_freed());
            is_over(runtime, group, task);
        });
    }
}

/// A thread waits in acort_group_next() while the one task ends, and the worker's thread calls it afterwards: one of them
/// has the task, the other one learns that no task is left (G3).
#[test]
fn ending_task_is_taken_once() {
    check(3, || {
        let runtime = runtime(1);
        let (group, [task]) = group_of(runtime);
        let other = thread::spawn(move || takes(group, NEVER));
        ends(task);
        let outcomes = [takes(group, Deadline::NOW), other.join().expect("no panic")];
        assert!(outcomes.contains(&Ok(RESULT)) && outcomes.contains(&Err(libc::ESRCH)));
        is_over(runtime, group, task);
    });
}
