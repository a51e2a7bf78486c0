//! What a resume leaves in the thread's words when it returns.

use core::ptr;

use super::forms::Resumed;
use crate::abi::aco_t;
use crate::{state, tls};

/// In `to`, which waited in a resume of `co` and was come back to by `from`, whose main_co is
/// another: by `acosw`, or it has changed that. The current coroutine becomes what libaco makes it, the
/// main_co of who was co, unless that was destroyed.
///
/// # Safety
/// `from` and `to` point to coroutines, `co` to one or to the memory of one.
#[cold]
pub(crate) unsafe extern "C" fn returned_via_acosw(
    from: *mut aco_t,
    to: *mut aco_t,
    co: *mut aco_t,
) -> Resumed {
    // SAFETY: the caller's promise.
    let current = unsafe { if state::is_destroyed(co) { to } else { (*co).main_co } };
    // SAFETY: as above. It may wait for who is current now: whoever that is, it is to ask.
    let is_nested = unsafe { current == to && !(*to).main_co.is_null() };
    tls::set_current_and_hint(current, if is_nested { to } else { ptr::null_mut() });
    Resumed { value: ptr::null_mut(), from }
}

/// As a resume that comes back to `main_co`: who runs around it is known by that.
///
/// # Safety
/// `main_co` points to a coroutine.
pub(super) unsafe fn set_current_as_returned(main_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    let is_main = unsafe { (*main_co).main_co.is_null() };
    tls::set_current_and_hint(main_co, if is_main { ptr::null_mut() } else { main_co });
}
