//! A worker's run loop: runs ready tasks in turns, collects new work, and sleeps if there is none.
//!
//! ```text
//!   turn      run_ready: up to 64 tasks, or until the budget of the turn is used up (B1 of `budget`); the first of the
//!             run queue is next, unless the worker has had low tasks (`priority`)
//!     v
//!   collect   inbox, then expired timers, then a share of the injected tasks, then descriptor events without a wait
//!     v
//!   a task is ready: next turn        is_done: return        else:
//!     v
//!   sleep     1  abandoned tasks: drop them; next turn
//!             2  several workers: spin; work has come: next turn
//!             3  trim the stack cache, a step
//!             4  idle, and a task waits for memory: fail it; next turn
//!             5  announce_sleep
//!             6  inbox, injector, has_abandoned_tasks, is_stopping: work has come: announce_awake; next turn
//!             7  the clock may jump (V2 of `test_run`): to the first timer; announce_awake; next turn
//!             8  idle: enter_idle. The last idle worker of a runtime in which nothing is to be done:
//!                  foreign threads exist: sleep for at most 250 ms
//!                  confirm_deadlock: announce_awake; resolve the deadlock; next turn
//!             9  poll, until the first timer or the next trim
//!            10  if idle: leave_idle.  announce_awake;  next turn
//! ```
//!
//! "Idle" means: no timer, and no wait that a descriptor or the blocking pool ends. Only another worker can give an
//! idle worker a task.
//!
//! * Q1. Step 6 checks after step 5 each source of work that other threads add to. The work comes before the check,
//!   or the thread that adds it finds SLEEPING and wakes the poller (I1, I4 of `inbox`). An event of a descriptor
//!   ends step 9 itself.
//! * Q2. The worker drains its inbox in `collect` alone, so after `leave_idle` (D1 of `deadlock`). So while a task is
//!   in an inbox, [`confirm_deadlock`](crate::rt::model::runtime::Runtime::confirm_deadlock) returns false.
//! * Q3. A worker that has confirmed a deadlock is not idle any more: no other worker confirms the same one. The first
//!   deadlock cancels all tasks, so that they may end; the second one abandons them (D4).
//! * Q4. With foreign threads a deadlock is not certain (D2). The last idle worker checks again, after 250 ms or when
//!   a caller blocks in acort_enter().
//! * Q5. A task without memory for a stack waits until another task of the worker ends (`finish`). If the worker has
//!   no task that can end by itself, the spawn fails (step 4, [`start_task`]).
//! * Q6. A STARTED task runs on this worker alone (T2). It returns to the run queue if it yields. If it blocks
//!   (`is_blocking`), its waker pushes it.

use core::ptr;
use core::sync::atomic::Ordering;

use super::collect::collect;
use super::idle::sleep;
use super::prefetch::{AHEAD, prefetch};
use super::{finish, priority, task_stack};
use crate::resume;
use crate::rt::base::tsan_acquire;
use crate::rt::model::task::{NEW, STARTED};
use crate::rt::model::{Runtime, Task, Worker, chaos, count, hooks};
use crate::rt::os;
use crate::rt::park::budget;

/// The most tasks of a turn.
const TASKS_PER_TURN: u32 = 64;

/// Runs tasks until no task is ready and `is_done`.
///
/// # Safety
/// `worker` is this thread's, and its main coroutine is the current one.
pub(crate) unsafe fn run(worker: *mut Worker, is_done: fn(&Runtime) -> bool) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        loop {
            run_ready(worker);
            collect(worker);
            if (*worker).has_ready() {
                continue;
            }
            if is_done(&*(*worker).runtime) {
                return;
            }
            sleep(worker);
        }
    }
}

