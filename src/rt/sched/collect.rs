//! Collects the work of a worker: from its inbox, timers, the injector, descriptors and its ring.

use core::sync::atomic::Ordering;

use super::group_deadline;
use super::strict;
use crate::rt::base::{Injector, wake_error};
use crate::rt::blocking::ring;
use crate::rt::io::readiness;
use crate::rt::model::{Worker, count};
use crate::rt::os;
use crate::rt::park::wake::wake;

/// Makes ready the tasks that other threads, timers and descriptors have woken, without waiting.
///
/// # Safety
/// `worker` is this thread's, and no task runs.
pub(super) unsafe fn collect(worker: *mut Worker) {
    // SAFETY: `worker` is this thread's. A task that it takes from a list is in none then.
    unsafe {
        (*worker).drain_inbox();
        fire_timers(worker);
        let runtime = (*worker).runtime;
        for _ in 0..(*runtime).injector.batch_size((*runtime).options.workers) {
            let task = Injector::pop(&raw mut (*runtime).injector);
            if task.is_null() {
                break;
            }
            (*worker).run_queue.push(task);
        }
        if (*worker).registered_fds.load(Ordering::Relaxed) != 0 {
            poll(worker, 0);
        }
        if !(*worker).ring.is_null() {
            ring::turn(worker);
        }
    }
}

/// Wakes the tasks whose deadlines have passed, with ETIMEDOUT, and lets the groups fail whose deadlines have.
///
/// # Safety
/// As [`collect`].
unsafe fn fire_timers(worker: *mut Worker) {
    // SAFETY: the timers are of the worker's own tasks. A claimed task exists until it is woken.
    unsafe {
        if (*worker).next_deadline().is_none() {
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
                wake(&raw mut (*task).parker, wake_error(libc::ETIMEDOUT));
            }
        }
        group_deadline::expire(worker, now);
    }
}

/// Waits for events, for at most `timeout` nanoseconds; negative: without a limit. Wakes the tasks that wait for them.
///
/// # Safety
/// As [`collect`].
pub(super) unsafe fn poll(worker: *mut Worker, timeout: i64) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        let on_event = &mut |event| readiness::on_event(worker, event);
        let events = (*worker).poller.wait(timeout, on_event);
        count(&(*worker).counters.polls, 1);
        count(&(*worker).counters.events, events as u64);
    }
}
