//! Memory, as the tools are told of it.

use core::ffi::c_void;

use super::hooks;

/// `size` bytes at `memory`, a mapping, may hold pointers to what malloc gave.
pub(crate) fn holds_pointers(memory: *mut c_void, size: usize) {
    if let Some(register) = hooks::lsan_register() {
        // SAFETY: the runtime's function; the mapping is there.
        unsafe { register(memory, size) }
    }
}

/// Ends what [`holds_pointers`] began.
pub(crate) fn holds_no_pointers(memory: *mut c_void, size: usize) {
    if let Some(unregister) = hooks::lsan_unregister() {
        // SAFETY: the runtime's function; the range was registered.
        unsafe { unregister(memory, size) }
    }
}

/// The library has written `size` bytes at `place` for the program.
pub(crate) fn is_written(place: *mut c_void, size: usize) {
    if let Some(unpoison) = hooks::msan_unpoison() {
        // SAFETY: the runtime's function; the memory is there.
        unsafe { unpoison(place, size) }
    }
}
