//! A switch from a coroutine to another one of the same main coroutine, which keeps waiting in its resume.
//!
//! ```text
//! main coroutine       from                           to
//! --------------       ----                           --
//! resume(from)  ────>  yield_to(to)
//!     |                  save from
//!     | on this stack:   prepare_transfer: prepare(to)
//!     |                  resume to            ────>   ... runs ...
//!     |                                               yield_back(to)
//! returns `to`  <──────────────────────────────────     save to, resume the main coroutine
//! ```
//!
//! `prepare` may copy the frames of `from` out and those of `to` in, on one share stack. So it runs on the stack of the
//! main coroutine, which stays in its place. If the frames of `to` are at their addresses already, there is nothing to
//! prepare.

use core::ptr;

use super::forms::{Transfer, Yield};
use super::misuse::{abort_transfer, resume_error};
use super::prepare::prepare;
use super::returned::set_current_as_returned;
use crate::abi::aco_t;
use crate::{coroutine, hooks, sanitizer, stack, state, tls, valgrind};

/// Bytes below the stack pointer of the main coroutine that Valgrind must let [`prepare_transfer`] write.
const RESERVED_STACK: usize = 1024;

/// Prepares `to`, and makes it the current coroutine. Runs on the stack of `main_co`.
///
/// # Safety
/// As `transfer`, and `from` is suspended.
pub(super) unsafe extern "C" fn prepare_transfer(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
) {
    let hint = hint_after_transfer(from, to, main_co);
    // SAFETY: all three are coroutines; `from` and `to` are suspended or unstarted, and main_co waits.
    unsafe {
        set_current_as_returned(main_co);
        if hooks::are_set() && !sanitizer::is_thread_attached() {
            hooks::on_return(from);
            prepare(to);
            hooks::on_resume(to);
        } else {
            prepare(to);
        }
    }
    // SAFETY: `to` is a coroutine. `transfer` loads all registers.
    unsafe { state::mark_resumed(to) }
    tls::set_current_and_hint(to, hint);
}

/// The hint after a transfer from `from` to `to`: `main_co` if the words say that it waits for `from`. Otherwise a
/// program may have switched by `acosw`, and the hint is `to` (`tls`, W3).
fn hint_after_transfer(from: *mut aco_t, to: *mut aco_t, main_co: *mut aco_t) -> *mut aco_t {
    match tls::current_and_hint() {
        (current, hint) if current == from && hint == main_co => main_co,
        // Also while hooks are suppressed: both words are NULL then.
        _ => to,
    }
}

/// Switches from the running coroutine to `to`: a yield if `to` is the main coroutine, and nothing if `to` is the
/// running coroutine. Aborts if `to` cannot run in its place.
///
/// # Safety
/// `to` is NULL or points to a coroutine, whose frames are as the last switch left them.
#[inline(always)]
pub(crate) unsafe fn yield_to(to: *mut aco_t, transfer: Transfer, yield_back: Yield) {
    // SAFETY: the current coroutine exists, and so does its main coroutine, which waits for it. `to` is checked before
    // it is used.
    unsafe {
        // Like a yield, this trusts that the main coroutine of `from` is suspended.
        let from = tls::current();
        if from.is_null() || (*from).main_co.is_null() || !coroutine::is_on_stack_of(from) {
            abort_transfer(ptr::null_mut(), to)
        }
        let main_co = (*from).main_co;
        if to == main_co {
            yield_back(ptr::null_mut(), from);
        } else if to != from {
            if to.is_null() || (*to).main_co != main_co || resume_error(to).is_some() {
                abort_transfer(from, to)
            }
            let stack = (*to).share_stack;
            if (*stack).owner == to && !hooks::are_set() {
                stack::set_unwind_owner(stack, to);
                state::mark_resumed(to);
                tls::set_current_and_hint(to, hint_after_transfer(from, to, main_co));
                transfer(from, to, main_co, 1);
            } else {
                valgrind::make_undefined(
                    aco_t::stack_pointer(main_co) - RESERVED_STACK,
                    RESERVED_STACK,
                );
                transfer(from, to, main_co, 0);
            }
        }
    }
}
