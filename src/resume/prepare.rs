//! The slow path of a resume.
//!
//! ```text
//! 1. co is NULL, a main coroutine, ended, without an entry function          abort
//! 2. the hook word and the overflow reporter are set, if they have to be
//! 3. main_co is not the current coroutine
//!      co owns its stack (aco_new): the caller is its resumer from now on    abort if co runs
//!      may this caller resume co?                                            abort if not (R3)
//! 4. the share stack is destroyed                                            abort
//! 5. co is not the owner of its share stack
//!      another coroutine is, and is running                                  abort
//!      another coroutine is: its frames are copied out
//!      the frames of co are copied in; co is the owner
//! 6. the stack names co, for unwinders; co becomes EXCLUSIVE if it can (`state`, S2)
//! 7. CHAIN_CUT is cleared. ALL_REGS stays: the switch that follows needs it (`state`, S4)
//! ```
//!
//! In the usual case no step has anything to do but 5 to 7: [`super::exchange`] is the same in a straight line.

use core::ptr::NonNull;

use super::exchange::Exchange;
use super::misuse::{abort_null, abort_resume, abort_stack_in_use, check_caller};
use super::resumer::follow_caller;
use crate::abi::aco_t;
use crate::coroutine::{self, is_running};
use crate::save::{self, Copy};
use crate::{exceptions, hooks, overflow, sanitizer, stack, state, tls};

/// Makes R2 hold for `co`. Aborts if the caller cannot resume it. The caller loads all registers of `co`, whose
/// ALL_REGS may be cleared (EX2 of [`super::exchange`]).
///
/// # Safety
/// `co` is NULL or points to a coroutine. Its frames, and those of the owner of its share stack, are as the last switch
/// left them.
pub(super) unsafe extern "C" fn prepare(co: *mut aco_t) {
    // SAFETY: `co` is as all three require.
    unsafe {
        match Exchange::plan(co) {
            Some(exchange) if exchange.is_small() => exchange.execute(Copy::Small),
            Some(exchange) if exchange.fits() => exchange.execute_any(),
            _ => prepare_in_full(co),
        }
    }
}

/// As [`prepare`], by the steps above one by one. ALL_REGS stays.
///
/// # Safety
/// As [`prepare`].
#[cold]
#[inline(never)]
pub(super) unsafe fn prepare_in_full(co: *mut aco_t) {
    let how = if sanitizer::is_present() { Copy::Watched } else { Copy::Any };
    let Some(co) = NonNull::new(co) else { abort_null() };
    let co = co.as_ptr();
    // SAFETY: `co` points to a coroutine. Control blocks of stacks stay readable, and an owner is a coroutine. Frames
    // are copied out only of a suspended owner, and in only to a stack that is live and free: both are checked first.
    unsafe {
        let main_co = (*co).main_co;
        if main_co.is_null() || (*co).is_end != 0 || aco_t::return_address(co) == 0 {
            abort_resume(co);
        }
        exceptions::init_hook_word();
        overflow::reinstall_if_removed();
        if tls::current() != main_co {
            if coroutine::owns_stack(co) && !hooks::is_suppressed() {
                follow_caller(co);
            } else {
                check_caller(co);
            }
            hooks::reveal_first_resume((*co).main_co);
        }
        let stack = (*co).share_stack;
        let control = stack::block_of(stack);
        if stack::is_stack_destroyed(co, control) {
            abort_resume(co);
        }
        let owner = (*stack).owner;
        if owner != co {
            if !owner.is_null() {
                if (*owner).share_stack != stack || is_running(owner) {
                    abort_stack_in_use(co, owner);
                }
                save::save_out(owner, stack, how);
            } else if how == Copy::Watched {
                sanitizer::unpoison_stack((*stack).ptr, (*stack).sz);
            }
            // The exclusive user may be the old owner, which `restore` replaces.
            stack::revoke_exclusive(stack, control);
            save::restore(co, stack, how);
        }
        stack::set_unwind_owner(stack, co);
        stack::set_exclusive(co, control);
        state::mark_chain_whole(co);
    }
}
