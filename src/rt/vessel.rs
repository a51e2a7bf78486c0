//! What tasks run in: a coroutine with a stack of its own, or one on the stack that the worker's tasks
//! share. Those whose tasks have ended are kept, and begin anew.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::Outcome;
use super::abi::acort_body_t;
use super::task::{Beginning, MEASURED, SHARED, SIZED, Task};
use super::worker::Worker;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::refusal::Refusal;
use crate::{arch, coroutine, resume, sanitizer, stack, tls};

/// The most of each kind that a worker keeps, and how many it keeps while it has nothing to do.
const MOST: u32 = 16 * 1024;
const MOST_IDLE: u32 = 1024;

/// Ended coroutines, linked through `arg`.
struct Kept {
    first: *mut aco_t,
    count: u32,
}

impl Kept {
    #[inline(always)]
    fn pop(&mut self) -> Option<*mut aco_t> {
        let co = self.first;
        // SAFETY: who is in the list exists.
        self.first = unsafe { co.as_ref() }?.arg.cast();
        self.count -= 1;
        Some(co)
    }

    /// False: there are enough.
    ///
    /// # Safety
    /// `co` has ended, and is nobody else's.
    #[inline(always)]
    unsafe fn push(&mut self, co: *mut aco_t) -> bool {
        if self.count == MOST || sanitizer::is_present() {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { (*co).arg = self.first.cast() };
        self.first = co;
        self.count += 1;
        true
    }
}

/// A worker's.
pub(crate) struct Vessels {
    own: Kept,
    shared: Kept,
    /// What they share; NULL before the first.
    shared_stack: *mut aco_share_stack_t,
    /// Where that begins, and its bytes: for [`moves`], which every call on an object asks.
    moving: (usize, usize),
}

/// Where every task begins.
unsafe extern "C" fn entry() {
    // SAFETY: the scheduler runs a task that has just begun, in its coroutine; the program has promised
    // that its function can be called.
    unsafe {
        let task = (*Worker::here()).current;
        let Beginning { body, argument, .. } = (*task).part.beginning;
        let result = body.map_or(ptr::null_mut(), |body| body(argument));
        (*(*Worker::here()).current).set_result(result);
        resume::exit(tls::current(), arch::leave)
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

fn to_errno(_: Refusal) -> i32 {
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
            true => stack::create_with_gap(size, options.stack_gap),
            false => stack::create_in(stack, size),
        };
        let stack = made.map_err(to_errno)?;
        if (*task).has(MEASURED) {
            stack::paint("acort_go_ex", stack);
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
            let made = stack::create_with_gap(options.shared_stack_size, options.stack_gap);
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
                (*task).about = coroutine::stack_used(co);
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

/// Does `place` lie on the stack that the worker's tasks share? Then it moves away: from under the task that
/// runs there, as from under one that runs elsewhere and has been given a pointer.
///
/// # Safety
/// The worker exists, and the caller runs on it.
#[inline(always)]
pub(crate) unsafe fn moves(worker: *mut Worker, place: *const c_void) -> bool {
    // SAFETY: the caller's promise: the stack stays as long as the worker serves.
    let (low, size) = unsafe { (*worker).vessels.moving };
    place.addr().wrapping_sub(low) < size
}

/// Would a pointer to `place` be good for nobody else, since it lies on the caller's shared stack?
#[inline(always)]
pub(crate) fn is_on_moving_stack(place: *const c_void) -> bool {
    let worker = Worker::here();
    // SAFETY: the thread's worker.
    !worker.is_null() && unsafe { moves(worker, place) }
}
