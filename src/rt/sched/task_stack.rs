//! What tasks run in: a coroutine with a stack of its own, or one on the stack that the worker's tasks
//! share. Those whose tasks have ended are kept, and begin anew.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::rt::model::abi::acort_body_t;
use crate::rt::model::stack_cache::MOST_IDLE;
use crate::rt::model::task::{Beginning, MEASURED, SHARED, SIZED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::Outcome;
use crate::{arch, coroutine, resume, stack, tls};

/// Where every task begins.
unsafe extern "C" fn entry() {
    // SAFETY: the scheduler runs a task that has just begun, in its coroutine; the program has promised
    // that its function can be called.
    unsafe {
        let task = (*Worker::here()).current;
        let Beginning { body, argument, .. } = (*task).part.beginning;
        let result = body.map_or(ptr::null_mut(), |body| body(argument));
        (*(*Worker::here()).current).set_result(result);
        resume::exit(tls::current(), arch::exit_to)
    }
}

/// A coroutine in which `task` begins.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; the task has not begun.
#[inline(always)]
pub(crate) unsafe fn take(worker: *mut Worker, task: *mut Task) -> Outcome<*mut aco_t> {
    // SAFETY: the caller's promise; kept coroutines have ended, on live stacks.
    unsafe {
        let vessels = &mut (*worker).vessels;
        let is_shared = (*task).has(SHARED);
        let Beginning { body, argument, .. } = (*task).part.beginning;
        let kept = match (is_shared, (*task).has(SIZED)) {
            (true, _) => vessels.shared.pop(),
            (false, false) => vessels.own.pop(),
            _ => None,
        };
        let co = match kept {
            Some(co) => {
                coroutine::reset(co, Some(entry), argument);
                co
            }
            None if is_shared => create_shared(worker, argument)?,
            None => create_own(worker, task)?,
        };
        // It begins at `entry`; who is told of it, in a line or a debugger, reads the task's own function. Nobody
        // calls it by this name.
        (*co).fp = core::mem::transmute::<acort_body_t, aco_cofuncp_t>(body);
        Ok(co)
    }
}

fn to_errno(_: CreateError) -> i32 {
    libc::ENOMEM
}

#[cold]
unsafe fn create_own(worker: *mut Worker, task: *mut Task) -> Outcome<*mut aco_t> {
    // SAFETY: the caller's promise: a worker has a main coroutine; memory of the program's is the task's.
    unsafe {
        let Beginning { argument, stack_size, stack, .. } = (*task).part.beginning;
        let options = &(*(*worker).runtime).options;
        let size = if stack_size == 0 { options.stack_size } else { stack_size };
        let made = match stack.is_null() {
            true => stack::create_apart(size, options.stack_gap),
            false => stack::create_in(stack, size),
        };
        let stack = made.map_err(to_errno)?;
        if (*task).has(MEASURED) {
            stack::fill("acort_go_ex", stack);
        }
        let (Some(main_co), Some(place)) = (NonNull::new((*worker).main_co), NonNull::new(stack))
        else {
            return Err(libc::EINVAL);
        };
        coroutine::create(main_co, place, 0, Some(entry), argument).map_err(|why| {
            stack::destroy("acort", stack);
            to_errno(why)
        })
    }
}

unsafe fn create_shared(worker: *mut Worker, argument: *mut c_void) -> Outcome<*mut aco_t> {
    // SAFETY: as in `create_own`.
    unsafe {
        let place = &raw mut (*worker).vessels.shared_stack;
        if (*place).is_null() {
            let options = &(*(*worker).runtime).options;
            let made = stack::create_apart(options.shared_stack_size, options.stack_gap);
            *place = made.map_err(to_errno)?;
            (*worker).vessels.moving = ((**place).ptr.addr(), (**place).sz);
        }
        let (Some(main_co), Some(stack)) = (NonNull::new((*worker).main_co), NonNull::new(*place))
        else {
            return Err(libc::EINVAL);
        };
        coroutine::create(main_co, stack, 0, Some(entry), argument).map_err(to_errno)
    }
}

/// Keeps the coroutine of an ended task, or destroys it.
///
/// # Safety
/// As [`take`], but the task has ended.
#[inline(always)]
pub(crate) unsafe fn put(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        let co = (*task).co;
        let vessels = &mut (*worker).vessels;
        let is_kept = match ((*task).has(SHARED), (*task).has(SIZED)) {
            (true, _) => vessels.shared.push(co),
            (false, false) => vessels.own.push(co),
            _ => false,
        };
        if !is_kept {
            if (*task).has(MEASURED) {
                (*task).about.store(coroutine::stack_used(co), Ordering::Relaxed);
            }
            // A report of tasks holds the group, and looks into their coroutines.
            let held = (*(*task).group).lock.hold();
            (*task).co = ptr::null_mut();
            drop(held);
            destroy(co, (*task).has(SHARED));
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
    const AT_ONCE: u32 = 64;
    // SAFETY: the caller's promise.
    unsafe {
        let vessels = &mut (*worker).vessels;
        for _ in 0..AT_ONCE.min(vessels.own.count.saturating_sub(MOST_IDLE)) {
            if let Some(co) = vessels.own.pop() {
                destroy(co, false);
            }
        }
        for _ in 0..AT_ONCE.min(vessels.shared.count.saturating_sub(MOST_IDLE)) {
            if let Some(co) = vessels.shared.pop() {
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
        let vessels = &mut (*worker).vessels;
        while let Some(co) = vessels.own.pop() {
            destroy(co, false);
        }
        while let Some(co) = vessels.shared.pop() {
            destroy(co, true);
        }
        if !vessels.shared_stack.is_null() {
            stack::destroy("acort", vessels.shared_stack);
            vessels.shared_stack = ptr::null_mut();
            vessels.moving = (0, 0);
        }
    }
}
