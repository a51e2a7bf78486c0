//! A runtime's life: made, entered, freed.
//!
//! N1. Whatever can fail in a worker's set-up has failed or succeeded before acort_new() returns: each thread prepares
//! its worker, reports, and only then serves. So lack of memory is NULL and errno there, and never an abort.
//! N2. Where one thread cannot be started or prepared, each other thread is ended and joined, and nothing is left.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use super::build::{attach, create, destroy, detach, restore_current_worker, set_current_worker};
use super::group;
use super::options::with_defaults;
use super::run_loop;
use super::spawn;
use super::{embed, strict};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{ACORT_LOOP, ACORT_PIN_CPUS, acort_attr_t, acort_body_t, acort_opts_t};
use crate::rt::model::caller::Caller;
use crate::rt::model::deadlock::NotBlockingThread;
use crate::rt::model::group::Group;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{self, SPAWN_FAILED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};

/// This thread is `worker`, which was prepared on it, until `is_over` says so.
unsafe fn serve(worker: *mut Worker, is_over: fn(&Runtime) -> bool) {
    // SAFETY: the caller's promise: a worker that no thread is.
    unsafe {
        let before = set_current_worker(worker);
        run_loop::run(worker, is_over);
        detach(worker);
        restore_current_worker(before);
    }
}

/// Starts the main task in a group of its own.
unsafe fn begin(
    runtime: *mut Runtime,
    body: acort_body_t,
    argument: *mut c_void,
) -> Result<(*mut Group, *mut Task)> {
    // SAFETY: the caller's promise: the runtime exists.
    unsafe {
        let group = group::open(runtime, ptr::null_mut(), true)?.as_ptr();
        let stack_size = (*runtime).options.main_stack_size;
        let attributes = acort_attr_t { stack_size, ..spawn::PLAIN };
        match spawn::launch(runtime, group, &attributes, task::MAIN, body, argument) {
            Ok(task) => Ok((group, task.as_ptr())),
            Err(error) => {
                group::free(group);
                Err(error)
            }
        }
    }
}

/// The result of a main task whose group is over.
unsafe fn result_of(group: *mut Group, task: *mut Task, ret: *mut *mut c_void) -> Result<()> {
    // SAFETY: the caller's promise: the group keeps it.
    unsafe {
        let failed = (*task).state.load(Ordering::Acquire) == SPAWN_FAILED;
        size_prefixed::write_if_some(ret, (*task).phase.result);
        match (failed, (*group).is_deadlocked) {
            (true, _) => Err(libc::ENOMEM),
            (_, true) => Err(libc::EDEADLK),
            _ => group::outcome(group),
        }
    }
}

/// Runs a main task on this thread, until no task lives. EDEADLK: nothing could ever wake those that did.
/// EBUSY: in a task. EINVAL: options of a runtime with threads.
///
/// # Safety
/// `ret` is NULL or writable.
pub(crate) unsafe fn run(
    options: &acort_opts_t,
    body: acort_body_t,
    argument: *mut c_void,
    ret: *mut *mut c_void,
) -> Result<()> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    if options.workers > 1 || options.flags & (ACORT_LOOP | ACORT_PIN_CPUS) != 0 {
        return Err(libc::EINVAL);
    }
    let options = with_defaults(&acort_opts_t { workers: 1, ..*options })?;
    let _released = NotBlockingThread::enter();
    // SAFETY: the runtime is this function's.
    unsafe {
        let runtime = create(options)?;
        let outcome = begin(runtime, body, argument).and_then(|(group, main)| {
            let worker = *(*runtime).workers;
            attach(worker)?;
            serve(worker, |runtime| runtime.live_tasks() == 0);
            result_of(group, main, ret)
        });
        destroy(runtime);
        outcome
    }
}

