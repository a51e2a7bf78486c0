//! This thread's errno.

use core::ffi::c_int;

#[cfg(target_os = "linux")]
use super::linux::errno_location;

/// The error number of the last call that failed on this thread.
pub(crate) fn errno() -> c_int {
    // SAFETY: the address is valid until the thread ends.
    unsafe { *errno_location() }
}

/// Sets this thread's errno.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: the address is valid until the thread ends.
    unsafe { *errno_location() = error }
}

/// Sets errno and returns -1, as a C function does that fails.
pub(crate) fn fail_with(error: c_int) -> c_int {
    set_errno(error);
    -1
}
