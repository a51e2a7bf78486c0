//! Coroutines that own their stack: one call creates both, one call frees both (`aco_new`, `aco_free`).
//!
//! ```text
//!            first life                                   later lives
//! create     stack::create, coroutine::create, set_owned  stack::acquire_pair: both come from the cache of the thread
//! free       recycle_pair; or destroy both                the same
//! ```
//!
//! * WS1. The stack's control block says that its coroutine owns it (PA1 of `stack::pair`).
//! * WS2. A coroutine from the cache starts as the exclusive owner of its stack. Its chain of frame pointers leads to
//!   the main coroutine. So its first resume may be inline (`state`, S3): R2 of `resume` holds from its creation on.
//! * WS3. Its main coroutine is its last resumer: a resume by another coroutine of the thread redirects it
//!   (`resume::prepare`).
//! * WS4. `reg[RETADDR]` of an unstarted one is `entry`, a function of `resume` that calls `fp` with `arg`, stores the
//!   first value, and ends the coroutine when `fp` returns.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::create::create;
use super::current::{is_on_stack_of, is_running};
use super::destroy::{abort_destroyed_twice, destroy_alone, run_destructors};
use super::main_co::current_or_create_main;
use crate::abi::{ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::{diag, frame_chain, slow_path, stack, state, thread, tls};

/// The stack for a request of 0 bytes: that of a task.
const DEFAULT_SIZE: usize = 256 << 10;

/// Creates a coroutine with a guarded stack of its own, of `size` bytes; 0: [`DEFAULT_SIZE`]. Its first resume starts
/// at `entry` (WS4). NULL: errno says why there is none.
///
/// # Safety
/// `entry` is an entry point that calls `fp` with `arg`.
#[inline(always)]
pub(crate) unsafe fn create_with_stack(
    fp: aco_cofuncp_t,
    arg: *mut c_void,
    size: usize,
    entry: *const (),
) -> *mut aco_t {
    let size = if size == 0 { DEFAULT_SIZE } else { size };
    let main_co = tls::current();
    // The first resume may be inline, so the thread is initialized.
    if let Some(fpenv) = thread::known_fpenv()
        && !main_co.is_null()
        && !slow_path::is_needed()
        && let Some((co, stack_pointer)) = stack::acquire_pair(size)
    {
        // SAFETY: the pair is new to the program. Its coroutine owns the stack, which is live (WS2).
        unsafe {
            (*co).main_co = main_co;
            (*co).arg = arg;
            (*co).fp = fp;
            aco_t::set_register(co, ACO_REG_IDX_RETADDR, entry as usize);
            aco_t::set_register(co, ACO_REG_IDX_SP, stack_pointer);
            aco_t::set_register(co, ACO_REG_IDX_FPU, fpenv);
            frame_chain::init_joined(co);
            state::start_exclusive(co);
        }
        return co;
    }
    create_slowly(fp, arg, size, entry)
}

/// As [`create_with_stack`], without a pair from the cache.
#[cold]
#[inline(never)]
fn create_slowly(fp: aco_cofuncp_t, arg: *mut c_void, size: usize, entry: *const ()) -> *mut aco_t {
    create_both(fp, arg, size, entry).unwrap_or_else(CreateError::null_with_errno)
}

/// Creates a stack of `size` bytes and a coroutine on it.
fn create_both(
    fp: aco_cofuncp_t,
    arg: *mut c_void,
    size: usize,
    entry: *const (),
) -> Result<*mut aco_t, CreateError> {
    let main_co = current_or_create_main()?;
    let stack = stack::create(size, true)?;
    // SAFETY: the stack was just created, and has no other user. The coroutine is unstarted.
    unsafe {
        match create(main_co, NonNull::new_unchecked(stack), 0, fp, arg) {
            Ok(co) => {
                stack::set_owned(stack, co);
                aco_t::set_return_address(co, entry as usize);
                Ok(co)
            }
            Err(error) => {
                stack::destroy("aco_new", stack);
                Err(error)
            }
        }
    }
}

/// Returns true if `co` owns its stack (WS1).
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn owns_stack(co: *mut aco_t) -> bool {
    // SAFETY: the share stack is NULL or can be read (L7).
    unsafe { stack::is_owned(stack::block_of_coroutine(co)) }
}

/// Frees a coroutine that owns its stack, and the stack, without unwinding its frames (L6). If the caller runs on the
/// stack, or the coroutine waits in a resume, the stack stays as it is. Aborts if the coroutine is destroyed already,
/// or owns no stack.
///
/// # Safety
/// As [`destroy`](super::destroy).
#[inline(always)]
pub(crate) unsafe fn free(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: `co` is a coroutine, or destroyed and can be read.
    unsafe {
        if slow_path::is_needed() || tls::is_named(co) || !stack::recycle_ended(co) {
            free_checked(co)
        }
    }
}

/// As [`free`], for a coroutine that may be anything.
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn free_checked(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine until the check says that it is destroyed; both can be read.
    unsafe {
        if state::is_destroyed(co) {
            abort_destroyed_twice("aco_free", co)
        }
        if !owns_stack(co) {
            abort_without_stack(co)
        }
        free_slowly(co)
    }
}

/// As [`free`], for a coroutine that was checked, in any state.
///
/// # Safety
/// `co` points to a coroutine that owns its stack, and nothing uses it afterwards.
#[cold]
#[inline(never)]
pub(super) unsafe fn free_slowly(co: *mut aco_t) {
    // SAFETY: the caller passes a coroutine that owns its stack.
    unsafe {
        let is_in_use = (*co).is_end == 0 && (is_on_stack_of(co) || is_running(co));
        tls::clear_references(co);
        if slow_path::is_needed() {
            run_destructors(co);
        }
        if is_in_use {
            return destroy_alone(co);
        }
        let block = stack::block_of((*co).share_stack);
        if !block.is_some_and(|block| stack::recycle_pair(co, block)) {
            destroy_both(co)
        }
    }
}

/// Destroys a coroutine and the stack that it owns.
///
/// # Safety
/// As [`free_slowly`], and the caller does not run on the stack.
#[cold]
#[inline(never)]
unsafe fn destroy_both(co: *mut aco_t) {
    // SAFETY: the caller passes a coroutine that owns its stack.
    unsafe {
        let stack = (*co).share_stack;
        destroy_alone(co);
        stack::destroy_owned("aco_free", stack);
    }
}

/// Prints that `co` owns no stack, and aborts.
///
/// # Safety
/// `co` points to a coroutine.
#[cold]
#[inline(never)]
unsafe fn abort_without_stack(co: *mut aco_t) -> ! {
    let rule = "aco_free is for coroutines of aco_new, aco_destroy for the others";
    diag::fatal("aco_free", co, format_args!("it was not created by aco_new"), rule)
}
