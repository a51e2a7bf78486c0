//! Memory from malloc.

use core::ptr::NonNull;

/// A zeroed object; free it with `sys::free`. None: there is no memory.
pub(crate) fn allocate_zeroed<T>() -> Option<NonNull<T>> {
    // SAFETY: calloc has no preconditions.
    NonNull::new(unsafe { libc::calloc(1, size_of::<T>()) }.cast())
}

/// Zeroed memory for `count` objects. None: there is no memory.
pub(crate) fn allocate_array<T>(count: usize) -> Option<NonNull<T>> {
    // SAFETY: as in `allocate_zeroed`.
    NonNull::new(unsafe { libc::calloc(count, size_of::<T>()) }.cast())
}

/// `memory`, grown to `count` objects; where that fails it stays as it is.
///
/// # Safety
/// `memory` is NULL or came from malloc.
pub(crate) unsafe fn grow<T>(memory: *mut T, count: usize) -> Option<NonNull<T>> {
    let size = count.checked_mul(size_of::<T>())?;
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { libc::realloc(memory.cast(), size) }.cast())
}

/// A copy of `text`, from malloc. None: there is no memory.
///
/// # Safety
/// `text` ends in 0.
pub(crate) unsafe fn copy_text(
    text: *const core::ffi::c_char,
) -> Option<NonNull<core::ffi::c_char>> {
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { libc::strdup(text) })
}
