//! The types of the functions in `switch`, which have two forms each.

use core::ffi::c_void;

use crate::abi::aco_t;

/// `resume`, in one of its forms.
pub(crate) type Resume = unsafe extern "C" fn(co: *mut aco_t, value: *mut c_void) -> Resumed;

/// `switch`, in one of its forms.
pub(crate) type Switch =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, value: *mut c_void) -> *mut c_void;

/// `yield_back`, in one of its forms.
pub(crate) type Yield = unsafe extern "C" fn(value: *mut c_void, co: *mut aco_t) -> *mut c_void;

/// The result of a resume, in two registers.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Resumed {
    /// The value that the coroutine passed, or NULL. First, so that a resume returns it as its caller does.
    pub(crate) value: *mut c_void,
    /// The coroutine that switched back (R4).
    pub(crate) from: *mut aco_t,
}

/// A coroutine that has ended, and its main coroutine, in two registers.
#[repr(C)]
pub(crate) struct Ended {
    pub(crate) co: *mut aco_t,
    pub(crate) main_co: *mut aco_t,
}

/// `transfer`, in one of its forms.
pub(crate) type Transfer =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, main_co: *mut aco_t, is_ready: usize);

/// `exit_to`, in one of its forms.
pub(crate) type ExitTo =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, value: *mut c_void) -> !;

/// `returning_entry` or `argument_entry`, in one of its forms.
pub(crate) type EntryPoint = unsafe extern "C" fn() -> !;
