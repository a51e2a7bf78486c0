//! The end of a task: it returns, cannot start, or is abandoned.
//!
//! ```text
//!   finish        the entry function has returned      cleanup functions are left: the task runs them first
//!                                                      destructors; recycle the coroutine; complete(FINISHED)
//!   fail_spawn    no memory for a stack                destructors; complete(SPAWN_FAILED)
//!   drop_abandoned  nothing can wake the task          destructors; destroy the coroutine; complete(FINISHED)
//!
//!   complete      the task is freed by (T4 of `task`)
//!   DETACHED      this worker, here
//!   JOINED        the joiner
//!   neither       a later join or detach, or its group
//! ```
//!
//! After a second deadlock (D4 of `deadlock`):
//!
//! ```text
//!   the worker that confirms it                       each worker
//!   abandon_all: claim the wait of each task,
//!     then dequeue all of them
//!   has_abandoned_tasks = true; wake the workers  ───>  sleeps, or is about to: sees `has_abandoned_tasks`
//!                                                     drop_abandoned: ends its own tasks
//! ```
//!
//! * F1. `complete` reads DETACHED and JOINED and sets the final state under the task's lock. So one row of the table
//!   applies (`join` has the other side).
//! * F2. The task's lock is held while the group counts the end. The group may be freed as soon as it has counted its
//!   last task. The thread that frees it takes the lock of each task before it frees the task. So this worker has
//!   released the task by then.
//! * F3. The worker and the runtime count the end before the group does: a thread that waits for the group may free
//!   the runtime next. After it has released the task's lock, this worker touches only waiters that it has
//!   claimed, and a DETACHED task.
//! * F4. Waiters are claimed under the lock of their queue, and woken when no lock is held.
//! * F5. `abandon_all` sets ABANDONED under the task's lock, after the walk: T6 forbids that lock under the group's. A
//!   foreign thread, which a closed test run ignores (D2), may change other flags meanwhile. A claimed task does not
//!   end. A worker reads the flag after it has seen `has_abandoned_tasks`, which is stored later.
//! * F6. No task ends before all abandoned ones are dequeued: an object that a task waits for may be in memory of
//!   another task. A worker may be awake meanwhile, after an event that no task waits for. So it checks
//!   `has_abandoned_tasks` after it has announced its sleep, like its inbox (I4 of `inbox`).

use core::ptr;

use super::cleanup;
use super::destructors;
use super::join;
use super::task_stack;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::{List, WaitReason, Waiter};
use crate::rt::model::task::{ABANDONED, DETACHED, FINISHED, JOINED, SPAWN_FAILED, STARTED};
use crate::rt::model::{Group, Runtime, Task, Worker, count, hooks, task_cold, task_pool};
use crate::rt::park::wake_all;

/// Ends a task whose entry function has returned.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is STARTED on it, and its coroutine has ended.
pub(crate) unsafe fn finish(worker: *mut Worker, task: *mut Task) {
    // SAFETY: this worker alone uses the task's plain fields until `complete` (T2).
    unsafe {
        // The task has left by aco_exit(), without a result.
        if !(*task).has_result() {
            (*task).set_result(ptr::null_mut());
        }
        if cleanup::restart(worker, task) {
            return;
        }
        destructors::run(worker, task);
        task_stack::recycle(worker, task);
        complete(worker, task, FINISHED);
        // The memory of this task may be enough for them.
        while !(*worker).waiting_for_memory.is_empty() {
            let waiting = (*worker).waiting_for_memory.pop();
            (*worker).run_queue.push(waiting);
        }
    }
}

/// Ends a task that could not start.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is NEW, and in no list but its group's.
pub(crate) unsafe fn fail_spawn(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the worker has taken the task from its list, so no other thread runs it.
    unsafe {
        // A destructor makes calls as this task.
        (*task).parker.set_owner(worker.cast());
        (*task).set_result(ptr::null_mut());
        destructors::run(worker, task);
        complete(worker, task, SPAWN_FAILED);
    }
}