/// Runs one turn. Returns true if its budget is used up.
///
/// # Safety
/// As [`run`].
#[inline(always)]
pub(crate) unsafe fn run_ready(worker: *mut Worker) -> bool {
    // SAFETY: `worker` is this thread's. A task in its run queue is ready, and in no other list.
    unsafe {
        (*worker).front_pushes = 0;
        budget::begin_turn(&mut *worker);
        if (*worker).has_own_order {
            return run_ready_in_own_order(worker);
        }
        let ready = (*worker).run_queue.count(TASKS_PER_TURN);
        let slice = budget::slice_for(ready);
        if ready >= AHEAD {
            return run_many(worker, ready, slice);
        }
        for _ in 0..TASKS_PER_TURN {
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

/// As [`run_ready`], for `ready` tasks: the misses of some of them overlap (`prefetch`).
///
/// # Safety
/// As [`run`].
#[cold]
#[inline(never)]
unsafe fn run_many(worker: *mut Worker, ready: u32, slice: i32) -> bool {
    // SAFETY: `worker` is this thread's. A task in its run queue is ready, and in no other list.
    unsafe {
        for number in 0..TASKS_PER_TURN {
            if number.is_multiple_of(AHEAD) && ready >= number + AHEAD {
                prefetch(&(*worker).run_queue);
            }
            let task = (*worker).run_queue.pop();
            if task.is_null() {
                break;
            }
            run_task_called(worker, task, slice);
            if budget::is_turn_over(&*worker) {
                return true;
            }
        }
    }
    false
}

/// As [`run_ready`], by priority or in chaos mode.
///
/// # Safety
/// As [`run`].
#[cold]
#[inline(never)]
unsafe fn run_ready_in_own_order(worker: *mut Worker) -> bool {
    // SAFETY: `worker` is this thread's. A task in its queues is ready, and in no other list.
    unsafe {
        if (*worker).chaos {
            return run_ready_chaos(worker);
        }
        let slice = budget::slice_for(priority::count(worker, TASKS_PER_TURN));
        (*worker).priorities.in_turn = true;
        for _ in 0..TASKS_PER_TURN {
            let task = priority::next(worker);
            if task.is_null() {
                break;
            }
            run_task_called(worker, task, slice);
            if budget::is_turn_over(&*worker) {
                break;
            }
        }
        (*worker).priorities.in_turn = false;
        budget::is_turn_over(&*worker)
    }
}

/// As [`run_ready`], with a random number of tasks in a random order (`chaos`).
///
/// # Safety
/// As [`run`].
unsafe fn run_ready_chaos(worker: *mut Worker) -> bool {
    // SAFETY: `worker` is this thread's. A task in its run queue is ready, and in no other list.
    unsafe {
        let slice = budget::slice_for((*worker).run_queue.count(TASKS_PER_TURN));
        for _ in 0..=(*worker).random.below(TASKS_PER_TURN as usize) {
            chaos::shuffle(worker);
            let task = (*worker).run_queue.pop();
            if task.is_null() {
                break;
            }
            let slice = 1 + (*worker).random.below(slice as usize) as i32;
            run_task_called(worker, task, slice);
            if budget::is_turn_over(&*worker) {
                return true;
            }
        }
    }
    false
}

/// As [`run_task`], but no copy of it is made in the caller.
///
/// # Safety
/// As [`run_task`].
#[inline(never)]
unsafe fn run_task_called(worker: *mut Worker, task: *mut Task, slice: i32) {
    // SAFETY: the worker is this thread's. The task is ready, and in no list.
    unsafe { run_task(worker, task, slice) }
}

/// Runs a task until it switches back to the scheduler.
///
/// # Safety
/// As [`run`]. The task is ready, and in no list. It is STARTED on this worker, or NEW.
#[inline(always)]
unsafe fn run_task(worker: *mut Worker, task: *mut Task, slice: i32) {
    // SAFETY: a STARTED task has a coroutine, whose main coroutine is the current one. It exists until it has finished.
    unsafe {
        if (*task).co.is_null() && !start_task(worker, task) {
            return;
        }
        budget::begin_slice(&mut *worker, slice);
        let limit = hooks::slice_limit();
        let start = if limit > 0 { os::real_now() } else { 0 };
        let co = (*task).co;
        (*worker).current = task;
        *(*worker).errno_location = (*task).errno;
        resume::resume(co, ptr::null_mut());
        (*task).errno = *(*worker).errno_location;
        (*worker).current = ptr::null_mut();
        count(&(*worker).counters.switches, 1);
        if limit > 0 {
            let took = os::real_now() - start;
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

/// Gives a NEW task a coroutine, and makes it STARTED on this worker. Returns false if there is no memory: the task
/// waits for the end of another one, or its spawn has failed (Q5).
///
/// # Safety
/// As [`run_task`]. The task has no coroutine.
unsafe fn start_task(worker: *mut Worker, task: *mut Task) -> bool {
    // SAFETY: a NEW task that the worker has taken from its list is this thread's alone.
    unsafe {
        if (*task).state.load(Ordering::Relaxed) != NEW {
            return false;
        }
        if (*task).is_low() && priority::divert(worker, task) {
            return false;
        }
        let has_timer_slot = (*worker).timers.reserve((*worker).tasks + 1);
        let co = if has_timer_slot { task_stack::acquire(worker, task).ok() } else { None };
        let Some(co) = co else {
            if (*worker).tasks == 0 {
                finish::fail_spawn(worker, task);
            } else {
                (*worker).waiting_for_memory.push(task);
            }
            return false;
        };
        tsan_acquire(&raw const (*task).parker);
        (*task).parker.set_owner(worker.cast());
        (*task).co = co;
        (*task).state.store(STARTED, Ordering::Release);
        (*worker).tasks += 1;
        count(&(*worker).counters.started, 1);
        hooks::call(task, |hooks| hooks.start);
        true
    }
}
