//! A worker without ready tasks: it sleeps, for work or a timer, or resolves a deadlock.
//! [`run_loop`](super::run_loop) has the order of its steps, and Q1 to Q6.

use core::sync::atomic::Ordering;

use super::collect::poll;
use super::dump;
use super::{finish, stack_demand};
use crate::rt::model::{Runtime, Worker, count, test_run};
use crate::rt::os;
use crate::rt::park::CancelBatch;

/// While foreign threads exist: the time from one deadlock check of the last idle worker to the next, in nanoseconds
/// (Q4).
const RECHECK_NS: i64 = 250_000_000;

/// Sleeps until there is work, or resolves a deadlock. The numbers are those of the picture.
///
/// # Safety
/// As [`collect`](super::collect::collect). No task is ready.
pub(super) unsafe fn sleep(worker: *mut Worker) {
    // SAFETY: `worker` is this thread's, and no task runs.
    unsafe {
        let runtime: *mut Runtime = (*worker).runtime;
        // 1
        if (*worker).has_abandoned_tasks.load(Ordering::Acquire) {
            return finish::drop_abandoned(worker);
        }
        let has_work = || {
            !(*worker).inbox.is_empty()
                || !(*runtime).injector.is_empty()
                || (*worker).has_abandoned_tasks.load(Ordering::SeqCst)
        };
        // 2
        if (*worker).spin.spin_until(has_work, time) {
            return leave_to_spawner(worker);
        }
        // 3
        let next_trim = stack_demand::trim(worker);
        let first = (*worker).next_deadline();
        let is_idle = first.is_none() && (*worker).external_waits == 0;
        // 4
        if is_idle && !(*worker).waiting_for_memory.is_empty() {
            return finish::fail_spawn(worker, (*worker).waiting_for_memory.pop());
        }
        let is_virtual = (*worker).test_mode.is_virtual();
        let real_first = first.filter(|_| !is_virtual);
        let mut timeout = real_first.map_or(-1, |first| (first - os::now()).max(0));
        // 5 and 6
        (*worker).inbox.announce_sleep();
        if has_work() || (*runtime).is_stopping.load(Ordering::SeqCst) {
            return (*worker).inbox.announce_awake();
        }
        // 7
        if is_virtual
            && let Some(first) = first
            && (*worker).blocking_calls == 0
        {
            test_run::jump_to(first);
            return (*worker).inbox.announce_awake();
        }
        // 8
        if is_idle && let Some(idle) = (*runtime).enter_idle() {
            if (*runtime).has_foreign_threads() {
                timeout = RECHECK_NS;
            } else if (*runtime).confirm_deadlock(idle) {
                (*worker).inbox.announce_awake();
                return resolve_deadlock(worker);
            }
        }
        // 9
        count(&(*worker).counters.sleeps, 1);
        poll(worker, sooner(timeout, next_trim));
        // 10
        if is_idle {
            (*runtime).leave_idle();
        }
        (*worker).inbox.announce_awake();
        let by_thread = has_work().then(|| (*worker).is_waker_elsewhere());
        (*worker).spin.record_sleep(by_thread, time);
        leave_to_spawner(worker);
    }
}

/// Gives the worker that has injected a task the time to take it (V4 of `spawn`).
///
/// # Safety
/// As [`sleep`].
#[inline(never)]
unsafe fn leave_to_spawner(worker: *mut Worker) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        let runtime: *mut Runtime = (*worker).runtime;
        let is_left = || !(*runtime).injector.is_empty() && (*worker).inbox.is_empty();
        if is_left() && (*runtime).is_injector_awake.load(Ordering::Relaxed) {
            (*worker).spin.wait_while(is_left, time);
        }
    }
}

/// The time for spins: never that of a virtual clock.
#[inline(never)]
fn time() -> i64 {
    os::real_now()
}

/// The shorter of two timeouts; negative: no limit.
pub(super) fn sooner(one: i64, other: i64) -> i64 {
    if (one as u64) < other as u64 { one } else { other }
}

/// Resolves a deadlock (Q3): reports it and cancels all tasks; the second time abandons them.
///
/// # Safety
/// As [`collect`](super::collect::collect). The worker has confirmed the deadlock.
#[cold]
#[inline(never)]
unsafe fn resolve_deadlock(worker: *mut Worker) {
    // SAFETY: the worker has confirmed the deadlock: all others are idle. The walk keeps a task and its group.
    unsafe {
        let runtime: *mut Runtime = (*worker).runtime;
        if (*runtime).deadlocks.fetch_add(1, Ordering::SeqCst) == 0 {
            dump::dump_deadlock(&*runtime);
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
