//! Arrays and strings from malloc, and their growth. `sys::free` frees them.

use core::ffi::c_char;
use core::ptr::NonNull;

use super::result::Result;

/// Allocates a zeroed object. None: there is no memory.
pub(crate) fn allocate_zeroed<T>() -> Option<NonNull<T>> {
    allocate_array(1)
}

/// Allocates zeroed memory for `count` objects. None: there is no memory.
pub(crate) fn allocate_array<T>(count: usize) -> Option<NonNull<T>> {
    // SAFETY: calloc has no preconditions.
    NonNull::new(unsafe { libc::calloc(count, size_of::<T>()) }.cast())
}

/// Resizes `memory` to `count` objects. None: there is no memory, and `memory` stays as it is.
///
/// # Safety
/// `memory` is NULL or came from malloc.
pub(crate) unsafe fn grow<T>(memory: *mut T, count: usize) -> Option<NonNull<T>> {
    let size = count.checked_mul(size_of::<T>())?;
    // SAFETY: `memory` is NULL or came from malloc.
    NonNull::new(unsafe { libc::realloc(memory.cast(), size) }.cast())
}

/// Copies a text; NULL: NULL. Errors: `ENOMEM`.
///
/// # Safety
/// `text` is NULL or ends in 0.
pub(crate) unsafe fn strdup(text: *const c_char) -> Result<*mut c_char> {
    if text.is_null() {
        return Ok(text.cast_mut());
    }
    // SAFETY: not NULL, so the text ends in 0.
    let copy = unsafe { libc::strdup(text) };
    if copy.is_null() { Err(libc::ENOMEM) } else { Ok(copy) }
}
