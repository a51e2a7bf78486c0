//! Builds runtimes and workers, and takes them apart.
//!
//! ```text
//!   create: runtime, thread state, workers with their pollers        destroy: the same, from any step on
//!   attach: main coroutine, signal stack, errno of this thread       detach: descriptors, stacks, timers, free tasks
//!   set_current_worker: this thread is the worker                    restore_current_worker
//! ```
//!
//! A step that fails leaves nothing behind: `options.workers` counts the workers that exist, and a zeroed field needs
//! no clean-up. The thread of `attach` is the one that runs the worker; `create` and `destroy` may run on any thread.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::group;
use super::group_deadline;
use super::task_stack;
use super::{overflow_report, strict};
use crate::abi::aco_t;
use crate::rt::blocking::ring;
use crate::rt::io::{fd_identity, nonblock};
use crate::rt::model::abi::acort_opts_t;
use crate::rt::model::{Inherited, Runtime, Worker, chaos, nesting};
use crate::rt::os::poller::Poller;
use crate::rt::os::{self, Result};
use crate::{coroutine, sys, tls};

/// The bytes of a cache line. A worker begins one: other threads touch its inbox.
const CACHE_LINE: usize = 64;

/// Creates a runtime and its workers, which do not run.
pub(crate) fn create(options: acort_opts_t) -> Result<*mut Runtime> {
    coroutine::abort_on_off_stack_frames("acort_new");
    let runtime = os::allocate_zeroed::<Runtime>().ok_or(libc::ENOMEM)?.as_ptr();
    // SAFETY: a zeroed runtime is one without workers.
    unsafe {
        (*runtime).options = acort_opts_t { workers: 0, ..options };
        nonblock::runtime_started();
        overflow_report::enable(&mut *runtime);
        match create_workers(runtime, options.workers) {
            Ok(()) => Ok(runtime),
            Err(error) => {
                destroy(runtime);
                Err(error)
            }
        }
    }
}

/// Creates the thread state and the workers of a runtime. After an error [`destroy`] frees what exists.
///
/// # Safety
/// The runtime has no workers.
unsafe fn create_workers(runtime: *mut Runtime, count: u32) -> Result<()> {
    // SAFETY: no other thread knows the runtime; `workers` has `count` slots.
    unsafe {
        (*runtime).inherited = Inherited::of_this_thread()?.as_ptr();
        let workers = os::allocate_array::<*mut Worker>(count as usize).ok_or(libc::ENOMEM)?;
        (*runtime).workers = workers.as_ptr();
        let spins = count > 1 && os::has_parallelism()?;
        for index in 0..count {
            let worker = create_worker(runtime, index)?;
            workers.add(index as usize).write(worker);
            if spins {
                (*worker).spin.enable();
            }
            (*runtime).options.workers = index + 1;
        }
    }
    Ok(())
}

/// Creates a worker. The word before it is the address of its allocation.
///
/// # Safety
/// The runtime exists for as long as the worker.
unsafe fn create_worker(runtime: *mut Runtime, index: u32) -> Result<*mut Worker> {
    let poller = Poller::new()?;
    let Some(block) = sys::allocate(size_of::<Worker>() + CACHE_LINE) else {
        poller.close();
        return Err(libc::ENOMEM);
    };
    let worker: *mut Worker = block.as_ptr().cast();
    let worker = worker.map_addr(|address| (address + 16).next_multiple_of(CACHE_LINE));
    // SAFETY: malloc aligns to 16 bytes, so 16 to 64 bytes of the block are before the worker, and all of the worker is
    // inside. A worker is all zero but for its poller, runtime, index and seed.
    unsafe {
        worker.write_bytes(0, 1);
        worker.cast::<*mut c_void>().sub(1).write(block.as_ptr());
        (&raw mut (*worker).poller).write(poller);
        (*worker).runtime = runtime;
        (*worker).index = index;
        chaos::seed(&mut *worker);
    }
    Ok(worker)
}

/// Frees a runtime, and the groups that are left.
///
/// # Safety
/// No worker of the runtime is attached, and no thread uses the runtime afterwards.
pub(crate) unsafe fn destroy(runtime: *mut Runtime) {
    // SAFETY: this thread alone uses the runtime. Without attached workers each task has ended, or was never started.
    unsafe {
        while let Some(group) = nesting::first(&*runtime).as_mut() {
            strict::warn_unjoined(group);
            group::free(group);
        }
        for index in 0..(*runtime).options.workers as usize {
            let worker = *(*runtime).workers.add(index);
            (*worker).poller.close();
            sys::free(worker.cast::<*mut c_void>().sub(1).read());
        }
        Inherited::release((*runtime).inherited);
        overflow_report::disable(&*runtime);
        sys::free((*runtime).workers.cast());
        sys::free(runtime.cast());
    }
    nonblock::runtime_ended();
}

/// Prepares this thread to run a worker: the worker gets a main coroutine of this thread. That coroutine is the
/// context of the run loop, which is suspended while a task runs. Errors: `ENOMEM`.
///
/// # Safety
/// The worker is not attached.
pub(crate) unsafe fn attach(worker: *mut Worker) -> Result<()> {
    // SAFETY: the worker exists, and no other thread uses it.
    unsafe {
        let main_co = coroutine::create_main(None, ptr::null_mut()).map_err(|_| libc::ENOMEM)?;
        (*worker).main_co = main_co;
        overflow_report::prepare_thread(&*(*worker).runtime);
        (*worker).errno_location = os::errno_location();
    }
    Ok(())
}

/// Makes this thread the worker. Returns the coroutine before, for [`restore_current_worker`].
///
/// # Safety
/// The worker is attached to this thread, and the thread is no worker.
pub(crate) unsafe fn set_current_worker(worker: *mut Worker) -> *mut aco_t {
    let previous_co = tls::current();
    Worker::set_current(worker);
    // SAFETY: an attached worker has a main coroutine.
    tls::set_current(unsafe { (*worker).main_co });
    previous_co
}

/// Ends what [`set_current_worker`] began.
pub(crate) fn restore_current_worker(previous_co: *mut aco_t) {
    Worker::set_current(ptr::null_mut());
    tls::set_current(previous_co);
}

/// Frees what a worker has cached, and its main coroutine.
///
/// # Safety
/// This thread is the worker, and no task of the worker lives.
pub(crate) unsafe fn detach(worker: *mut Worker) {
    // SAFETY: this thread is the worker, and no task of it lives.
    unsafe {
        fd_identity::release_worker(worker);
        ring::close(worker);
        task_stack::destroy_all(worker);
        (*worker).timers.free();
        group_deadline::free_all(worker);
        (*worker).release_free_tasks();
        (*worker).inbox.wait_for_wakers();
        Worker::set_current(ptr::null_mut());
        if let Some(main_co) = NonNull::new((*worker).main_co) {
            coroutine::destroy(main_co);
        }
    }
}
