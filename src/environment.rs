//! Environment variables, which a program with extra privileges ignores.
//!
//! * EN1. A program with more privileges than its caller (set-user-ID, capabilities) ignores all variables: the library
//!   uses secure_getenv(3), or AT_SECURE if the C library has no such function.
//! * EN2. No other code of the library reads the environment.

use core::ffi::{CStr, c_char};

use crate::arch;

type Getenv = unsafe extern "C" fn(*const c_char) -> *mut c_char;

/// Returns secure_getenv(3), or None if the C library has none, or is linked statically without it.
fn secure_getenv() -> Option<Getenv> {
    // SAFETY: the address of that function, or NULL, which is None.
    unsafe {
        core::mem::transmute::<*const (), Option<Getenv>>(arch::weak_symbol!("secure_getenv"))
    }
}

/// Returns true if the program has more privileges than its caller (EN1).
fn is_privileged() -> bool {
    // SAFETY: getauxval has no preconditions.
    #[cfg(target_os = "linux")]
    return unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    // SAFETY: issetugid has no preconditions.
    #[cfg(not(target_os = "linux"))]
    return unsafe { libc::issetugid() } != 0;
}

/// Returns the value of a variable, or NULL. It is valid until the program changes its environment.
fn get(name: &CStr) -> *const c_char {
    // SAFETY: the name ends with a NUL byte.
    unsafe {
        match secure_getenv() {
            Some(secure_getenv) => secure_getenv(name.as_ptr()),
            None if is_privileged() => core::ptr::null_mut(),
            None => libc::getenv(name.as_ptr()),
        }
    }
}

/// Returns the number in a variable, or 0 if it has none.
pub(crate) fn read_u64(name: &CStr) -> u64 {
    let text = get(name);
    // SAFETY: the value ends with a NUL byte, and is valid until the program changes its environment.
    if text.is_null() { 0 } else { unsafe { libc::strtoull(text, core::ptr::null_mut(), 10) } }
}
