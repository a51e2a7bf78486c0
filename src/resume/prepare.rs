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

use core::ptr::NonNull;

use super::misuse::{abort_null, abort_resume, abort_stack_in_use, check_caller};
use super::resumer::follow_caller;
use crate::abi::aco_t;
use crate::coroutine::{self, is_running};
use crate::{exceptions, hooks, overflow, sanitizer, save, stack, state, tls};

/// Makes R2 hold for `co`. Aborts if the caller cannot resume it.
///
/// # Safety
/// `co` is NULL or points to a coroutine. Its frames, and those of the owner of its share stack, are as the last switch
/// left them.
pub(super) unsafe extern "C" fn prepare(co: *mut aco_t) {
    // SAFETY: `co` is as both require.
    unsafe {
        if sanitizer::is_present() { prepare_with_sanitizer(co) } else { prepare_as(co, false) }
    }
}

/// As [`prepare`], in a process with a sanitizer.
///
/// # Safety
/// As [`prepare`].
#[cold]
#[inline(never)]
unsafe fn prepare_with_sanitizer(co: *mut aco_t) {
    // SAFETY: `co` is as `prepare_as` requires.
    unsafe { prepare_as(co, true) }
}

/// As [`prepare`]. `has_sanitizer` is the result of [`sanitizer::is_present`].
///
/// # Safety
/// As [`prepare`].
#[inline(always)]
unsafe fn prepare_as(co: *mut aco_t, has_sanitizer: bool) {
    let Some(co) = NonNull::new(co) else { abort_null() };
    let co = co.as_ptr();
    // SAFETY: `co` points to a coroutine. Control blocks of stacks stay readable, and an owner is a coroutine. Frames
    // are copied out only of a suspended owner, and in only to a stack that is live and free: both are checked first.
    unsafe {
        let main_co = (*co).main_co;
        if main_co.is_null() || (*co).is_end != 0 || aco_t::return_address(co) == 0 {
            abort_resume(co);
        }
        exceptions::init_hook_word_with(has_sanitizer);
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
                save::save_out(owner, stack, has_sanitizer);
            } else if has_sanitizer {
                sanitizer::unpoison_stack((*stack).ptr, (*stack).sz);
            }
            // The exclusive user may be the old owner, which `restore` replaces.
            stack::revoke_exclusive(stack, control);
            save::restore(co, stack, has_sanitizer);
        }
        stack::set_unwind_owner(stack, co);
        stack::set_exclusive(co, control);
        state::mark_chain_whole(co);
    }
}
