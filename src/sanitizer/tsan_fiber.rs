//! ThreadSanitizer's fibers: one for each coroutine.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::fiber_state::FiberState;
use super::interface;
use crate::diag;

/// Coroutines that have a fiber.
#[unsafe(link_section = "aco_shared")]
static LIVE_FIBERS: AtomicUsize = AtomicUsize::new(0);

/// The fiber of a coroutine, made when it is first needed: ThreadSanitizer has few.
pub(super) fn get_or_create_fiber(state: NonNull<FiberState>) -> *mut c_void {
    /// gcc 12's allows 8128 threads and fibers at once, and ends the program then.
    const WARN_LIMIT: usize = 8000;
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    // SAFETY: the state of a coroutine that exists; nobody else looks at it now.
    let fiber = unsafe { &mut (*state.as_ptr()).fiber };
    if let Some(create) = interface::tsan_create()
        && fiber.is_null()
    {
        if LIVE_FIBERS.fetch_add(1, Ordering::Relaxed) >= WARN_LIMIT {
            diag::warn_once(
                &WARNED,
                format_args!("more than {WARN_LIMIT} coroutines live under ThreadSanitizer"),
                "that of gcc 12 ends the program at 8128: destroy some, or compile with clang",
            );
        }
        // SAFETY: the runtime's function.
        *fiber = unsafe { create(0) };
    }
    *fiber
}

/// Gives the fiber back, unless it is the one that runs.
///
/// # Safety
/// `state` is that of a coroutine, not of a main one.
pub(super) unsafe fn destroy_fiber(state: NonNull<FiberState>) {
    // SAFETY: the caller's promise; nobody else looks at it now.
    let fiber = unsafe { core::mem::replace(&mut (*state.as_ptr()).fiber, ptr::null_mut()) };
    if let (Some(destroy), Some(current)) = (interface::tsan_destroy(), interface::tsan_current())
        && !fiber.is_null()
    {
        // SAFETY: the runtime's functions; nobody switches to the fiber any more.
        unsafe {
            if fiber != current() {
                destroy(fiber);
                LIVE_FIBERS.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}
