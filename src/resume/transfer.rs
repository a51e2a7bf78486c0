//! From a coroutine to another of the same main coroutine, which goes on waiting.
//!
//! ```text
//! main coroutine       from                   to
//! --------------       ----                   --
//! resume(from)  ────>  yield_to(to)
//!     |                  save its registers
//!     | on this stack:   arrange: copy `from` out and `to` in, if they share a stack; `to` is current
//!     |                  ───────────────────>  ...
//! goes on  <──────────────────────────────────  yield
//! ```
//!
//! The main coroutine's stack is the one that is there whatever is copied. Where `to` has its stack, nothing
//! is to be arranged.

use core::ptr;

use super::refuse::{obstacle, refuse_transfer};
use super::{Switch, prepare, yield_to_main};
use crate::abi::aco_t;
use crate::sanitizer::Departure;
use crate::{arch, coroutine, exceptions, hooks, sanitizer, stack, state, tls, valgrind};

/// Bytes below the stack pointer of who waits that [`arrange`] is sure to have.
const ROOM: usize = 1024;

/// [`transfer`] or [`transfer_shared_fpenv`].
pub(crate) type Transfer =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, main_co: *mut aco_t, is_ready: usize);

/// Leaves `from`, goes on in `to`; returns when something switches back. Where `to` is current and has its
/// stack it is ready: 1; else 0, and [`arrange`] sees to it.
///
/// # Safety
/// `from` runs, `to` is suspended or fresh, and `main_co`, the main coroutine of both, waits in a resume.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn transfer(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
) {
    arch::transfer_body!(own_fpenv, arrange, transfer_aside)
}

/// As [`transfer`]; `to` inherits the floating-point environment of this moment.
///
/// # Safety
/// As there.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn transfer_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
) {
    arch::transfer_body!(shared_fpenv, arrange, transfer_shared_fpenv_aside)
}

/// On the stack of `main_co`: makes `to` ready, and the current coroutine.
unsafe extern "C" fn arrange(from: *mut aco_t, to: *mut aco_t, main_co: *mut aco_t) {
    let hint = hint_of(from, to, main_co);
    // SAFETY: the promise of `transfer`; `from` is suspended.
    unsafe {
        be_back_in(main_co);
        if hooks::are_set() && !sanitizer::is_watched() {
            hooks::has_left(from);
            prepare(to);
            hooks::resumes(to);
        } else {
            prepare(to);
        }
    }
    tls::set_current_and_hint(to, hint);
}

/// What the hint is when `to` runs in the place of `from`: `main_co`, if it was that; else that is left by
/// hand, perhaps, and `to` is to ask.
fn hint_of(from: *mut aco_t, to: *mut aco_t, main_co: *mut aco_t) -> *mut aco_t {
    match tls::current_and_hint() {
        (current, hint) if current == from && hint == main_co => main_co,
        // A switch that is not seen (`hooks`): all words are NULL then.
        _ => to,
    }
}

/// As a resume that comes back to `main_co`: who runs around it is known by that.
///
/// # Safety
/// `main_co` points to a coroutine.
unsafe fn be_back_in(main_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    let is_main = unsafe { (*main_co).main_co.is_null() };
    tls::set_current_and_hint(main_co, if is_main { ptr::null_mut() } else { main_co });
}

/// As the asides of a switch.
unsafe fn transfer_with_care(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
    transfer: Transfer,
) {
    let kept = exceptions::put_aside();
    // SAFETY: the promise of `transfer`, which finds nothing to see to now.
    unsafe {
        if hooks::are_set() && sanitizer::is_watched() {
            // Later a sanitizer takes the stack for that of `to`.
            be_back_in(main_co);
            hooks::has_left(from);
            hooks::resumes(to);
        }
        let mut departure = Departure::new();
        sanitizer::leave(from, to, &mut departure);
        hooks::pass_back();
        let transfer = transfer as *const ();
        arch::with_frame(from, to, main_co.cast(), is_ready, transfer, frame);
        sanitizer::arrive(&departure);
    }
    exceptions::take_back(kept);
}

#[cold]
unsafe extern "C" fn transfer_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { transfer_with_care(from, to, main_co, is_ready, frame, transfer) }
}

#[cold]
unsafe extern "C" fn transfer_shared_fpenv_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    main_co: *mut aco_t,
    is_ready: usize,
    frame: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { transfer_with_care(from, to, main_co, is_ready, frame, transfer_shared_fpenv) }
}

/// Leaves the running coroutine for `to`. Its main coroutine is yielded to; to itself it goes on at once.
/// Aborts where `to` cannot be run in its place.
///
/// # Safety
/// `to` is NULL or points to a coroutine, and its frames are sound.
#[inline(always)]
pub(crate) unsafe fn yield_to(to: *mut aco_t, transfer: Transfer, switch: Switch) {
    // SAFETY: the caller's promise; the coroutine that the caller runs in exists, and who waits for it.
    unsafe {
        // As a yield trusts that: its main coroutine is suspended, by a resume or by hand.
        let from = tls::current();
        if from.is_null() || (*from).main_co.is_null() || !coroutine::is_on_stack_of(from) {
            refuse_transfer(ptr::null_mut(), to)
        }
        let main_co = (*from).main_co;
        if to == main_co {
            yield_to_main(from, switch);
        } else if to != from {
            if to.is_null() || (*to).main_co != main_co || obstacle(to).is_some() {
                refuse_transfer(from, to)
            }
            let stack = (*to).share_stack;
            if (*stack).owner == to && !hooks::are_set() {
                stack::set_unwind_owner(stack, to);
                state::enter(to);
                tls::set_current_and_hint(to, hint_of(from, to, main_co));
                transfer(from, to, main_co, 1);
            } else {
                valgrind::make_undefined(aco_t::stack_pointer(main_co) - ROOM, ROOM);
                transfer(from, to, main_co, 0);
            }
        }
    }
}
