//! A worker's loop: runs the tasks that are ready, looks for more, and sleeps.
//!
//! ```text
//!   ready? run the first, and so on ─── every 64th time, or none: ──┐
//!     ^                                                             v
//!     └──────────────  inbox, deadlines, new tasks, file descriptors; none: sleep
//! ```

use core::ptr;
use core::sync::atomic::Ordering;

use super::dump;
use super::strict;
use super::{finish, task_stack};
use crate::resume;
use crate::rt::base::parker::wake_error;
use crate::rt::io::readiness;
use crate::rt::model::chaos;
use crate::rt::model::hooks;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{NEW, STARTED, Task};
use crate::rt::model::worker::{Worker, count};
use crate::rt::os;
use crate::rt::park::budget;
use crate::rt::park::cancel::CancelBatch;
use crate::rt::park::wake::acquire_wake;

/// So many tasks run before the worker looks what else there is.
const BATCH: u32 = 64;
/// While threads that the runtime does not know might wake somebody, it looks so often whether they are
/// there still.
const LOOK_AGAIN: i64 = 250_000_000;

/// Runs tasks until `is_over` says so; it is asked where there is nothing to run.
///
/// # Safety
/// `worker` is this thread's, and its main coroutine the current one.
pub(crate) unsafe fn run(worker: *mut Worker, is_over: fn(&Runtime) -> bool) {
    // SAFETY: the caller's promise.
    unsafe {
        loop {
            run_ready(worker);
            collect(worker);
            if !(*worker).run_queue.is_empty() {
                continue;
            }
            if is_over(&*(*worker).runtime) {
                return;
            }
            sleep(worker);
        }
    }
}

/// Runs tasks that are ready, up to `BATCH`, and until they have used up the turn (B1). Returns true if they have.
///
/// # Safety
/// As [`lifecycle`].
#[inline(always)]
pub(crate) unsafe fn run_ready(worker: *mut Worker) -> bool {
    // SAFETY: the thread's worker.
    unsafe {
        (*worker).front_pushes = 0;
        budget::begin_turn(&mut *worker);
        let slice = budget::slice_for((*worker).run_queue.count(BATCH));
        if (*worker).chaos {
            return run_ready_chaos(worker, slice);
        }
        for _ in 0..BATCH {
            let task = (*worker).run_queue.pop();
            if task.is_null() {
                break;
            }
            run_task(worker, task, slice);
            if budget::is_turn_over(&*worker) {
                return true;
            }
        }
    }
    false
}

/// The same under chaos.
#[cold]
#[inline(never)]
unsafe fn run_ready_chaos(worker: *mut Worker, slice: i32) -> bool {
    // SAFETY: as in `run_ready`.
    unsafe {
        for _ in 0..=(*worker).random.below(BATCH as usize) {
            chaos::shuffle(worker);
            let task = (*worker).run_queue.pop();
            if task.is_null() {
                break;
            }
            let slice = 1 + (*worker).random.below(slice as usize) as i32;
            run_task(worker, task, slice);
            if budget::is_turn_over(&*worker) {
                return true;
            }
        }
    }
    false
}

/// Runs a task until it leaves.
#[inline(always)]
unsafe fn run_task(worker: *mut Worker, task: *mut Task, slice: i32) {
    // SAFETY: the caller's promise: the task was ready, and is this worker's, or nobody's yet.
    unsafe {
        if (*task).co.is_null() && !start(worker, task) {
            return;
        }
        budget::begin_slice(&mut *worker, slice);
        let limit = hooks::slice_limit();
        let start = if limit > 0 { os::now() } else { 0 };
        let co = (*task).co;
        (*worker).current = task;
        *(*worker).errno_location = (*task).errno;
        resume::resume(co, ptr::null_mut());
        (*task).errno = *(*worker).errno_location;
        (*worker).current = ptr::null_mut();
        count(&(*worker).counters.switches, 1);
        if limit > 0 {
            let took = os::now() - start;
            if took > limit {
                hooks::on_slice_exceeded(task, took);
            }
        }
        if (*co).is_end != 0 {
            finish::finish(worker, task);
        } else if (*worker).is_blocking {
            (*worker).is_blocking = false;
        } else {
            (*worker).run_queue.push(task);
        }
    }
}

/// Finds a coroutine for a task that begins. False: there is no memory; it waits for another one's end.
unsafe fn start(worker: *mut Worker, task: *mut Task) -> bool {
    // SAFETY: as in `go_on`; a task that has not begun is nobody's yet.
    unsafe {
        if (*task).state.load(Ordering::Relaxed) != NEW {
            return false;
        }
        let has_room = (*worker).timers.reserve((*worker).tasks + 1);
        let co = if has_room { task_stack::acquire(worker, task).ok() } else { None };
        let Some(co) = co else {
            if (*worker).tasks == 0 {
                finish::fail_spawn(worker, task);
            } else {
                (*worker).waiting_for_memory.push(task);
            }
            return false;
        };
        acquire_wake(&raw const (*task).parker);
        (*task).parker.set_owner(worker.cast());
        (*task).co = co;
        (*task).state.store(STARTED, Ordering::Release);
        (*worker).tasks += 1;
        count(&(*worker).counters.started, 1);
        hooks::on_start(task);
        true
    }
}

