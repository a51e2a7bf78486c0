//! The end of a task against walks of its group and waits for it: the task is freed once, and no thread touches it
//! afterwards (F1 to F6 of `sched/finish.rs`).

use std::ffi::c_int;
use std::ptr;

use loom::sync::atomic::AtomicBool;
use loom::thread;

use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::group::Group;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::DETACHED;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::rt::sched::finish;
use crate::rt::sched::group;
use crate::rt::sched::join::detach;
use crate::rt::sched::join::join;
use crate::workers::{of, runtime};
use crate::{Shared, check};

pub(crate) const NEVER: Deadline = Deadline::NEVER;
/// A deadline that may have passed at any moment.
pub(crate) const SOON: Deadline = Deadline::at(1);

/// The result of each task.
pub(crate) const RESULT: usize = 7;

/// A group of STARTED tasks, on the runtime's one worker.
pub(crate) fn group_of<const TASKS: usize>(
    runtime: Shared<Runtime>,
) -> (Shared<Group>, [Shared<Task>; TASKS]) {
    let worker: *mut Worker = of(runtime, 0);
    // SAFETY: the group and the tasks are new.
    unsafe {
        let group =
            group::open(runtime.raw(), ptr::null_mut(), true).expect("there is memory").as_ptr();
        let tasks = std::array::from_fn(|_| {
            let task = Shared::new(Task::new(worker));
            crate::ground::touch(&task.lock);
            task.has_finished();
            task.has_flag(0);
            task.parker.is_cancelled();
            (*group).add(task.raw());
            (*worker).tasks += 1;
            runtime.task_created(ptr::null_mut());
            task
        });
        (Shared::of(group), tasks)
    }
}

/// Ends the task. This thread is its worker.
pub(crate) fn ends(task: Shared<Task>) {
    let worker: *mut Worker = task.parker.worker();
    Worker::set_current(worker);
    // SAFETY: this thread is the worker.
    unsafe {
        (*task.raw()).set_result(ptr::without_provenance_mut(RESULT));
        finish::finish(worker, task.raw());
    }
}

/// Puts the task into a queue.
///
/// # Safety
/// No other thread knows the task. The queue is never freed.
pub(crate) unsafe fn waits(
    task: Shared<Task>,
    wait_reason: WaitReason,
    lock: *const Lock,
    queue: *mut WaitQueue,
) {
    // SAFETY: no other thread knows the task. The queue is never freed.
    unsafe {
        task.parker.prepare(WaitMode::Uninterruptible).expect("it hears nothing");
        task.wait_reason.store(wait_reason as u8, Ordering::Relaxed);
        let place = (*task.raw()).waiter();
        place.write(Waiter::new(&raw mut (*task.raw()).parker, ptr::null_mut(), 1));
        let _guard = (*lock).guard();
        (*queue).push(place, lock);
    }
}

/// Joins a task, and returns its result.
pub(crate) fn joins(task: Shared<Task>, deadline: Deadline) -> Result<usize> {
    // SAFETY: the model joins a task that exists.
    unsafe { join(task.raw(), deadline) }.map(|result| result.addr())
}

pub(crate) fn detaches(task: Shared<Task>) -> std::result::Result<(), c_int> {
    // SAFETY: the model detaches a task that exists.
    unsafe { detach(task.raw()) }
}

/// Frees the group, with the ended tasks in its list, and asserts that no task is left.
pub(crate) fn is_over(runtime: Shared<Runtime>, group: Shared<Group>, task: Shared<Task>) {
    assert_eq!(runtime.live_tasks(), 0);
    // SAFETY: no task of the group lives.
    unsafe { group::free(group.raw()) };
    assert!(task.is_freed());
}

/// A thread waits for the group, and frees it with the finished task. It may free the runtime after that.
///
/// Fails if the group frees its tasks without their locks (F2), or if the runtime counts the end after the group (F3).
#[test]
fn group_is_freed() {
    for flag in [0, DETACHED] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            task.flags.store(flag, Ordering::Relaxed);
            let other = thread::spawn(move || ends(task));
            // SAFETY: the group exists until it is freed.
            unsafe {
                assert_eq!(
                    group::wait(Caller::current(), group.raw(), WaitMode::Uninterruptible, NEVER),
                    Ok(())
                );
                assert_eq!(runtime.live_tasks(), 0);
                group::free(group.raw());
            }
            other.join().expect("no panic");
            assert!(task.is_freed());
        });
    }
}

