//! The end of a task, against those who wait for it: who is told of it may free the task, or all of its group.

use std::ptr;

use loom::thread;

use crate::rt::atomic::Ordering;
use crate::rt::group::{self, Group};
use crate::rt::lock::Lock;
use crate::rt::parker::Hearing;
use crate::rt::runtime::Runtime;
use crate::rt::task::{self, DETACHED, JOINED, Task};
use crate::rt::wait::{self, Wait};
use crate::rt::why::Why;
use crate::rt::worker::Worker;
use crate::rt::{Outcome, ending};
use crate::workers::{of, runtime};
use crate::{Shared, check};

/// A group with one task, which has begun on worker 0.
fn group_of_one(runtime: Shared<Runtime>) -> (Shared<Group>, Shared<Task>) {
    // SAFETY: new ones.
    unsafe {
        let group = group::open(runtime.raw(), false).expect("there is memory").as_ptr();
        let task = Shared::new(Task::new(of(runtime, 0)));
        crate::ground::touch(&task.lock);
        task.has_ended();
        task.has(0);
        (*group).take_in(task.raw());
        (*of(runtime, 0)).tasks = 1;
        runtime.one_more(ptr::null_mut());
        (Shared::of(group), task)
    }
}

/// The task ends here, on its worker.
fn ends(runtime: Shared<Runtime>, task: Shared<Task>) {
    let worker: *mut Worker = of(runtime, 0);
    Worker::set_here(worker);
    // SAFETY: the worker is this thread.
    unsafe { ending::finish(worker, task.raw()) };
}

/// What acort_join() does.
unsafe fn join(task: *mut Task, deadline: i64) -> Outcome<()> {
    // SAFETY: the caller's promise: the task exists.
    unsafe {
        let lock: *const Lock = &raw const (*task).lock;
        (*lock).take();
        if (*task).has_ended() {
            (*task).set(JOINED, true);
            (*lock).give();
            (*(*task).group).forget(task);
        } else {
            (*task).set(JOINED, true);
            let wait = Wait { why: Why::Join, about: 0, hearing: Hearing::Nothing, deadline };
            let queue = &raw mut (*task).watchers;
            if let Err(error) = wait::in_queue(lock, queue, ptr::null_mut(), wait) {
                let _held = (*lock).hold();
                if !(*task).has_ended() {
                    (*task).set(JOINED, false);
                    return Err(error);
                }
            }
        }
        assert_eq!((*task).noted(), 1);
        task::free(task);
        Shared::of(task).free();
        Ok(())
    }
}

/// Somebody joins the task while it ends, and frees it.
///
/// Fails where those who wait are claimed before the state says that it has ended, without the lock in between.
#[test]
fn ended_task_is_joined() {
    check(3, || {
        let runtime = runtime(1);
        let (group, task) = group_of_one(runtime);
        let other = thread::spawn(move || ends(runtime, task));
        // SAFETY: the task exists.
        unsafe { assert_eq!(join(task.raw(), -1), Ok(())) };
        other.join().expect("no panic");
        assert_eq!(runtime.live(), 0);
        // SAFETY: no task of it lives.
        unsafe { group::free(group.raw()) };
    });
}

/// Who joins gives up, unless the task has ended by then.
#[test]
fn join_is_given_up() {
    check(3, || {
        let runtime = runtime(1);
        let (group, task) = group_of_one(runtime);
        let other = thread::spawn(move || ends(runtime, task));
        // SAFETY: the task exists until it is joined.
        unsafe {
            let outcome = join(task.raw(), 1);
            other.join().expect("no panic");
            if outcome.is_err() {
                assert_eq!(join(task.raw(), -1), Ok(()));
            }
            group::free(group.raw());
        }
    });
}

/// Somebody waits for the group, and frees it with the ended task; then the runtime may be freed.
///
/// Fails where the group frees its tasks without their locks, and where the end is counted after the group knows.
#[test]
fn group_is_freed() {
    for flag in [0, DETACHED] {
        check(3, move || {
            let runtime = runtime(1);
            let (group, task) = group_of_one(runtime);
            task.flags.store(flag, Ordering::Relaxed);
            let other = thread::spawn(move || ends(runtime, task));
            // SAFETY: the group is there until it is freed.
            unsafe {
                assert_eq!(group::wait(group.raw(), Hearing::Nothing, -1), Ok(()));
                assert_eq!(runtime.live(), 0);
                group::free(group.raw());
            }
            if flag == 0 {
                task.free();
            }
            other.join().expect("no panic");
            assert_eq!(task.noted(), u32::MAX);
        });
    }
}

/// A group is cancelled while its task ends.
#[test]
fn ending_task_is_cancelled() {
    check(3, || {
        let runtime = runtime(1);
        let (group, task) = group_of_one(runtime);
        task.flags.store(DETACHED, Ordering::Relaxed);
        let other = thread::spawn(move || ends(runtime, task));
        // SAFETY: the group is there until it is freed.
        unsafe { assert_eq!(group::close(group.raw()), Ok(())) };
        other.join().expect("no panic");
    });
}
