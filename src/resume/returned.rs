//! The thread-local words after a resume returns (`tls`, R1).

use core::ptr;

use super::forms::Resumed;
use crate::abi::aco_t;
use crate::{state, tls};

/// The end of a resume of `co`, which `to` called, if the main_co of `from`, which switched back, is not `to`. `from`
/// came by `acosw`, or its main_co was changed. Makes the main_co of `co` the current coroutine, as libaco does, or
/// `to` if `co` is destroyed.
///
/// # Safety
/// `from` and `to` point to coroutines, `co` to one or to the readable memory of one.
#[cold]
pub(crate) unsafe extern "C" fn returned_via_acosw(
    from: *mut aco_t,
    to: *mut aco_t,
    co: *mut aco_t,
) -> Resumed {
    // SAFETY: `co` is readable, and its main_co is read only if it is a coroutine.
    let current = unsafe { if state::is_destroyed(co) { to } else { (*co).main_co } };
    if current == to {
        // SAFETY: `to` points to a coroutine.
        unsafe { set_current_as_returned(to) }
    } else {
        tls::set_current(current);
    }
    Resumed { value: ptr::null_mut(), from }
}

/// Makes `main_co` the current coroutine, as a resume does that returns to it. The hint is NULL for a main coroutine,
/// and else `main_co` itself (`tls`, W3).
///
/// # Safety
/// `main_co` points to a coroutine.
pub(super) unsafe fn set_current_as_returned(main_co: *mut aco_t) {
    // SAFETY: `main_co` points to a coroutine.
    let is_main = unsafe { (*main_co).main_co.is_null() };
    tls::set_current_and_hint(main_co, if is_main { ptr::null_mut() } else { main_co });
}
