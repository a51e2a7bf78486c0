//! Runtimes and workers are made, and taken apart.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::group;
use super::task_stack;
use super::{overflow_report, strict};
use crate::abi::aco_t;
use crate::rt::io::{fd_identity, nonblock};
use crate::rt::model::abi::acort_opts_t;
use crate::rt::model::inherited::Inherited;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::worker::Worker;
use crate::rt::model::{chaos, nesting};
use crate::rt::os::poller::Poller;
use crate::rt::os::{self, Result};
use crate::{coroutine, sys, tls};

/// A runtime with its workers, none of which runs.
pub(crate) fn create(options: acort_opts_t) -> Result<*mut Runtime> {
    coroutine::abort_on_off_stack_frames("acort_new");
    let runtime = os::allocate_zeroed::<Runtime>().ok_or(libc::ENOMEM)?.as_ptr();
    // SAFETY: a new runtime; all zero is one without workers.
    unsafe {
        (*runtime).options = acort_opts_t { workers: 0, ..options };
        nonblock::runtime_started();
        overflow_report::begin_reports(&mut *runtime);
        match Inherited::of_this_thread() {
            Ok(state) => (*runtime).inherited = state.as_ptr(),
            Err(error) => {
                destroy(runtime);
                return Err(error);
            }
        }
        let count = options.workers as usize;
        let Some(workers) = os::allocate_array::<*mut Worker>(count) else {
            destroy(runtime);
            return Err(libc::ENOMEM);
        };
        (*runtime).workers = workers.as_ptr();
        for number in 0..options.workers {
            match create_worker(runtime, number) {
                Ok(worker) => *(*runtime).workers.add(number as usize) = worker,
                Err(error) => {
                    destroy(runtime);
                    return Err(error);
                }
            }
            (*runtime).options.workers = number + 1;
        }
    }
    Ok(runtime)
}

unsafe fn create_worker(runtime: *mut Runtime, number: u32) -> Result<*mut Worker> {
    let poller = Poller::new()?;
    // A line of its own for what others touch.
    let Some(place) = sys::allocate(size_of::<Worker>() + 64) else {
        poller.close();
        return Err(libc::ENOMEM);
    };
    let worker: *mut Worker = place.as_ptr().cast();
    let worker = worker.map_addr(|address| (address + 16).next_multiple_of(64));
    // SAFETY: room enough was allocated, 16 bytes at least before it; all zero but for the poller is a
    // worker.
    unsafe {
        worker.write_bytes(0, 1);
        worker.cast::<*mut c_void>().sub(1).write(place.as_ptr());
        (&raw mut (*worker).poller).write(poller);
        (*worker).runtime = runtime;
        (*worker).index = number;
        chaos::seed(&mut *worker);
    }
    Ok(worker)
}

/// Frees a runtime whose workers do not run.
///
/// # Safety
/// Nobody uses it from here on.
pub(crate) unsafe fn destroy(runtime: *mut Runtime) {
    // SAFETY: the caller's promise.
    unsafe {
        while let Some(group) = nesting::first(&*runtime).as_mut() {
            strict::count_unjoined(group);
            group::free(group);
        }
        for number in 0..(*runtime).options.workers as usize {
            let worker = *(*runtime).workers.add(number);
            (*worker).poller.close();
            sys::free(worker.cast::<*mut c_void>().sub(1).read());
        }
        if let Some(state) = NonNull::new((*runtime).inherited) {
            Inherited::release(state);
        }
        overflow_report::end_reports(&*runtime);
        sys::free((*runtime).workers.cast());
        sys::free(runtime.cast());
    }
    nonblock::runtime_ended();
}

/// Gives a worker the main coroutine of this thread, whose own it is from here on. It stands for whatever
/// context makes the worker's turns, which is suspended whenever a task runs.
///
/// # Safety
/// No thread is this worker.
pub(crate) unsafe fn attach(worker: *mut Worker) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let main_co = coroutine::create_main(None, ptr::null_mut()).map_err(|_| libc::ENOMEM)?;
        (*worker).main_co = main_co;
        overflow_report::prepare_thread(&*(*worker).runtime);
        (*worker).errno_location = os::errno_location();
    }
    Ok(())
}

/// This thread is the worker from here on. Gives what is for [`restore_current_worker`].
///
/// # Safety
/// The worker was prepared on this thread, which is none.
pub(crate) unsafe fn set_current_worker(worker: *mut Worker) -> *mut aco_t {
    let before = tls::current();
    Worker::set_current(worker);
    // SAFETY: the caller's promise.
    tls::set_current(unsafe { (*worker).main_co });
    before
}

/// This thread is none from here on.
pub(crate) fn restore_current_worker(before: *mut aco_t) {
    Worker::set_current(ptr::null_mut());
    tls::set_current(before);
}

/// What a worker has kept goes, and its main coroutine.
///
/// # Safety
/// This thread is the worker, whose tasks have ended.
pub(crate) unsafe fn detach(worker: *mut Worker) {
    // SAFETY: the caller's promise.
    unsafe {
        fd_identity::release_worker(worker);
        task_stack::destroy_all(worker);
        (*worker).timers.free();
        (*worker).release_free_tasks();
        (*worker).inbox.wait_for_pushers();
        Worker::set_current(ptr::null_mut());
        if let Some(main_co) = NonNull::new((*worker).main_co) {
            coroutine::destroy(main_co);
        }
    }
}
