//! This thread's errno.

use core::ffi::c_int;

/// Returns the address of this thread's errno, which is valid for as long as the thread lives.
pub(crate) fn errno_location() -> *mut c_int {
    // SAFETY: the function has no preconditions.
    #[cfg(target_os = "linux")]
    return unsafe { libc::__errno_location() };
    // SAFETY: the function has no preconditions.
    #[cfg(not(target_os = "linux"))]
    return unsafe { libc::__error() };
}

/// Returns this thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: the location is valid for as long as the thread lives.
    unsafe { *errno_location() }
}

/// Sets this thread's errno.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: the location is valid for as long as the thread lives.
    unsafe { *errno_location() = error }
}

/// Sets errno and returns -1, the result of a C function that has failed.
pub(crate) fn fail_with(error: c_int) -> c_int {
    set_errno(error);
    -1
}
