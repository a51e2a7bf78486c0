//! The coroutines that run tasks: acquired at the start of a task, recycled at its end.
//!
//! ```text
//!   the task                      its coroutine runs on            at its end
//!   plain                         its own stack                    cached in `own`, up to a limit
//!   SHARED                        the worker's shared stack        cached in `shared`, up to a limit
//!   CUSTOM_STACK                  its own stack, of another        destroyed
//!                                 size, memory of the program's,
//!                                 or painted
//! ```
//!
//! A cached coroutine has ended, and starts again with its stack. An idle worker trims its caches.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::rt::model::abi::acort_body_t;
use crate::rt::model::stack_cache::{CoroutineList, MAX_IDLE, StackCache};
use crate::rt::model::task::{CUSTOM_STACK, SHARED, STACK_PAINTED, TaskStart};
use crate::rt::model::{Task, Worker};
use crate::rt::os::Result;
use crate::{coroutine, overflow, resume, sanitizer, stack, tls};

/// The entry function of all tasks' coroutines.
unsafe extern "C" fn task_main() {
    // SAFETY: the scheduler has resumed a task that has just started, so `start` is its phase. The program's function
    // can be called with its argument. The task is still on this worker (T2).
    unsafe {
        let task = (*Worker::current()).current;
        let TaskStart { entry, arg, .. } = (*task).phase.start;
        let result = entry.map_or(ptr::null_mut(), |body| body(arg));
        (*(*Worker::current()).current).set_result(result);
        resume::exit(tls::current(), resume::exit_to)
    }
}

/// A coroutine that will run `task` from its start: a cached one, or a new one. Errors: `ENOMEM`.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is NEW, and this worker starts it.
#[inline(always)]
pub(crate) unsafe fn acquire(worker: *mut Worker, task: *mut Task) -> Result<*mut aco_t> {
    // SAFETY: the task is NEW, so `start` is its phase. A cached coroutine has ended, and its stack exists.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        let is_shared = (*task).has_flag(SHARED);
        let TaskStart { entry, arg, .. } = (*task).phase.start;
        let cached = match (is_shared, (*task).has_flag(CUSTOM_STACK)) {
            (true, _) => stack_cache.shared.pop(),
            (false, false) => stack_cache.own.pop(),
            _ => None,
        };
        let co = match cached {
            Some(co) => {
                // The resume that follows prepares nothing.
                overflow::reinstall_if_removed();
                coroutine::reset(co.as_ptr(), Some(task_main), arg);
                co.as_ptr()
            }
            None if is_shared => create_shared(worker, arg)?,
            None => create_private(worker, task)?,
        };
        // `task_main` is where it starts. A report or a debugger that reads `fp` is to see the task's own function, and
        // nothing calls `fp`.
        (*co).fp = core::mem::transmute::<acort_body_t, aco_cofuncp_t>(entry);
        Ok(co)
    }
}

fn to_errno(_: CreateError) -> i32 {
    libc::ENOMEM
}

/// Creates a coroutine on a private stack.
///
/// # Safety
/// As [`acquire`]. The program's memory for the stack, if any, is the task's alone.
#[cold]
unsafe fn create_private(worker: *mut Worker, task: *mut Task) -> Result<*mut aco_t> {
    // SAFETY: an attached worker has a main coroutine and a runtime. The stack is new.
    unsafe {
        let TaskStart { arg, stack_size, stack, .. } = (*task).phase.start;
        let options = &(*(*worker).runtime).options;
        let size = if stack_size == 0 { options.stack_size } else { stack_size };
        let created = match stack.is_null() {
            true => stack::create_with_gap(size, options.stack_gap),
            false => stack::create_in(stack, size),
        };
        let stack = created.map_err(to_errno)?;
        if (*task).has_flag(STACK_PAINTED) {
            stack::paint("acort_go_ex", stack);
        }
        create_on(worker, stack, arg).inspect_err(|_| stack::destroy("acort", stack))
    }
}

/// Creates a coroutine on the worker's shared stack.
///
/// # Safety
/// As [`acquire`].
unsafe fn create_shared(worker: *mut Worker, arg: *mut c_void) -> Result<*mut aco_t> {
    // SAFETY: an attached worker has a main coroutine and a runtime. The shared stack exists until `destroy_all`.
    unsafe {
        let cache = &raw mut (*worker).stack_cache;
        if (*cache).shared_stack.is_null() {
            let options = &(*(*worker).runtime).options;
            let created = stack::create_with_gap(options.shared_stack_size, options.stack_gap);
            let stack = created.map_err(to_errno)?;
            (*cache).shared_stack = stack;
            (*cache).shared_range = ((*stack).ptr.addr(), (*stack).sz);
        }
        create_on(worker, (*cache).shared_stack, arg)
    }
}

