//! ThreadSanitizer's fibers: one for each coroutine.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::hooks;
use super::notes::Note;
use crate::diag;

/// Coroutines that have a fiber.
#[unsafe(link_section = "aco_shared")]
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The fiber of a coroutine, made when it is first needed: ThreadSanitizer has few.
pub(super) fn fiber_of(note: NonNull<Note>) -> *mut c_void {
    /// gcc 12's allows 8128 threads and fibers at once, and ends the program then.
    const MANY: usize = 8000;
    #[unsafe(link_section = "aco_shared")]
    static SAID: AtomicBool = AtomicBool::new(false);
    // SAFETY: the note of a coroutine that exists; nobody else looks at it now.
    let fiber = unsafe { &mut (*note.as_ptr()).fiber };
    if let Some(create) = hooks::tsan_create()
        && fiber.is_null()
    {
        if LIVE.fetch_add(1, Ordering::Relaxed) >= MANY {
            diag::warn_once(
                &SAID,
                format_args!("more than {MANY} coroutines live under ThreadSanitizer"),
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
/// `note` is that of a coroutine, not of a main one.
pub(super) unsafe fn give_up_fiber(note: NonNull<Note>) {
    // SAFETY: the caller's promise; nobody else looks at it now.
    let fiber = unsafe { core::mem::replace(&mut (*note.as_ptr()).fiber, ptr::null_mut()) };
    if let (Some(destroy), Some(current)) = (hooks::tsan_destroy(), hooks::tsan_current())
        && !fiber.is_null()
    {
        // SAFETY: the runtime's functions; nobody switches to the fiber any more.
        unsafe {
            if fiber != current() {
                destroy(fiber);
                LIVE.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}
