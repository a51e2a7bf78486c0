//! The version of the library, for bindings that check what they have loaded.

use core::ffi::{c_char, c_uint};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// One number of the version in Cargo.toml.
const fn number(digits: &str) -> c_uint {
    let mut rest = digits.as_bytes();
    let mut value = 0;
    while let [digit, tail @ ..] = rest {
        value = value * 10 + (*digit - b'0') as c_uint;
        rest = tail;
    }
    value
}

/// Returns the version of the library that is loaded. ACO_VERSION_NUMBER is the version of the
/// header.
///
/// # Returns
/// major << 16 | minor << 8 | patch.
#[unsafe(no_mangle)]
pub extern "C" fn aco_version() -> c_uint {
    const MAJOR: c_uint = number(env!("CARGO_PKG_VERSION_MAJOR"));
    const MINOR: c_uint = number(env!("CARGO_PKG_VERSION_MINOR"));
    const PATCH: c_uint = number(env!("CARGO_PKG_VERSION_PATCH"));
    MAJOR << 16 | MINOR << 8 | PATCH
}

/// Returns the version of the library that is loaded, as text.
///
/// # Returns
/// The text, for example "1.3.0". It is static.
#[unsafe(no_mangle)]
pub extern "C" fn aco_version_string() -> *const c_char {
    VERSION.as_ptr().cast()
}
