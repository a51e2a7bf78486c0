//! The types of the functions that switch, and what a resume returns.

use core::ffi::c_void;

use crate::abi::aco_t;

/// [`resume`] or [`resume_shared_fpenv`].
pub(crate) type Resume = unsafe extern "C" fn(co: *mut aco_t, value: *mut c_void) -> Resumed;

/// [`switch`] or [`switch_shared_fpenv`].
pub(crate) type Switch =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, value: *mut c_void) -> *mut c_void;

/// What a resume returns, in two registers.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Resumed {
    /// What was yielded; NULL: nothing.
    pub(crate) value: *mut c_void,
    /// Who has left: who was resumed, or came after that by a transfer.
    pub(crate) from: *mut aco_t,
}
