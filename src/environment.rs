//! Variables of the environment.
//!
//! 1. A program that runs with more rights than its caller has (set-user-ID, capabilities) ignores them all:
//!    secure_getenv(3), or where the C library has none the kernel's own word for that, AT_SECURE.
//! 2. Nothing else of the library reads the environment.

use core::ffi::{CStr, c_char};

use crate::arch;

type Getenv = unsafe extern "C" fn(*const c_char) -> *mut c_char;

/// secure_getenv(3). None: the C library has none, or is linked statically without it.
fn secure_getenv() -> Option<Getenv> {
    // SAFETY: the address of that function, or NULL, which is None.
    unsafe {
        core::mem::transmute::<*const (), Option<Getenv>>(arch::weak_symbol!("secure_getenv"))
    }
}

/// Returns true if the caller of the program is not to decide what it does.
fn is_privileged() -> bool {
    // SAFETY: getauxval has no preconditions.
    #[cfg(target_os = "linux")]
    return unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    // SAFETY: issetugid has no preconditions.
    #[cfg(not(target_os = "linux"))]
    return unsafe { libc::issetugid() } != 0;
}

/// The value of a variable, or NULL. It stays unless the program changes its environment.
fn get(name: &CStr) -> *const c_char {
    // SAFETY: the name ends in 0.
    unsafe {
        match secure_getenv() {
            Some(secure_getenv) => secure_getenv(name.as_ptr()),
            None if is_privileged() => core::ptr::null_mut(),
            None => libc::getenv(name.as_ptr()),
        }
    }
}

/// The number that a variable says; 0: it says none.
pub(crate) fn read_u64(name: &CStr) -> u64 {
    let text = get(name);
    // SAFETY: the value ends in 0, and stays unless the program changes its environment.
    if text.is_null() { 0 } else { unsafe { libc::strtoull(text, core::ptr::null_mut(), 10) } }
}