/// Makes the end of a task visible (F1 to F4). The task may be freed afterwards.
///
/// # Safety
/// `worker` is this thread's. `task` is its own, has a result, and no frames.
unsafe fn complete(worker: *mut Worker, task: *mut Task, state: u8) {
    // SAFETY: the task exists until this call has released its lock (F2), the group until it has counted the end
    // (F3). A claimed waiter exists until it is woken.
    unsafe {
        let is_started = (*task).state.load(Ordering::Relaxed) == STARTED;
        // The hook must not see the coroutine, which another task may use already.
        (*task).co = ptr::null_mut();
        hooks::call(task, |hooks| hooks.finish);
        (*worker).tasks -= u32::from(is_started);
        count(&(*worker).counters.ended, 1);
        (*(*worker).runtime).task_finished();
        let guard = (*task).lock.guard();
        let flags = (*task).flags.load(Ordering::Relaxed);
        (*task).state.store(state, Ordering::Release);
        let is_kept = flags & (DETACHED | JOINED) == 0;
        let group_waiters = Group::task_finished((*task).group, task, is_kept);
        let joiners = (*task).join_waiters.claim_all();
        drop(guard);
        if flags & DETACHED != 0 {
            task_pool::free(task);
        }
        wake_all(group_waiters, None);
        wake_all(joiners, None);
    }
}

/// Ends the waits of all tasks, without waking them, and asks each worker to [`drop_abandoned`] its own.
///
/// # Safety
/// The caller has confirmed a deadlock (D1): all workers of the runtime are idle.
pub(crate) unsafe fn abandon_all(runtime: *mut Runtime) {
    let mut list: List<Task> = List::NEW;
    // SAFETY: a claimed task is in no list (T3), and this thread may link it. It does not end (F5).
    unsafe {
        (*runtime).for_each_task(&mut |task| {
            if (*task).state.load(Ordering::Relaxed) == STARTED && (*task).parker.claim() {
                (*runtime).abandoned.fetch_add(1, Ordering::SeqCst);
                list.push_front(task);
            }
        });
        // Not during the walk: it holds locks, and dequeuing may need the same ones.
        while let Some(task) = list.pop().as_mut() {
            let guard = task.lock.guard();
            task.set_flag(ABANDONED, true);
            drop(guard);
            task_cold::dequeue_select_waiters(task);
            let reason = WaitReason::from_u8(task.wait_reason.load(Ordering::Relaxed));
            if reason.is_queued() {
                Waiter::dequeue(task.waiter());
            }
            if reason == WaitReason::Join {
                let joined = task.wait_target.load(Ordering::Relaxed);
                join::drop_joiner(ptr::with_exposed_provenance_mut(joined));
            }
        }
        for worker in (*runtime).workers() {
            worker.has_abandoned_tasks.store(true, Ordering::SeqCst);
            worker.wake();
        }
    }
}

/// Ends the abandoned tasks of a worker. Their frames are not unwound.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `has_abandoned_tasks` was set: [`abandon_all`] has dequeued all tasks
/// (F6).
pub(crate) unsafe fn drop_abandoned(worker: *mut Worker) {
    // SAFETY: an abandoned task is claimed, so nothing but this worker touches it, and it is in no list (T3).
    unsafe {
        (*worker).has_abandoned_tasks.store(false, Ordering::Relaxed);
        let runtime: *mut Runtime = (*worker).runtime;
        let mut list: List<Task> = List::NEW;
        (*runtime).for_each_task(&mut |task| {
            if (*task).has_flag(ABANDONED)
                && (*task).parker.worker() == worker
                && !(*task).has_finished()
            {
                list.push_front(task);
            }
        });
        while let Some(task) = list.pop().as_mut() {
            if task.timer != 0 {
                (*worker).timers.remove(task);
            }
            destructors::run(worker, task);
            task_stack::destroy(worker, task);
            task.set_result(ptr::null_mut());
            // Before the end is visible: a caller that waits for it may spawn tasks next, which are not abandoned (D4).
            (*runtime).abandoned.fetch_sub(1, Ordering::SeqCst);
            complete(worker, task, FINISHED);
        }
    }
}
