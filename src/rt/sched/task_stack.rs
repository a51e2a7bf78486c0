//! Acquisition and reuse of the coroutines that run tasks.
//!
//! Those whose tasks have ended are kept, and begin anew.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::rt::model::abi::acort_body_t;
use crate::rt::model::stack_cache::MAX_IDLE;
use crate::rt::model::task::{CUSTOM_STACK, SHARED, STACK_PAINTED, Task, TaskStart};
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;
use crate::{coroutine, resume, stack, tls};

/// Where every task begins.
unsafe extern "C" fn task_main() {
    // SAFETY: the scheduler runs a task that has just begun, in its coroutine; the program has promised
    // that its function can be called.
    unsafe {
        let task = (*Worker::current()).current;
        let TaskStart { entry, arg, .. } = (*task).phase.start;
        let result = entry.map_or(ptr::null_mut(), |body| body(arg));
        (*(*Worker::current()).current).set_result(result);
        resume::exit(tls::current(), resume::exit_to)
    }
}

/// A coroutine in which `task` begins.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; the task has not begun.
#[inline(always)]
pub(crate) unsafe fn acquire(worker: *mut Worker, task: *mut Task) -> Result<*mut aco_t> {
    // SAFETY: the caller's promise; kept coroutines have ended, on live stacks.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        let is_shared = (*task).has_flag(SHARED);
        let TaskStart { entry, arg, .. } = (*task).phase.start;
        let kept = match (is_shared, (*task).has_flag(CUSTOM_STACK)) {
            (true, _) => stack_cache.shared.pop(),
            (false, false) => stack_cache.own.pop(),
            _ => None,
        };
        let co = match kept {
            Some(co) => {
                coroutine::reset(co, Some(task_main), arg);
                co
            }
            None if is_shared => create_shared(worker, arg)?,
            None => create_own(worker, task)?,
        };
        // It begins at `task_main`; who is told of it, in a line or a debugger, reads the task's own function. Nobody
        // calls it by this name.
        (*co).fp = core::mem::transmute::<acort_body_t, aco_cofuncp_t>(entry);
        Ok(co)
    }
}

fn to_errno(_: CreateError) -> i32 {
    libc::ENOMEM
}

#[cold]
unsafe fn create_own(worker: *mut Worker, task: *mut Task) -> Result<*mut aco_t> {
    // SAFETY: the caller's promise: a worker has a main coroutine; memory of the program's is the task's.
    unsafe {
        let TaskStart { arg, stack_size, stack, .. } = (*task).phase.start;
        let options = &(*(*worker).runtime).options;
        let size = if stack_size == 0 { options.stack_size } else { stack_size };
        let made = match stack.is_null() {
            true => stack::create_with_gap(size, options.stack_gap),
            false => stack::create_in(stack, size),
        };
        let stack = made.map_err(to_errno)?;
        if (*task).has_flag(STACK_PAINTED) {
            stack::paint("acort_go_ex", stack);
        }
        let (Some(main_co), Some(place)) = (NonNull::new((*worker).main_co), NonNull::new(stack))
        else {
            return Err(libc::EINVAL);
        };
        coroutine::create(main_co, place, 0, Some(task_main), arg).map_err(|why| {
            stack::destroy("acort", stack);
            to_errno(why)
        })
    }
}

unsafe fn create_shared(worker: *mut Worker, argument: *mut c_void) -> Result<*mut aco_t> {
    // SAFETY: as in `create_own`.
    unsafe {
        let place = &raw mut (*worker).stack_cache.shared_stack;
        if (*place).is_null() {
            let options = &(*(*worker).runtime).options;
            let made = stack::create_with_gap(options.shared_stack_size, options.stack_gap);
            *place = made.map_err(to_errno)?;
            (*worker).stack_cache.shared_range = ((**place).ptr.addr(), (**place).sz);
        }
        let (Some(main_co), Some(stack)) = (NonNull::new((*worker).main_co), NonNull::new(*place))
        else {
            return Err(libc::EINVAL);
        };
        coroutine::create(main_co, stack, 0, Some(task_main), argument).map_err(to_errno)
    }
}

/// Keeps the coroutine of an ended task, or destroys it.
///
/// # Safety
/// As [`take`], but the task has ended.
#[inline(always)]
pub(crate) unsafe fn recycle(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        let co = (*task).co;
        let stack_cache = &mut (*worker).stack_cache;
        let is_kept = match ((*task).has_flag(SHARED), (*task).has_flag(CUSTOM_STACK)) {
            (true, _) => stack_cache.shared.push(co),
            (false, false) => stack_cache.own.push(co),
            _ => false,
        };
        if !is_kept {
            if (*task).has_flag(STACK_PAINTED) {
                (*task).wait_target.store(coroutine::stack_used(co), Ordering::Relaxed);
            }
            // A report of tasks holds the group, and looks into their coroutines.
            let held = (*(*task).group).lock.guard();
            (*task).co = ptr::null_mut();
            drop(held);
            destroy(co, (*task).has_flag(SHARED));
        }
    }
}

/// Destroys a coroutine, with its stack unless that is shared. Its frames are not unwound.
///
/// # Safety
/// It does not run, and nobody uses it from here on.
pub(crate) unsafe fn destroy(co: *mut aco_t, is_shared: bool) {
    let Some(place) = NonNull::new(co) else { return };
    // SAFETY: the caller's promise.
    unsafe {
        let stack = (*co).share_stack;
        coroutine::destroy(place);
        if !is_shared {
            stack::destroy("acort", stack);
        }
    }
}

/// Destroys some of those that are kept beyond what an idle worker keeps.
///
/// # Safety
/// `worker` is this thread's, in its scheduler.
pub(crate) unsafe fn trim(worker: *mut Worker) {
    const BATCH: u32 = 64;
    // SAFETY: the caller's promise.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        for _ in 0..BATCH.min(stack_cache.own.count.saturating_sub(MAX_IDLE)) {
            if let Some(co) = stack_cache.own.pop() {
                destroy(co, false);
            }
        }
        for _ in 0..BATCH.min(stack_cache.shared.count.saturating_sub(MAX_IDLE)) {
            if let Some(co) = stack_cache.shared.pop() {
                destroy(co, true);
            }
        }
    }
}

/// Destroys all that are kept.
///
/// # Safety
/// No task of the worker lives.
pub(crate) unsafe fn destroy_all(worker: *mut Worker) {
    // SAFETY: the caller's promise.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        while let Some(co) = stack_cache.own.pop() {
            destroy(co, false);
        }
        while let Some(co) = stack_cache.shared.pop() {
            destroy(co, true);
        }
        if !stack_cache.shared_stack.is_null() {
            stack::destroy("acort", stack_cache.shared_stack);
            stack_cache.shared_stack = ptr::null_mut();
            stack_cache.shared_range = (0, 0);
        }
    }
}
