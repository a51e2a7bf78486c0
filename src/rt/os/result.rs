//! What a call gives.

use core::ffi::c_int;

/// The result of a call, or its errno.
pub(crate) type Result<T> = core::result::Result<T, c_int>;
