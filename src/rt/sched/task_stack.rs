//! The coroutines that run tasks: acquired at the start of a task, recycled at its end.
//!
//! ```text
//!   the task                      its coroutine runs on            at its end
//!   plain                         a stack of a span                cached in `own`, or in the span (`span_stacks`)
//!   SHARED                        the worker's shared stack        cached in `shared`, up to a limit
//!   CUSTOM_STACK                  its own stack, of another        destroyed
//!                                 size, memory of the program's,
//!                                 or painted
//! ```
//!
//! A cached coroutine has ended, and starts again with its stack. An idle worker trims its caches. For a tool that
//! tracks memory a plain task is as one of CUSTOM_STACK: the tool is to see each coroutine and each stack freed.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use super::span_stacks;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::rt::model::abi::acort_body_t;
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
            (false, false) => {
                let own = &mut stack_cache.own;
                own.list.pop().or_else(|| span_stacks::refill(own))
            }
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
        let kind = StackKind::of(task);
        let created = match kind {
            StackKind::InSpan => {
                span_stacks::create(&mut (*worker).stack_cache.own, size, options.stack_gap)
            }
            _ if stack.is_null() => stack::create_with_gap(size, options.stack_gap),
            _ => stack::create_in(stack, size),
        };
        let stack = created.map_err(to_errno)?;
        if (*task).has_flag(STACK_PAINTED) {
            stack::paint("acort_go_ex", stack);
        }
        create_on(worker, stack, arg).inspect_err(|_| destroy_stack(worker, stack, kind))
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

/// What a task's coroutine runs on.
#[derive(Clone, Copy, PartialEq)]
enum StackKind {
    /// A stack of the worker's spans.
    InSpan,
    /// A stack of its own.
    Custom,
    /// The worker's shared stack.
    Shared,
}

impl StackKind {
    /// # Safety
    /// `task` exists.
    #[inline(always)]
    unsafe fn of(task: *mut Task) -> StackKind {
        // SAFETY: the task exists.
        match unsafe { ((*task).has_flag(SHARED), (*task).has_flag(CUSTOM_STACK)) } {
            (true, _) => StackKind::Shared,
            _ if sanitizer::is_present() => StackKind::Custom,
            (false, true) => StackKind::Custom,
            (false, false) => StackKind::InSpan,
        }
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
        let is_cached = match StackKind::of(task) {
            StackKind::InSpan => {
                span_stacks::recycle(&mut stack_cache.own, co);
                true
            }
            StackKind::Shared => !sanitizer::is_present() && stack_cache.shared.push(co),
            StackKind::Custom => false,
        };
        if !is_cached {
            if (*task).has_flag(STACK_PAINTED) {
                (*task).wait_target.store(coroutine::stack_used(co), Ordering::Relaxed);
            }
            destroy(worker, task);
        }
    }
}

/// Destroys the coroutine of a task, and its stack unless the stack is shared. The frames are not unwound.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is STARTED on it.
#[inline(never)]
pub(crate) unsafe fn destroy(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the coroutine does not run, and is the task's alone.
    unsafe {
        let co = (*task).co;
        // A dump holds the group's lock while it reads the coroutine (`dump`).
        let guard = (*(*task).group).lock.guard();
        (*task).co = ptr::null_mut();
        drop(guard);
        let Some(coroutine) = NonNull::new(co) else { return };
        let stack = (*co).share_stack;
        coroutine::destroy(coroutine);
        destroy_stack(worker, stack, StackKind::of(task));
    }
}

/// Destroys a stack, unless it is shared.
///
/// # Safety
/// `worker` is this thread's, and no task runs. The stack is of this kind, and no coroutine is bound to it.
unsafe fn destroy_stack(worker: *mut Worker, stack: *mut aco_share_stack_t, kind: StackKind) {
    // SAFETY: nothing uses the stack.
    unsafe {
        match kind {
            StackKind::InSpan => span_stacks::destroy(&mut (*worker).stack_cache.own, stack),
            StackKind::Custom => stack::destroy("acort", stack),
            StackKind::Shared => {}
        }
    }
}

/// Destroys all cached coroutines, their stacks, and the shared stack.
///
/// # Safety
/// `worker` is this thread's, and no task of it lives.
pub(crate) unsafe fn destroy_all(worker: *mut Worker) {
    // SAFETY: no task uses the shared stack, and a cached coroutine has ended.
    unsafe {
        let stack_cache = &mut (*worker).stack_cache;
        span_stacks::destroy_all(&mut stack_cache.own);
        span_stacks::destroy_some(&mut stack_cache.shared, u32::MAX);
        if !stack_cache.shared_stack.is_null() {
            stack::destroy("acort", stack_cache.shared_stack);
            stack_cache.shared_stack = ptr::null_mut();
            stack_cache.shared_range = (0, 0);
        }
    }
}
