//! A runtime that another event loop runs (ACORT_LOOP).
//!
//! The worker runs a step at a time, on the thread that has created the runtime.
//!
//! ```text
//!   the event loop                          the worker between two steps
//!   poll: acort_loop_fd() is readable <───  SLEEPING is set: a push   or an injected task writes to its eventfd
//!                                           a descriptor has an event; the timer of its first deadline fires
//!   acort_loop_step()             ───────>  announce_awake; poll; up to MAX_ROUNDS turns; arm_external_wakeup
//! ```
//!
//! * X1. Between two steps the thread is no worker. So a wake-up of its tasks goes through the inbox, as from any
//!   thread.
//! * X2. A step ends with `arm_external_wakeup`: arm the timer, announce the sleep, and only then check the inbox,
//!   the injector and the run queue (I4 of `inbox`). If there is work, the worker wakes its own poller: the loop runs
//!   another step at once.
//! * X3. A step begins with a poll, which consumes the edge of the wake-up (K1 of `poller`).
//! * X4. No deadlock is detected: the event loop may wake a task at any time. The worker never becomes idle (D1 of
//!   `deadlock`).

use core::ffi::{c_int, c_void};
use core::ptr;

use super::collect::{collect, poll};
use super::group;
use super::idle::sooner;
use super::run_loop;
use super::spawn;
use super::{build, stack_demand};
use crate::rt::model::abi::{ACORT_LOOP, acort_body_t, acort_opts_t};
use crate::rt::model::{Runtime, Task, Worker};
use crate::rt::os::{self, Deadline, Result};

/// The most turns of a step.
const MAX_ROUNDS: usize = 16;

/// Creates a runtime whose one worker is this thread, in each step. Errors: `EBUSY` in a task; `ENOMEM`, `EMFILE`.
pub(crate) fn new(options: acort_opts_t) -> Result<*mut Runtime> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    let runtime = build::create(options)?;
    // SAFETY: a new runtime with one worker, which is not attached.
    unsafe {
        let worker = *(*runtime).workers;
        if let Err(error) = prepare(runtime, worker) {
            if !(*worker).main_co.is_null() {
                build::detach(worker);
            }
            build::destroy(runtime);
            return Err(error);
        }
        arm_external_wakeup(worker);
    }
    Ok(runtime)
}

/// Creates what the steps need: the timer, the worker's main coroutine, the group of the tasks.
///
/// # Safety
/// `worker` is the runtime's one worker, and is not attached.
unsafe fn prepare(runtime: *mut Runtime, worker: *mut Worker) -> Result<()> {
    // SAFETY: no other thread uses the runtime.
    unsafe {
        (*worker).poller.create_timer()?;
        build::attach(worker)?;
        (*runtime).loop_group = group::open(runtime, ptr::null_mut(), true)?.as_ptr();
    }
    Ok(())
}

/// Returns true for a runtime of [`new`].
pub(crate) fn is_loop(runtime: &Runtime) -> bool {
    runtime.options.flags & ACORT_LOOP != 0
}

/// Returns true if this thread runs the steps of the runtime.
pub(crate) fn is_loop_thread(runtime: &Runtime) -> bool {
    let worker = runtime.worker(0);
    is_loop(runtime) && worker.is_some_and(|worker| worker.errno_location == os::errno_location())
}

/// The worker, for a step. Errors: `EINVAL` for another runtime; `EBUSY` in a task; `EPERM` on another thread.
fn worker_of(runtime: &Runtime) -> Result<*mut Worker> {
    match runtime.worker(0) {
        _ if !is_loop(runtime) => Err(libc::EINVAL),
        _ if !Worker::current().is_null() => Err(libc::EBUSY),
        Some(worker) if is_loop_thread(runtime) => Ok(ptr::from_ref(worker).cast_mut()),
        _ => Err(libc::EPERM),
    }
}

/// The descriptor that is readable when a step has work. Errors: `EINVAL` for another runtime.
pub(crate) fn backend_fd(runtime: &Runtime) -> Result<c_int> {
    let worker = if is_loop(runtime) { runtime.worker(0) } else { None };
    worker.map(|worker| worker.poller.raw_fd()).ok_or(libc::EINVAL)
}

