//! Notifications about memory: roots of the heap, and bytes that the library has written.

use core::ffi::c_void;

use super::interface;

/// Registers `size` bytes at `memory`, a mapping, as a root: LeakSanitizer searches it for pointers.
pub(crate) fn register_root(memory: *mut c_void, size: usize) {
    if let Some(register) = interface::lsan_register() {
        // SAFETY: the runtime's function records the range.
        unsafe { register(memory, size) }
    }
}

/// Undoes [`register_root`].
pub(crate) fn unregister_root(memory: *mut c_void, size: usize) {
    if let Some(unregister) = interface::lsan_unregister() {
        // SAFETY: the range was registered, with this size.
        unsafe { unregister(memory, size) }
    }
}

/// Marks `size` bytes at `ptr` as initialized: the library has written them for the program, unseen by MemorySanitizer.
pub(crate) fn unpoison(ptr: *mut c_void, size: usize) {
    if let Some(unpoison) = interface::msan_unpoison() {
        // SAFETY: the memory is mapped: the library has written it. The function writes its shadow.
        unsafe { unpoison(ptr, size) }
    }
}