/// Creates a coroutine of the worker on a stack.
///
/// # Safety
/// The worker is attached, and the stack exists.
unsafe fn create_on(
    worker: *mut Worker,
    stack: *mut aco_share_stack_t,
    arg: *mut c_void,
) -> Result<*mut aco_t> {
    // SAFETY: the main coroutine and the stack exist.
    unsafe {
        let main_co = NonNull::new((*worker).main_co).ok_or(libc::EINVAL)?;
        let stack = NonNull::new(stack).ok_or(libc::EINVAL)?;
        coroutine::create(main_co, stack, 0, Some(task_main), arg).map_err(to_errno)
    }
}

/// Caches the coroutine of an ended task, or destroys it.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is STARTED on it, and its coroutine has ended.
#[inline(always)]
pub(crate) unsafe fn recycle(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the coroutine has ended, and is the task's alone.
    unsafe {
        let co = (*task).co;
        let stack_cache = &mut (*worker).stack_cache;
        let is_cached = match ((*task).has_flag(SHARED), (*task).has_flag(CUSTOM_STACK)) {
            // A sanitizer is to see each coroutine freed.
            _ if sanitizer::is_present() => false,
            (true, _) => stack_cache.shared.push(co),
            (false, false) => stack_cache.own.push(co),
            _ => false,
        };
        if !is_cached {
            if (*task).has_flag(STACK_PAINTED) {
                (*task).wait_target.store(coroutine::stack_used(co), Ordering::Relaxed);
            }
            // A dump holds the group's lock while it reads the coroutine (`dump`).
            let guard = (*(*task).group).lock.guard();
            (*task).co = ptr::null_mut();
            drop(guard);
            destroy(co, (*task).has_flag(SHARED));
        }
    }
}

/// Destroys a coroutine, and its stack unless the stack is shared. The frames are not unwound.
///
/// # Safety
/// The coroutine does not run, and nothing uses it afterwards. NULL: nothing is done.
pub(crate) unsafe fn destroy(co: *mut aco_t, is_shared: bool) {
    let Some(coroutine) = NonNull::new(co) else { return };
    // SAFETY: not NULL, so the coroutine exists, and with it its stack, which is its own unless it is shared.
    unsafe {
        let stack = (*co).share_stack;
        coroutine::destroy(coroutine);
        if !is_shared {
            stack::destroy("acort", stack);
        }
    }
}

/// Destroys cached coroutines beyond the limit of an idle worker, a batch at a time.
///
/// # Safety
/// `worker` is this thread's, and no task runs.
pub(crate) unsafe fn trim(worker: *mut Worker) {
    const BATCH: u32 = 64;
    // SAFETY: a cached coroutine has ended, and is the cache's alone.
    unsafe {
        let StackCache { own, shared, .. } = &mut (*worker).stack_cache;
        for (list, is_shared) in [(own, false), (shared, true)] {
            let excess = list.count.saturating_sub(MAX_IDLE);
            destroy_some(list, BATCH.min(excess), is_shared);
        }
    }
}

/// Destroys up to `count` coroutines of a list.
///
/// # Safety
/// The list is `own` or `shared` of a worker of this thread.
unsafe fn destroy_some(list: &mut CoroutineList, count: u32, is_shared: bool) {
    for _ in 0..count {
        let Some(co) = list.pop() else { break };
        // SAFETY: a cached coroutine has ended, and is in no list now.
        unsafe { destroy(co.as_ptr(), is_shared) }
    }
}

/// Destroys all cached coroutines, and the shared stack.
///
/// # Safety
/// `worker` is this thread's, and no task of it lives.
pub(crate) unsafe fn destroy_all(worker: *mut Worker) {
    // SAFETY: no task uses the shared stack, and a cached coroutine has ended.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        destroy_some(&mut stack_cache.own, u32::MAX, false);
        destroy_some(&mut stack_cache.shared, u32::MAX, true);
        if !stack_cache.shared_stack.is_null() {
            stack::destroy("acort", stack_cache.shared_stack);
            stack_cache.shared_stack = ptr::null_mut();
            stack_cache.shared_range = (0, 0);
        }
    }
}