/// Spawns a task in the runtime's own group, from any thread. Errors: `EINVAL` for another runtime; `EFAULT` if `arg`
/// is on a shared stack; `ENOMEM`.
///
/// # Safety
/// The runtime exists. `entry` is None or can be called with `arg`.
pub(crate) unsafe fn spawn(
    runtime: *mut Runtime,
    entry: acort_body_t,
    arg: *mut c_void,
) -> Result<*mut Task> {
    // SAFETY: the runtime exists, and its group as long.
    unsafe {
        if !is_loop(&*runtime) {
            return Err(libc::EINVAL);
        }
        if Worker::is_on_shared_stack(arg) {
            return Err(libc::EFAULT);
        }
        let group = (*runtime).loop_group;
        let attributes = &spawn::DEFAULT_ATTRIBUTES;
        let task = spawn::spawn_in(runtime, group, attributes, 0, entry, arg)?;
        Ok(task.as_ptr())
    }
}

/// Runs the ready tasks. If there are none, waits for one until `deadline`. Returns true if tasks live.
///
/// # Safety
/// The runtime exists.
pub(crate) unsafe fn step(runtime: *mut Runtime, deadline: Deadline) -> Result<bool> {
    // SAFETY: the worker is attached to this thread, and the thread is no worker.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let is_live = || (*runtime).live_tasks() != 0;
        let previous_co = build::set_current_worker(worker);
        (*worker).inbox.announce_awake();
        poll(worker, 0);
        while !run_ready_tasks(worker) && is_live() && !deadline.has_passed() {
            sleep(worker, deadline);
        }
        arm_external_wakeup(worker);
        build::restore_current_worker(previous_co);
        Ok(is_live())
    }
}

/// Runs the ready tasks, and those that become ready, for up to `MAX_ROUNDS` turns. Returns false if no task was ready.
///
/// # Safety
/// `worker` is this thread's.
unsafe fn run_ready_tasks(worker: *mut Worker) -> bool {
    let mut has_run = false;
    // SAFETY: `worker` is this thread's.
    unsafe {
        collect(worker);
        for _ in 0..MAX_ROUNDS {
            if !(*worker).has_ready() {
                break;
            }
            has_run = true;
            let is_turn_over = run_loop::run_ready(worker);
            collect(worker);
            if is_turn_over {
                break;
            }
        }
    }
    has_run
}

/// Returns true if other threads have added work.
///
/// # Safety
/// `worker` is this thread's.
unsafe fn has_work(worker: *mut Worker) -> bool {
    // SAFETY: the worker exists, and with it its runtime.
    unsafe { !(*worker).inbox.is_empty() || !(*(*worker).runtime).injector.is_empty() }
}

/// Sleeps until there is work, or until `deadline`.
///
/// # Safety
/// `worker` is this thread's.
unsafe fn sleep(worker: *mut Worker, deadline: Deadline) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        let first = (*worker).next_deadline();
        let until = first.map_or(Deadline::NEVER, Deadline::at).min(deadline);
        let timeout = sooner(until.remaining().unwrap_or(-1), stack_demand::trim(worker));
        (*worker).inbox.announce_sleep();
        if !has_work(worker) {
            poll(worker, timeout);
        }
        (*worker).inbox.announce_awake();
    }
}

/// Ends a step: from now on work makes the worker's descriptor readable (X2).
///
/// # Safety
/// `worker` is this thread's.
unsafe fn arm_external_wakeup(worker: *mut Worker) {
    // SAFETY: `worker` is this thread's.
    unsafe {
        let next_trim = stack_demand::trim(worker);
        let trim_time = (next_trim >= 0).then(|| os::now() + next_trim);
        let first = (*worker).next_deadline().into_iter().chain(trim_time).min();
        (*worker).poller.arm_timer(first);
        (*worker).inbox.announce_sleep();
        if (*worker).has_ready() || has_work(worker) {
            (*worker).poller.wake();
        }
    }
}

/// Detaches the worker. Errors: those of [`step`].
///
/// # Safety
/// The runtime exists, and no task of it lives.
pub(crate) unsafe fn detach(runtime: *mut Runtime) -> Result<()> {
    // SAFETY: the worker is attached to this thread, and no task lives.
    unsafe {
        let worker = worker_of(&*runtime)?;
        let previous_co = build::set_current_worker(worker);
        build::detach(worker);
        build::restore_current_worker(previous_co);
    }
    Ok(())
}
