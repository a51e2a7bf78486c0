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

use super::group;
use super::run_loop;
use super::spawn;
use super::{build, task_stack};
use crate::rt::model::abi::{ACORT_LOOP, acort_body_t, acort_opts_t};
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};

/// A step runs about so many times 64 tasks at most.
const ROUNDS: usize = 16;

/// A runtime whose one worker is this thread, in each step. EBUSY: in a task.
pub(crate) fn new(options: acort_opts_t) -> Result<*mut Runtime> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    let runtime = build::create(options)?;
    // SAFETY: a new runtime with one worker, which no thread is.
    unsafe {
        let worker = *(*runtime).workers;
        let made = (*worker).poller.create_timer().and_then(|()| build::attach(worker));
        let made = made.and_then(|()| Ok(group::open(runtime, ptr::null_mut(), true)?.as_ptr()));
        match made {
            Ok(group) => (*runtime).loop_group = group,
            Err(error) => {
                if !(*worker).main_co.is_null() {
                    build::detach(worker);
                }
                build::destroy(runtime);
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
pub(crate) fn is_loop_thread(runtime: &Runtime) -> bool {
    let worker = runtime.worker(0);
    is_loop(runtime) && worker.is_some_and(|worker| worker.errno_location == os::errno_location())
}

/// The worker of a runtime of [`new`] that may be used here. EINVAL: it is none; EBUSY: in a task; EPERM:
/// on another thread.
fn worker_of(runtime: &Runtime) -> Result<*mut Worker> {
    match runtime.worker(0) {
        _ if !is_loop(runtime) => Err(libc::EINVAL),
        _ if !Worker::current().is_null() => Err(libc::EBUSY),
        Some(worker) if is_loop_thread(runtime) => Ok(ptr::from_ref(worker).cast_mut()),
        _ => Err(libc::EPERM),
    }
}

/// What becomes readable when there is something to do. EINVAL: it is not one of [`new`].
pub(crate) fn backend_fd(runtime: &Runtime) -> Result<c_int> {
    let worker = if is_loop(runtime) { runtime.worker(0) } else { None };
    worker.map(|worker| worker.poller.raw_fd()).ok_or(libc::EINVAL)
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
) -> Result<*mut Task> {
    // SAFETY: the caller's promise.
    unsafe {
        if !is_loop(&*runtime) {
            return Err(libc::EINVAL);
        }
        if Worker::is_on_shared_stack(argument) {
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
pub(crate) unsafe fn step(runtime: *mut Runtime, deadline: Deadline) -> Result<bool> {
    // SAFETY: the caller's promise; the worker is this thread's.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let is_live = || (*runtime).live_tasks() != 0;
        let before = build::set_current_worker(worker);
        (*worker).inbox.announce_awake();
        run_loop::poll(worker, 0);
        while !run_some(worker) && is_live() && !deadline.has_passed() {
            wait(worker, deadline);
        }
        rest(worker);
        build::restore_current_worker(before);
        Ok(is_live())
    }
}

/// Runs what is ready, and what becomes ready by that, up to a point. False: nothing was.
unsafe fn run_some(worker: *mut Worker) -> bool {
    let mut any = false;
    // SAFETY: the thread's worker.
    unsafe {
        run_loop::collect(worker);
        for _ in 0..ROUNDS {
            if (*worker).run_queue.is_empty() {
                break;
            }
            any = true;
            let is_used_up = run_loop::run_ready(worker);
            run_loop::collect(worker);
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
    unsafe { !(*worker).inbox.is_empty() || (*(*worker).runtime).has_injected() }
}

/// Sleeps until there is something to do, or `deadline` has passed.
unsafe fn wait(worker: *mut Worker, deadline: Deadline) {
    // SAFETY: the thread's worker.
    unsafe {
        let first = (*worker).timers.next_deadline();
        let until = first.map_or(Deadline::NEVER, Deadline::at).min(deadline);
        let limit = until.remaining().unwrap_or(-1);
        (*worker).inbox.announce_sleep();
        if !has_work(worker) {
            run_loop::poll(worker, limit);
        }
        (*worker).inbox.announce_awake();
    }
}

/// The worker rests until the next step: what comes makes its file descriptor readable.
unsafe fn rest(worker: *mut Worker) {
    // SAFETY: the thread's worker.
    unsafe {
        task_stack::trim(worker);
        let first = (*worker).timers.next_deadline();
        (*worker).poller.arm_timer(first);
        (*worker).inbox.announce_sleep();
        if !(*worker).run_queue.is_empty() || has_work(worker) {
            (*worker).poller.wake();
        }
    }
}

/// The worker goes. EBUSY, EPERM as for [`step`].
///
/// # Safety
/// No task lives.
pub(crate) unsafe fn retire(runtime: *mut Runtime) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let before = build::set_current_worker(worker);
        build::detach(worker);
        build::restore_current_worker(before);
    }
    Ok(())
}
