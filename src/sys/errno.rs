//! This thread's errno.

use core::ffi::c_int;

/// Where this thread's errno is.
pub(crate) fn errno_location() -> *mut c_int {
    // SAFETY: valid for as long as the thread lives.
    #[cfg(target_os = "linux")]
    return unsafe { libc::__errno_location() };
    // SAFETY: as above.
    #[cfg(not(target_os = "linux"))]
    return unsafe { libc::__error() };
}

/// The error number of the last call that failed on this thread.
pub(crate) fn errno() -> c_int {
    // SAFETY: the location is valid for as long as the thread lives.
    unsafe { *errno_location() }
}

/// Sets what [`errno`] gives.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: as there.
    unsafe { *errno_location() = error }
}

/// What a C function returns that has failed: -1, and the error number in errno.
pub(crate) fn fail_with(error: c_int) -> c_int {
    set_errno(error);
    -1
}
