//! Why a constructor gives nothing: a line and SIGABRT for libaco's functions, an error number for those
//! that say so.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{diag, sys};

/// What a constructor found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    /// The system has no memory for a coroutine's part, of so many bytes.
    Coroutine { what: &'static str, size: usize },
    /// Nor for that of a share stack.
    Stack { size: usize },
    /// No address space has so many bytes.
    TooLarge { size: usize },
    /// The share stack is destroyed.
    Destroyed(*mut aco_share_stack_t),
    /// What the program gives for a share stack cannot be one.
    Memory { place: *mut c_void, size: usize, what: &'static str },
}

impl Refusal {
    /// Says it in the name of `function` and aborts.
    #[cold]
    #[inline(never)]
    pub(crate) fn abort(self, function: &str) -> ! {
        let no_stack = ptr::null::<aco_share_stack_t>();
        match self {
            Refusal::Coroutine { what, size } => {
                diag::out_of_memory(function, ptr::null::<aco_t>(), what, size)
            }
            Refusal::Stack { size } => {
                diag::out_of_memory(function, no_stack, "a share stack", size)
            }
            Refusal::TooLarge { size } => diag::fatal(
                function,
                no_stack,
                format_args!("a stack of {size} bytes does not fit the address space"),
                "the size is in bytes; 0 means 2 MiB",
            ),
            Refusal::Destroyed(stack) => diag::fatal(
                function,
                stack,
                format_args!("the share stack is destroyed"),
                "a coroutine is created on a live share stack",
            ),
            Refusal::Memory { place, size, what } => diag::fatal(
                function,
                no_stack,
                format_args!("{what}: {size} bytes at {place:p}"),
                "a stack's memory has 4096 bytes or more and is aligned to 16",
            ),
        }
    }

    /// Leaves it in errno: EINVAL for a destroyed stack and memory that cannot be one, else ENOMEM. NULL,
    /// for the caller to return.
    #[cold]
    #[inline(never)]
    pub(crate) fn as_errno<T>(self) -> *mut T {
        let error: c_int = match self {
            Refusal::Destroyed(_) | Refusal::Memory { .. } => libc::EINVAL,
            _ => libc::ENOMEM,
        };
        sys::set_errno(error);
        ptr::null_mut()
    }
}
