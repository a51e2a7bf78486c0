//! ThreadSanitizer's fibers: one for each coroutine that has been switched to and has not ended.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::fiber_state::FiberState;
use super::interface;
use crate::diag;

/// The number of fibers that exist.
#[unsafe(link_section = "aco_shared")]
static LIVE_FIBERS: AtomicUsize = AtomicUsize::new(0);

/// Returns the fiber of a coroutine, and creates it if there is none. It is created late because ThreadSanitizer has
/// few.
pub(super) fn get_or_create_fiber(state: NonNull<FiberState>) -> *mut c_void {
    /// The runtime of gcc 12 ends the program at 8128 threads and fibers.
    const WARN_LIMIT: usize = 8000;
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    // SAFETY: `state` is that of a coroutine of this thread, and no other reference to it exists.
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
        // SAFETY: `create` is the runtime's function; 0 is a valid flag.
        *fiber = unsafe { create(0) };
    }
    *fiber
}

/// Destroys the fiber in `state`, unless it is the one that runs.
///
/// # Safety
/// `state` is that of a coroutine with a share stack, which is not switched to again with this fiber.
pub(super) unsafe fn destroy_fiber(state: NonNull<FiberState>) {
    // SAFETY: `state` is that of a coroutine of this thread, and no other reference to it exists.
    let fiber = unsafe { core::mem::replace(&mut (*state.as_ptr()).fiber, ptr::null_mut()) };
    if let (Some(destroy), Some(current)) = (interface::tsan_destroy(), interface::tsan_current())
        && !fiber.is_null()
    {
        // SAFETY: the fiber exists, and no switch to it follows.
        unsafe {
            if fiber != current() {
                destroy(fiber);
                LIVE_FIBERS.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}
