//! Variables of the environment. No other part of the library reads it.
//!
//! A program with more rights than its caller (set-user-ID, capabilities) ignores all variables: by secure_getenv(3),
//! or by the kernel's AT_SECURE if the C library has no such function.

use core::ffi::{CStr, c_char};

use crate::{arch, sys};

arch::weak_functions! {
    /// The function secure_getenv(3). None: the C library has none, or is linked statically without it.
    fn secure_getenv(*const c_char) -> *mut c_char = "secure_getenv";
}

/// The value of a variable, or NULL. It is valid until the program changes its environment.
fn get(name: &CStr) -> *const c_char {
    // SAFETY: the name ends in 0.
    unsafe {
        match secure_getenv() {
            Some(secure_getenv) => secure_getenv(name.as_ptr()),
            None if sys::is_privileged() => core::ptr::null_mut(),
            None => libc::getenv(name.as_ptr()),
        }
    }
}

/// The decimal number in a variable. 0: the variable is not set, or holds none.
pub(crate) fn read_u64(name: &CStr) -> u64 {
    let text = get(name);
    // SAFETY: the value ends in 0, and the program does not change its environment meanwhile.
    if text.is_null() { 0 } else { unsafe { libc::strtoull(text, core::ptr::null_mut(), 10) } }
}
