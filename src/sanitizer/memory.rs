//! Memory, as the tools are told of it.

use core::ffi::c_void;

use super::interface;

/// `size` bytes at `memory`, a mapping, may hold pointers to what malloc gave.
pub(crate) fn register_root(memory: *mut c_void, size: usize) {
    if let Some(register) = interface::lsan_register() {
        // SAFETY: the runtime's function; the mapping is there.
        unsafe { register(memory, size) }
    }
}

/// Ends what [`register_root`] began.
pub(crate) fn unregister_root(memory: *mut c_void, size: usize) {
    if let Some(unregister) = interface::lsan_unregister() {
        // SAFETY: the runtime's function; the range was registered.
        unsafe { unregister(memory, size) }
    }
}

/// The library has written `size` bytes at `place` for the program.
pub(crate) fn unpoison(place: *mut c_void, size: usize) {
    if let Some(unpoison) = interface::msan_unpoison() {
        // SAFETY: the runtime's function; the memory is there.
        unsafe { unpoison(place, size) }
    }
}
