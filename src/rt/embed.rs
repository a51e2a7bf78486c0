//! A runtime that another event loop runs, a step at a time, on the thread that has made it.
//!
//! ```text
//!   the loop's poll()                       the worker between two steps
//!   acort_loop_fd() is readable   <───────  it is asleep: what comes writes to its eventfd
//!                                           its first deadline: a timerfd
//!   acort_loop_step()             ───────>  runs what is ready, and falls asleep again
//! ```
//!
//! Between steps the thread is no worker: what wakes a task there puts it in the inbox, as from any thread.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::abi::{ACORT_LOOP, acort_body_t, acort_opts_t};
use super::runtime::Runtime;
use super::schedule;
use super::spawn;
use super::task::Task;
use super::worker::Worker;
use super::{Outcome, group, making, os, vessel};

/// A step runs about so many times 64 tasks at most.
const ROUNDS: usize = 16;

/// A runtime whose one worker is this thread, in each step. EBUSY: in a task.
pub(crate) fn new(options: acort_opts_t) -> Outcome<*mut Runtime> {
    if !Worker::here().is_null() {
        return Err(libc::EBUSY);
    }
    let runtime = making::create(options)?;
    // SAFETY: a new runtime with one worker, which no thread is.
    unsafe {
        let worker = *(*runtime).workers;
        let made = (*worker).poller.make_alarm().and_then(|()| making::prepare(worker));
        let made = made.and_then(|()| Ok(group::open(runtime, ptr::null_mut(), true)?.as_ptr()));
        match made {
            Ok(group) => (*runtime).loop_group = group,
            Err(error) => {
                if !(*worker).main_co.is_null() {
                    making::retire(worker);
                }
                making::destroy(runtime);
                return Err(error);
            }
        }
        rest(worker);
    }
    Ok(runtime)
}

/// Is it one of [`new`]?
pub(crate) fn is_loop(runtime: &Runtime) -> bool {
    runtime.options.flags & ACORT_LOOP != 0
}

/// Is this the thread that runs it?
pub(crate) fn is_mine(runtime: &Runtime) -> bool {
    let worker = runtime.worker(0);
    is_loop(runtime) && worker.is_some_and(|worker| worker.errno == os::errno_location())
}

/// The worker of a runtime of [`new`] that may be used here. EINVAL: it is none; EBUSY: in a task; EPERM:
/// on another thread.
fn worker_of(runtime: &Runtime) -> Outcome<*mut Worker> {
    match runtime.worker(0) {
        _ if !is_loop(runtime) => Err(libc::EINVAL),
        _ if !Worker::here().is_null() => Err(libc::EBUSY),
        Some(worker) if is_mine(runtime) => Ok(ptr::from_ref(worker).cast_mut()),
        _ => Err(libc::EPERM),
    }
}

/// What becomes readable when there is something to do. EINVAL: it is not one of [`new`].
pub(crate) fn descriptor(runtime: &Runtime) -> Outcome<c_int> {
    let worker = if is_loop(runtime) { runtime.worker(0) } else { None };
    worker.map(|worker| worker.poller.descriptor()).ok_or(libc::EINVAL)
}

/// Starts a task in the runtime's own group, from any thread. EINVAL: it is not one of [`new`]; EFAULT:
/// `argument` is on a shared stack.
///
/// # Safety
/// The runtime exists; the body can be called with its argument.
pub(crate) unsafe fn go(
    runtime: *mut Runtime,
    body: acort_body_t,
    argument: *mut c_void,
) -> Outcome<*mut Task> {
    // SAFETY: the caller's promise.
    unsafe {
        if !is_loop(&*runtime) {
            return Err(libc::EINVAL);
        }
        if vessel::is_on_moving_stack(argument) {
            return Err(libc::EFAULT);
        }
        let group = (*runtime).loop_group;
        let task = spawn::launch(runtime, group, &spawn::PLAIN, 0, body, argument)?;
        Ok(task.as_ptr())
    }
}

/// Runs what is ready; where nothing is, waits for that until `deadline`. True: tasks live still.
///
/// # Safety
/// The runtime exists.
pub(crate) unsafe fn step(runtime: *mut Runtime, deadline: i64) -> Outcome<bool> {
    // SAFETY: the caller's promise; the worker is this thread's.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let is_live = || (*runtime).live() != 0;
        let before = making::enter_worker(worker);
        (*worker).inbox.is_awake();
        schedule::poll(worker, 0);
        while !run_some(worker) && is_live() && (deadline < 0 || os::now() < deadline) {
            wait(worker, deadline);
        }
        rest(worker);
        making::leave_worker(before);
        Ok(is_live())
    }
}

/// Runs what is ready, and what becomes ready by that, up to a point. False: nothing was.
unsafe fn run_some(worker: *mut Worker) -> bool {
    let mut any = false;
    // SAFETY: the thread's worker.
    unsafe {
        schedule::look(worker);
        for _ in 0..ROUNDS {
            if (*worker).ready.is_empty() {
                break;
            }
            any = true;
            let is_used_up = schedule::run_ready(worker);
            schedule::look(worker);
            if is_used_up {
                break;
            }
        }
    }
    any
}

/// Is there something to do that came from elsewhere?
unsafe fn has_work(worker: *mut Worker) -> bool {
    // SAFETY: the thread's worker.
    unsafe { !(*worker).inbox.is_empty() || (*(*worker).runtime).has_fresh() }
}

/// Sleeps until there is something to do, or `deadline` has passed.
unsafe fn wait(worker: *mut Worker, deadline: i64) {
    // SAFETY: the thread's worker.
    unsafe {
        let first = (*worker).timers.first();
        let until = match (first, deadline) {
            (Some(first), 0..) => Some(first.min(deadline)),
            (None, 0..) => Some(deadline),
            (first, _) => first,
        };
        let limit = until.map_or(-1, |until| (until - os::now()).max(0));
        (*worker).inbox.falls_asleep();
        if !has_work(worker) {
            schedule::poll(worker, limit);
        }
        (*worker).inbox.is_awake();
    }
}

/// The worker rests until the next step: what comes makes its file descriptor readable.
unsafe fn rest(worker: *mut Worker) {
    // SAFETY: the thread's worker.
    unsafe {
        vessel::trim(worker);
        let first = (*worker).timers.first();
        (*worker).poller.set_alarm(first);
        (*worker).inbox.falls_asleep();
        if !(*worker).ready.is_empty() || has_work(worker) {
            (*worker).poller.rouse();
        }
    }
}

/// The worker goes. EBUSY, EPERM as for [`step`].
///
/// # Safety
/// No task lives.
pub(crate) unsafe fn retire(runtime: *mut Runtime) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let before = making::enter_worker(worker);
        making::retire(worker);
        making::leave_worker(before);
    }
    Ok(())
}
