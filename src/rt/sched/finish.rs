//! The ends of tasks: by themselves, or given up where nothing can wake them.
//!
//! ```text
//!   the worker that finds a deadlock            each worker
//!   withdraw_all(): ends the waits,
//!     takes the tasks out of their queues
//!   gives_up: true; rouses the worker   ────>   asleep, or falls asleep; sees gives_up
//!                                               give_up(): ends its own tasks
//! ```
//!
//! A worker may be awake all the while, for an event that no task waits for. It looks at `gives_up` after it has said
//! that it sleeps, as at its inbox. No task ends before all are out of their queues.

use core::ptr;

use super::join;
use super::locals;
use super::task_stack;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::group::Group;
use crate::rt::model::hooks;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{self, DETACHED, ENDED, FAILED, GIVEN_UP, JOINED, STARTED, Task};
use crate::rt::model::task_cold;
use crate::rt::model::worker::{Worker, count};
use crate::rt::park::wake::wake_all;

/// A task that has run to its end here.
///
/// # Safety
/// `worker` is this thread's, in its scheduler.
pub(crate) unsafe fn finish(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        // It left through aco_exit(): nobody has written a result.
        if !(*task).has_result() {
            (*task).set_result(ptr::null_mut());
        }
        if locals::has_any(task) {
            locals::destroy_all(worker, task);
        }
        task_stack::put(worker, task);
        end(worker, task, ENDED);
        // Somebody may have waited for this one's memory.
        while !(*worker).starved.is_empty() {
            let starved = (*worker).starved.pop();
            (*worker).ready.push(starved);
        }
    }
}

/// A task that could not begin.
///
/// # Safety
/// As [`finish`]; it is in no list.
pub(crate) unsafe fn fail(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        (*task).set_result(ptr::null_mut());
        end(worker, task, FAILED);
    }
}

/// Tells everybody. The task may be gone then.
unsafe fn end(worker: *mut Worker, task: *mut Task, state: u8) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let is_started = (*task).state.load(Ordering::Relaxed) == STARTED;
        // Its coroutine may be another one's already: what a hook asks for must not find it.
        (*task).co = ptr::null_mut();
        hooks::ended(task);
        (*worker).tasks -= u32::from(is_started);
        // Before the group knows: who has waited for that may free the runtime.
        count(&(*worker).counts.ended, 1);
        (*(*worker).runtime).one_less();
        let held = (*task).lock.hold();
        let flags = (*task).flags.load(Ordering::Relaxed);
        (*task).state.store(state, Ordering::Release);
        let group_list = Group::ended((*task).group, task, flags & (DETACHED | JOINED) == 0);
        let list = (*task).watchers.claim_all();
        drop(held);
        // From here on the task is freed by who joins it, or with its group, unless it is detached.
        if flags & DETACHED != 0 {
            task::free(task);
        }
        wake_all(group_list, None);
        wake_all(list, None);
    }
}

/// Takes all tasks out of what they wait for: nothing wakes them. Then each worker ends its own: [`give_up`].
///
/// # Safety
/// All workers of the runtime are idle.
pub(crate) unsafe fn withdraw_all(runtime: *mut Runtime) {
    let mut list: *mut Task = ptr::null_mut();
    // SAFETY: the caller's promise: who waits is in no list.
    unsafe {
        (*runtime).each_task(&mut |task| {
            if (*task).state.load(Ordering::Relaxed) == STARTED && (*task).parker.claim() {
                (*runtime).given_up.fetch_add(1, Ordering::SeqCst);
                (*task).set(GIVEN_UP, true);
                (*task).next = list;
                list = task;
            }
        });
        // Without the locks that were held for the search: they may be those of the queues.
        while let Some(task) = list.as_mut() {
            task_cold::withdraw_places(task);
            let why = Why::of(task.why.load(Ordering::Relaxed));
            if why.is_in_queue() {
                Waiter::withdraw(task.waiter());
            }
            if why == Why::Join {
                join::give_up(ptr::with_exposed_provenance_mut(task.about.load(Ordering::Relaxed)));
            }
            list = task.next;
        }
        for worker in (*runtime).workers() {
            worker.gives_up.store(true, Ordering::SeqCst);
            worker.rouse();
        }
    }
}

/// Ends the worker's tasks without running them: their frames are forgotten.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; its tasks were withdrawn.
pub(crate) unsafe fn give_up(worker: *mut Worker) {
    // SAFETY: the caller's promise.
    unsafe {
        (*worker).gives_up.store(false, Ordering::Relaxed);
        let runtime: *mut Runtime = (*worker).runtime;
        let mut list: *mut Task = ptr::null_mut();
        (*runtime).each_task(&mut |task| {
            if (*task).has(GIVEN_UP) && (*task).parker.worker() == worker && !(*task).has_ended() {
                (*task).next = list;
                list = task;
            }
        });
        while let Some(task) = list.as_mut() {
            list = task.next;
            if task.timer != 0 {
                (*worker).timers.remove(task);
            }
            if locals::has_any(task) {
                locals::destroy_all(worker, task);
            }
            let co = task.co;
            let held = (*task.group).lock.hold();
            task.co = ptr::null_mut();
            drop(held);
            task_stack::destroy(co, task.has(task::SHARED));
            task.set_result(ptr::null_mut());
            // Who waits for its end may have new tasks by then, which are not to be withdrawn with the rest.
            (*runtime).given_up.fetch_sub(1, Ordering::SeqCst);
            end(worker, task, ENDED);
        }
    }
}
