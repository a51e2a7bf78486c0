//! The life of a runtime: acort_run(), acort_new(), acort_enter(), acort_free().
//!
//! ```text
//!   acort_run(): create, spawn the main task, attach, run until no task lives, detach, destroy     on this thread
//!
//!   acort_new():   create ──> start a thread for each worker ──> wait for each setup
//!                               attach; report; run until is_stopping; detach
//!   acort_enter(): open a group, spawn the main task in it, wait for the group, free it
//!   acort_free():  is_stopping; wake and join each thread; destroy
//!
//!   acort_new() with ACORT_LOOP: `embed`
//! ```
//!
//! * N1. Whatever can fail in the set-up of a worker has failed or succeeded before acort_new() returns: each thread
//!   attaches its worker, reports the outcome, and only then runs it. So lack of memory is NULL and errno there, and
//!   never an abort.
//! * N2. If one thread cannot be started or attached, all other threads end and are joined, and nothing is left.
//! * N3. `callers` counts the threads in acort_enter() from before their group exists until after it is freed.
//!   acort_free() is EBUSY while it is not 0, or while a task lives.
//! * N4. A worker's thread is joined before its worker is freed. It ends only if no task lives: acort_free() has
//!   checked that, and no thread may spawn one meanwhile.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use super::build::{attach, create, destroy, detach, restore_current_worker, set_current_worker};
use super::group;
use super::options::with_defaults;
use super::run_loop;
use super::signal_cancel;
use super::spawn;
use super::{embed, strict};
use crate::rt::base::{WaitMode, size_prefixed};
use crate::rt::model::abi::{
    ACORT_LOOP, ACORT_PIN_CPUS, ACORT_TEST, acort_attr_t, acort_body_t, acort_opts_t,
};
use crate::rt::model::deadlock::NotBlockingThread;
use crate::rt::model::task::SPAWN_FAILED;
use crate::rt::model::test_run::TestRun;
use crate::rt::model::{Caller, Group, Runtime, Task, Worker, task};
use crate::rt::os::{self, Deadline, Result};

/// Runs a worker on this thread until `is_done`, then until `finish` has nothing to run, and detaches it.
///
/// # Safety
/// The worker is attached to this thread, and the thread is no worker. Afterwards no task lives.
unsafe fn run_worker(
    worker: *mut Worker,
    is_done: fn(&Runtime) -> bool,
    finish: impl FnOnce() -> bool,
) {
    // SAFETY: the worker is attached to this thread; no task lives when the run loop returns.
    unsafe {
        let previous_co = set_current_worker(worker);
        run_loop::run(worker, is_done);
        if finish() {
            run_loop::run(worker, |runtime| runtime.live_tasks() == 0);
        }
        detach(worker);
        restore_current_worker(previous_co);
    }
}

/// Spawns a main task in a new group.
///
/// # Safety
/// The runtime exists. `entry` is None or can be called with `arg`.
unsafe fn spawn_main(
    runtime: *mut Runtime,
    entry: acort_body_t,
    arg: *mut c_void,
) -> Result<(*mut Group, *mut Task)> {
    // SAFETY: the runtime exists, and the new group is one of its groups.
    unsafe {
        let group = group::open(runtime, ptr::null_mut(), true)?.as_ptr();
        let stack_size = (*runtime).options.main_stack_size;
        let attributes = acort_attr_t { stack_size, ..spawn::DEFAULT_ATTRIBUTES };
        match spawn::spawn_in(runtime, group, &attributes, task::MAIN, entry, arg) {
            Ok(task) => Ok((group, task.as_ptr())),
            Err(error) => {
                group::free(group);
                Err(error)
            }
        }
    }
}

/// The result of a main task.
///
/// # Safety
/// No task of the group lives, and the main task is in its list. `ret` is NULL or writable.
unsafe fn main_result(group: *mut Group, task: *mut Task, ret: *mut *mut c_void) -> Result<()> {
    // SAFETY: the group keeps the task, which has a result.
    unsafe {
        let has_failed = (*task).state.load(Ordering::Acquire) == SPAWN_FAILED;
        size_prefixed::write_if_some(ret, (*task).phase.result);
        match (has_failed, (*group).is_deadlocked) {
            (true, _) => Err(libc::ENOMEM),
            (_, true) => Err(libc::EDEADLK),
            _ => group::outcome(group),
        }
    }
}

/// Runs a main task on this thread, until no task of its runtime lives.
///
/// Errors: `EDEADLK` if the tasks were deadlocked; `EBUSY` in a task; `EINVAL` for options of a runtime with threads;
/// the error of the main task's group; `ENOMEM`, `EMFILE`.
///
/// # Safety
/// `entry` is None or can be called with `arg`. `ret` is NULL or writable.
pub(crate) unsafe fn run(
    options: &acort_opts_t,
    entry: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> Result<()> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    if options.workers > 1 || options.flags & (ACORT_LOOP | ACORT_PIN_CPUS) != 0 {
        return Err(libc::EINVAL);
    }
    let options = with_defaults(&acort_opts_t { workers: 1, ..*options })?;
    let _foreign = NotBlockingThread::enter();
    // SAFETY: the runtime is this function's alone, and its one worker is not attached.
    unsafe {
        let runtime = create(options)?;
        let outcome = spawn_main(runtime, entry, arg).and_then(|(group, main)| {
            let worker = *(*runtime).workers;
            attach(worker)?;
            let _test = TestRun::begin(&mut *worker, &(*runtime).options);
            let has_only_listeners = |runtime: &Runtime| {
                runtime.live_tasks() <= runtime.signal_listeners.load(Ordering::Relaxed).into()
            };
            run_worker(worker, has_only_listeners, || signal_cancel::cancel_listener(group));
            main_result(group, main, ret)
        });
        destroy(runtime);
        outcome
    }
}

