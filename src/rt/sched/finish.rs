//! The ends of tasks: by themselves, or given up where nothing can wake them.
//!
//! ```text
//!   the worker that finds a deadlock            each worker
//!   abandon_all(): ends the waits,
//!     takes the tasks out of their queues
//!   has_abandoned_tasks; rouses it      ────>   asleep, or falls asleep; sees that
//!                                               give_up(): ends its own tasks
//! ```
//!
//! A worker may be awake all the while, for an event that no task waits for. It looks at that after it has said
//! that it sleeps, as at its inbox. No task ends before all are out of their queues.

use core::ptr;

use super::join;
use super::locals;
use super::task_stack;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::group::Group;
use crate::rt::model::hooks;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{
    self, ABANDONED, DETACHED, FINISHED, JOINED, SPAWN_FAILED, STARTED, Task,
};
use crate::rt::model::worker::{Worker, count};
use crate::rt::model::{task_cold, task_pool};
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
        task_stack::recycle(worker, task);
        complete(worker, task, FINISHED);
        // Somebody may have waited for this one's memory.
        while !(*worker).waiting_for_memory.is_empty() {
            let starved = (*worker).waiting_for_memory.pop();
            (*worker).run_queue.push(starved);
        }
    }
}

/// A task that could not begin.
///
/// # Safety
/// As [`finish`]; it is in no list.
pub(crate) unsafe fn fail_spawn(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        (*task).set_result(ptr::null_mut());
        complete(worker, task, SPAWN_FAILED);
    }
}

/// Tells everybody. The task may be gone then.
unsafe fn complete(worker: *mut Worker, task: *mut Task, state: u8) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let is_started = (*task).state.load(Ordering::Relaxed) == STARTED;
        // Its coroutine may be another one's already: what a hook asks for must not find it.
        (*task).co = ptr::null_mut();
        hooks::on_finish(task);
        (*worker).tasks -= u32::from(is_started);
        // Before the group knows: who has waited for that may free the runtime.
        count(&(*worker).counters.ended, 1);
        (*(*worker).runtime).task_finished();
        let held = (*task).lock.guard();
        let flags = (*task).flags.load(Ordering::Relaxed);
        (*task).state.store(state, Ordering::Release);
        let group_list =
            Group::task_finished((*task).group, task, flags & (DETACHED | JOINED) == 0);
        let list = (*task).join_waiters.claim_all();
        drop(held);
        // From here on the task is freed by who joins it, or with its group, unless it is detached.
        if flags & DETACHED != 0 {
            task_pool::free(task);
        }
        wake_all(group_list, None);
        wake_all(list, None);
    }
}

/// Takes all tasks out of what they wait for: nothing wakes them. Then each worker ends its own: [`give_up`].
///
/// # Safety
/// All workers of the runtime are idle.
pub(crate) unsafe fn abandon_all(runtime: *mut Runtime) {
    let mut list: *mut Task = ptr::null_mut();
    // SAFETY: the caller's promise: who waits is in no list.
    unsafe {
        (*runtime).for_each_task(&mut |task| {
            if (*task).state.load(Ordering::Relaxed) == STARTED && (*task).parker.claim() {
                (*runtime).abandoned.fetch_add(1, Ordering::SeqCst);
                (*task).set_flag(ABANDONED, true);
                (*task).next = list;
                list = task;
            }
        });
        // Without the locks that were held for the search: they may be those of the queues.
        while let Some(task) = list.as_mut() {
            task_cold::dequeue_select_waiters(task);
            let wait_reason = WaitReason::from_u8(task.wait_reason.load(Ordering::Relaxed));
            if wait_reason.is_queued() {
                Waiter::dequeue(task.waiter());
            }
            if wait_reason == WaitReason::Join {
                join::abandon(ptr::with_exposed_provenance_mut(
                    task.wait_target.load(Ordering::Relaxed),
                ));
            }
            list = task.next;
        }
        for worker in (*runtime).workers() {
            worker.has_abandoned_tasks.store(true, Ordering::SeqCst);
            worker.wake();
        }
    }
}

/// Ends the worker's tasks without running them: their frames are forgotten.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; its tasks were withdrawn.
pub(crate) unsafe fn drop_abandoned(worker: *mut Worker) {
    // SAFETY: the caller's promise.
    unsafe {
        (*worker).has_abandoned_tasks.store(false, Ordering::Relaxed);
        let runtime: *mut Runtime = (*worker).runtime;
        let mut list: *mut Task = ptr::null_mut();
        (*runtime).for_each_task(&mut |task| {
            if (*task).has_flag(ABANDONED)
                && (*task).parker.worker() == worker
                && !(*task).has_finished()
            {
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
            let held = (*task.group).lock.guard();
            task.co = ptr::null_mut();
            drop(held);
            task_stack::destroy(co, task.has_flag(task::SHARED));
            task.set_result(ptr::null_mut());
            // Who waits for its end may have new tasks by then, which are not to be withdrawn with the rest.
            (*runtime).abandoned.fetch_sub(1, Ordering::SeqCst);
            complete(worker, task, FINISHED);
        }
    }
}