/// A runtime whose workers are threads that wait for tasks.
pub(crate) fn new(options: &acort_opts_t) -> Result<*mut Runtime> {
    let options = with_defaults(options)?;
    if options.flags & ACORT_LOOP != 0 {
        return embed::new(options);
    }
    let runtime = create(options)?;
    // SAFETY: a new runtime.
    unsafe {
        let started = start_workers(runtime);
        let (Ok(count) | Err((count, _))) = started;
        let made = started.map_err(|(_, error)| error).and_then(|count| {
            (0..count)
                .try_for_each(|number| (**(*runtime).workers.add(number as usize)).setup.wait())
        });
        if let Err(error) = made {
            stop(runtime, count);
            return Err(error);
        }
    }
    Ok(runtime)
}

/// Starts a thread for each worker, and gives how many; with an error how many were started before it.
unsafe fn start_workers(runtime: *mut Runtime) -> core::result::Result<u32, (u32, c_int)> {
    // SAFETY: a new runtime, whose workers exist.
    unsafe {
        for number in 0..(*runtime).options.workers {
            let worker = *(*runtime).workers.add(number as usize);
            let thread = os::start_thread(serve_in_thread, worker.cast());
            (*worker).thread = thread.map_err(|error| (number, error))?;
        }
        Ok((*runtime).options.workers)
    }
}

extern "C" fn serve_in_thread(worker: *mut c_void) -> *mut c_void {
    let worker: *mut Worker = worker.cast();
    // SAFETY: the thread was started for this worker, which stays until the thread has ended.
    unsafe {
        os::name_thread(c"acort-work-", (*worker).index);
        if (*(*worker).runtime).options.flags & ACORT_PIN_CPUS != 0 {
            os::pin_to_cpu((*worker).index as usize);
        }
        let prepared = attach(worker);
        (*worker).setup.report(prepared);
        if prepared.is_ok() {
            serve(worker, |runtime| runtime.is_stopping.load(Ordering::SeqCst));
        }
    }
    ptr::null_mut()
}

/// Ends the threads of the first `count` workers, and the runtime.
unsafe fn stop(runtime: *mut Runtime, count: u32) {
    // SAFETY: the caller's promise: no task lives.
    unsafe {
        (*runtime).is_stopping.store(true, Ordering::SeqCst);
        for number in 0..count {
            let worker = *(*runtime).workers.add(number as usize);
            (*worker).wake();
            os::join_thread((*worker).thread);
        }
        destroy(runtime);
    }
}

/// Runs a main task in a runtime of [`new`], until the tasks of its group have ended. EDEADLK: as
/// [`lifecycle`]; EBUSY: in a task. EDEADLK, too, on the thread whose steps it would wait for.
///
/// # Safety
/// The runtime exists; `ret` is NULL or writable.
pub(crate) unsafe fn enter(
    runtime: *mut Runtime,
    body: acort_body_t,
    argument: *mut c_void,
    ret: *mut *mut c_void,
) -> Result<()> {
    if !Worker::current().is_null() {
        return Err(libc::EBUSY);
    }
    // SAFETY: the caller's promise.
    unsafe {
        if embed::is_loop_thread(&*runtime) {
            return Err(libc::EDEADLK);
        }
        let _released = NotBlockingThread::enter();
        let callers: *const AtomicU32 = &raw const (*runtime).callers;
        (*callers).fetch_add(1, Ordering::SeqCst);
        let outcome = begin(runtime, body, argument).and_then(|(group, main)| {
            (*group).mark_caller_blocked();
            let waited =
                group::wait(Caller::current(), group, WaitMode::Uninterruptible, Deadline::NEVER);
            let outcome = waited.and_then(|()| result_of(group, main, ret));
            strict::count_unjoined(group);
            group::free(group);
            outcome
        });
        (*callers).fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

/// Ends a runtime of [`new`]. EBUSY: tasks live, or this is one.
///
/// # Safety
/// Nobody uses the runtime from here on, if this succeeds.
pub(crate) unsafe fn free(runtime: *mut Runtime) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let is_busy =
            (*runtime).live_tasks() != 0 || (*runtime).callers.load(Ordering::SeqCst) != 0;
        if is_busy || !Worker::current().is_null() {
            return Err(libc::EBUSY);
        }
        if embed::is_loop(&*runtime) {
            embed::retire(runtime)?;
            stop(runtime, 0);
            return Ok(());
        }
        stop(runtime, (*runtime).options.workers);
    }
    Ok(())
}