/// Creates a runtime whose workers are threads; with ACORT_LOOP one that another event loop runs. Errors: `EINVAL` for
/// options that are not valid, and for a test run; those of the system.
pub(crate) fn new(options: &acort_opts_t) -> Result<*mut Runtime> {
    let options = with_defaults(options)?;
    if options.flags & ACORT_TEST != 0 {
        return Err(libc::EINVAL);
    }
    if options.flags & ACORT_LOOP != 0 {
        return embed::new(options);
    }
    let runtime = create(options)?;
    // SAFETY: a new runtime, in which no task lives.
    unsafe {
        let started = start_workers(runtime);
        let (Ok(count) | Err((count, _))) = started;
        let prepared = started.map_err(|(_, error)| error).and_then(|count| {
            (0..count).try_for_each(|index| (**(*runtime).workers.add(index as usize)).setup.wait())
        });
        if let Err(error) = prepared {
            stop_workers(runtime, count);
            return Err(error);
        }
    }
    Ok(runtime)
}

/// Starts a thread for each worker. Returns their number, also with an error.
///
/// # Safety
/// The runtime's workers are not attached.
unsafe fn start_workers(runtime: *mut Runtime) -> core::result::Result<u32, (u32, c_int)> {
    // SAFETY: the runtime has so many workers, which stay until their threads are joined (N4).
    unsafe {
        for index in 0..(*runtime).options.workers {
            let worker = *(*runtime).workers.add(index as usize);
            let thread = os::start_thread(worker_thread, worker.cast());
            (*worker).thread = thread.map_err(|error| (index, error))?;
        }
        Ok((*runtime).options.workers)
    }
}

/// A worker's thread, from its start to its end (N1).
extern "C" fn worker_thread(worker: *mut c_void) -> *mut c_void {
    let worker: *mut Worker = worker.cast();
    // SAFETY: the thread was started for this worker, which stays until the thread is joined (N4).
    unsafe {
        os::name_thread(format_args!("acort-work-{}", (*worker).index));
        if (*(*worker).runtime).options.flags & ACORT_PIN_CPUS != 0 {
            os::pin_to_cpu((*worker).index as usize);
        }
        let prepared = attach(worker);
        (*worker).setup.report(prepared);
        if prepared.is_ok() {
            let is_stopping = |runtime: &Runtime| runtime.is_stopping.load(Ordering::SeqCst);
            run_worker(worker, is_stopping, || false);
        }
    }
    ptr::null_mut()
}

/// Ends the threads of the first `count` workers, and destroys the runtime.
///
/// # Safety
/// No task lives, and no other thread uses the runtime. The other workers are not attached.
unsafe fn stop_workers(runtime: *mut Runtime, count: u32) {
    // SAFETY: a joined thread has detached its worker, or has failed to attach it.
    unsafe {
        (*runtime).is_stopping.store(true, Ordering::SeqCst);
        for index in 0..count {
            let worker = *(*runtime).workers.add(index as usize);
            (*worker).wake();
            os::join_thread((*worker).thread);
        }
        destroy(runtime);
    }
}

/// Runs a main task in a runtime of [`new`], until the tasks of its group have ended.
///
/// Errors: those of [`run`]; `EDEADLK` on the thread that runs the steps of an embedded runtime.
///
/// # Safety
/// The runtime exists. `entry` is None or can be called with `arg`. `ret` is NULL or writable.
pub(crate) unsafe fn enter(
    runtime: *mut Runtime,
    entry: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> Result<()> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    // SAFETY: the runtime is not freed while `callers` counts this thread (N3).
    unsafe {
        if embed::is_loop_thread(&*runtime) {
            return Err(libc::EDEADLK);
        }
        let _foreign = NotBlockingThread::enter();
        let callers: *const AtomicU32 = &raw const (*runtime).callers;
        (*callers).fetch_add(1, Ordering::SeqCst);
        let outcome = spawn_main(runtime, entry, arg).and_then(|(group, main)| {
            (*group).mark_caller_blocked();
            let mode = WaitMode::Uninterruptible;
            let waited = group::wait(Caller::current(), group, mode, Deadline::NEVER);
            signal_cancel::close_listener(group);
            let outcome = waited.and_then(|()| main_result(group, main, ret));
            strict::warn_unjoined(group);
            group::free(group);
            outcome
        });
        (*callers).fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

/// Ends a runtime of [`new`]. Errors: `EBUSY` while tasks live (N3), and in a task; `EPERM` for an embedded runtime
/// on another thread than its own.
///
/// # Safety
/// No thread uses the runtime afterwards, if this succeeds.
pub(crate) unsafe fn free(runtime: *mut Runtime) -> Result<()> {
    // SAFETY: the runtime exists until it is destroyed. No task lives in it then.
    unsafe {
        let is_busy =
            (*runtime).live_tasks() != 0 || (*runtime).callers.load(Ordering::SeqCst) != 0;
        if is_busy || !Worker::current().is_null() {
            return Err(libc::EBUSY);
        }
        if embed::is_loop(&*runtime) {
            embed::detach(runtime)?;
            stop_workers(runtime, 0);
            return Ok(());
        }
        stop_workers(runtime, (*runtime).options.workers);
    }
    Ok(())
}