/// A group is closed while its task ends.
#[test]
fn ending_group_is_closed() {
    check(3, || {
        let runtime = runtime(1);
        let (group, [task]) = group_of(runtime);
        task.flags.store(DETACHED, Ordering::Relaxed);
        let other = thread::spawn(move || ends(task));
        // SAFETY: the group exists until it is freed.
        unsafe { assert_eq!(group::close(group.raw()), Ok(())) };
        other.join().expect("no panic");
        assert!(task.is_freed());
    });
}

/// How a task ends that another task of its group has spawned.
const COURSES: [fn(Shared<Task>); 4] = [
    |task| {
        assert_eq!(joins(task, SOON), Err(libc::ETIMEDOUT));
        ends(task);
    },
    |task| {
        ends(task);
        assert_eq!(joins(task, NEVER), Ok(RESULT));
    },
    |task| {
        assert_eq!(detaches(task), Ok(()));
        ends(task);
    },
    |task| {
        ends(task);
        assert_eq!(detaches(task), Ok(()));
    },
];

/// A group is closed while its last task joins or detaches another one, and ends.
///
/// Fails if a join that has timed out leaves its flag, or if a task that is joined or detached stays in the group.
#[test]
fn group_is_closed_after_the_last() {
    for course in COURSES {
        check(2, move || {
            let runtime = runtime(1);
            let (group, [first, last]) = group_of(runtime);
            let other = thread::spawn(move || {
                course(first);
                ends(last);
            });
            // SAFETY: the group exists until it is freed.
            unsafe { assert_eq!(group::close(group.raw()), Ok(())) };
            other.join().expect("no panic");
            assert!(first.is_freed() && last.is_freed());
        });
    }
}

/// A thread walks over all tasks, as acort_dump() and acort_foreach() do, while a finished one is joined, or freed with
/// its group.
///
/// Fails if a group frees its tasks while it is in the runtime's list.
#[test]
fn walked_task_is_not_freed() {
    for is_joined in [true, false] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, [task]) = group_of(runtime);
            ends(task);
            let is_seen = Shared::new(AtomicBool::new(false));
            let other = thread::spawn(move || {
                runtime.for_each_task(&mut |task| {
                    is_seen.store(true, Ordering::Relaxed);
                    // SAFETY: a task in the list of a group is live.
                    unsafe { assert!((*task).has_finished() && !(*task).is_freed()) };
                });
            });
            while !is_seen.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            if is_joined {
                assert_eq!(joins(task, NEVER), Ok(RESULT));
            }
            is_over(runtime, group, task);
            other.join().expect("no panic");
        });
    }
}

/// Two tasks of two workers are abandoned, and one of the workers is awake: each worker ends its task, once both
/// tasks are dequeued (F6).
///
/// Fails if `has_abandoned_tasks` is set before that, or if a worker does not check it after it has announced its
/// sleep.
#[test]
fn abandoned_tasks_are_dropped() {
    check(3, || {
        let runtime = runtime(2);
        let (group, tasks) = group_of::<2>(runtime);
        let object = Shared::new((Lock::NEW, WaitQueue::NEW));
        crate::ground::touch(&object.0);
        for (number, task) in tasks.into_iter().enumerate() {
            // SAFETY: no other thread knows the task yet.
            unsafe {
                (*task.raw()).parker.set_owner(of(runtime, number as u32).cast());
                (*of(runtime, number as u32)).tasks = 1;
                waits(task, WaitReason::Event, &raw const object.0, &raw mut (*object.raw()).1);
            }
        }
        let drops = move |number: u32| {
            let worker = of(runtime, number);
            Worker::set_current(worker);
            // SAFETY: this thread is the worker.
            unsafe {
                while !(*worker).has_abandoned_tasks.load(Ordering::Acquire) {
                    crate::workers::sleep(worker);
                }
                assert!(object.1.is_empty());
                finish::drop_abandoned(worker);
            }
        };
        let other = thread::spawn(move || drops(0));
        // SAFETY: no task runs.
        unsafe { finish::abandon_all(runtime.raw()) };
        drops(1);
        other.join().expect("no panic");
        assert_eq!(runtime.abandoned.load(Ordering::Relaxed), 0);
        for task in tasks {
            assert_eq!(joins(task, Deadline::NOW), Ok(0));
        }
        // SAFETY: no task of the group lives.
        unsafe { group::free(group.raw()) };
    });
}