/// Looks for work, without waiting for it.
///
/// # Safety
/// `worker` is this thread's.
pub(crate) unsafe fn collect(worker: *mut Worker) {
    // SAFETY: the thread's worker.
    unsafe {
        (*worker).drain_inbox();
        fire_timers(worker);
        for _ in 0..(*(*worker).runtime).injected_batch() {
            let fresh = (*(*worker).runtime).pop_injected();
            if fresh.is_null() {
                break;
            }
            (*worker).run_queue.push(fresh);
        }
        if (*worker).registered_fds.load(Ordering::Relaxed) != 0 {
            poll(worker, 0);
        }
    }
}

/// Wakes those whose deadlines have passed.
unsafe fn fire_timers(worker: *mut Worker) {
    // SAFETY: the thread's worker, and its tasks.
    unsafe {
        if (*worker).timers.next_deadline().is_none() {
            return;
        }
        let now = os::now();
        loop {
            let deadline = (*worker).timers.next_deadline().unwrap_or(now);
            let Some(task) = (*worker).timers.pop_expired(now) else { break };
            if (*task).parker.claim() {
                count(&(*worker).counters.expired, 1);
                if now - deadline > strict::LONG_PAST_NS {
                    strict::warn_long_past(task, now - deadline);
                }
                crate::rt::park::wake::wake(&raw mut (*task).parker, wake_error(libc::ETIMEDOUT));
            }
        }
    }
}

/// Asks the system for events, and wakes who waits for them.
///
/// # Safety
/// As [`look`].
pub(crate) unsafe fn poll(worker: *mut Worker, limit: i64) {
    // SAFETY: the thread's worker.
    unsafe {
        let events = (*worker).poller.wait(limit, &mut |what| readiness::on_event(worker, what));
        count(&(*worker).counters.polls, 1);
        count(&(*worker).counters.events, events as u64);
    }
}

/// Sleeps until there is something to do; or finds out that there never will be.
unsafe fn sleep(worker: *mut Worker) {
    // SAFETY: the thread's worker.
    unsafe {
        let runtime: *mut Runtime = (*worker).runtime;
        if (*worker).has_abandoned_tasks.load(Ordering::Acquire) {
            return finish::drop_abandoned(worker);
        }
        let is_single_threaded = (*runtime).options.workers == 1;
        let has_come = || {
            !(*worker).inbox.is_empty()
                || (*runtime).has_injected()
                || (*worker).has_abandoned_tasks.load(Ordering::SeqCst)
        };
        if !is_single_threaded && (*worker).spin.spin_until(has_come, os::now) {
            return;
        }
        task_stack::trim(worker);
        let first = (*worker).timers.next_deadline();
        let is_idle = first.is_none() && (*worker).external_waits == 0;
        if is_idle && !(*worker).waiting_for_memory.is_empty() {
            // Nothing here ends by itself: what it has waited for may never come.
            return finish::fail_spawn(worker, (*worker).waiting_for_memory.pop());
        }
        let mut limit = first.map_or(-1, |first| (first - os::now()).max(0));
        (*worker).inbox.announce_sleep();
        if has_come() || (*runtime).is_stopping.load(Ordering::SeqCst) {
            return (*worker).inbox.announce_awake();
        }
        if is_idle && let Some(idle) = (*runtime).enter_idle() {
            if (*runtime).has_foreign_threads() {
                limit = LOOK_AGAIN;
            } else if (*runtime).confirm_deadlock(idle) {
                (*worker).inbox.announce_awake();
                return deadlock(worker);
            }
        }
        count(&(*worker).counters.sleeps, 1);
        poll(worker, limit);
        if is_idle {
            (*runtime).leave_idle();
        }
        (*worker).inbox.announce_awake();
        if has_come() {
            (*worker).spin.record_wakeup();
        }
    }
}

/// Nothing can wake any task. The first time they are shown and cancelled, so that they may end; the
/// second time they are given up.
#[cold]
#[inline(never)]
unsafe fn deadlock(worker: *mut Worker) {
    // SAFETY: all workers are idle, and this one finds it out.
    unsafe {
        let runtime: *mut Runtime = (*worker).runtime;
        if (*runtime).deadlocks.fetch_add(1, Ordering::SeqCst) == 0 {
            dump::deadlock(&*runtime);
            let mut woken = CancelBatch::NONE;
            (*runtime).for_each_task(&mut |task| {
                (*(*task).group).is_deadlocked = true;
                woken.cancel(task);
            });
            return woken.wake();
        }
        finish::abandon_all(runtime);
    }
}
