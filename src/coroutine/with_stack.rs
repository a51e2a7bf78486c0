//! Coroutines that own their stack: one call creates both (`aco_new`), one call frees both (`free`).
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
//! * WS4. `reg[RETADDR]` of an unstarted one is `entry`, a function of `resume` that stores the first value, calls `fp`
//!   with `arg`, and ends the coroutine when `fp` returns. `aco_reset` makes it an entry function of libaco's kind.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::create::create;
use super::main_co::current_or_create_main;
use crate::abi::{ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::{frame_chain, slow_path, stack, state, thread, tls};

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
