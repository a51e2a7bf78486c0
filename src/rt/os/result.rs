//! The result of a call: a value, or an errno.

use core::ffi::c_int;

/// A value, or an errno.
pub(crate) type Result<T> = core::result::Result<T, c_int>;
