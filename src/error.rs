//! Why a constructor gives nothing: a line and SIGABRT for libaco's functions, an error number for those
//! that say so.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{diag, sys};

/// What a constructor found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CreateError {
    /// The system has no memory for a coroutine's part, of so many bytes.
    NoMemory { what: &'static str, size: usize },
    /// Nor for that of a share stack.
    NoStackMemory { size: usize },
    /// No address space has so many bytes.
    StackTooLarge { size: usize },
    /// The share stack is destroyed.
    StackDestroyed(*mut aco_share_stack_t),
    /// What the program gives for a share stack cannot be one.
    InvalidStackMemory { memory: *mut c_void, size: usize, what: &'static str },
}

impl CreateError {
    /// Says it in the name of `function` and aborts.
    #[cold]
    #[inline(never)]
    pub(crate) fn abort(self, function: &str) -> ! {
        let no_stack = ptr::null::<aco_share_stack_t>();
        match self {
            CreateError::NoMemory { what, size } => {
                diag::out_of_memory(function, ptr::null::<aco_t>(), what, size)
            }
            CreateError::NoStackMemory { size } => {
                diag::out_of_memory(function, no_stack, "a share stack", size)
            }
            CreateError::StackTooLarge { size } => diag::fatal(
                function,
                no_stack,
                format_args!("a stack of {size} bytes does not fit the address space"),
                "the size is in bytes; 0 means 2 MiB",
            ),
            CreateError::StackDestroyed(stack) => diag::fatal(
                function,
                stack,
                format_args!("the share stack is destroyed"),
                "a coroutine is created on a live share stack",
            ),
            CreateError::InvalidStackMemory { memory, size, what } => diag::fatal(
                function,
                no_stack,
                format_args!("{what}: {size} bytes at {memory:p}"),
                "a stack's memory has 4096 bytes or more and is aligned to 16",
            ),
        }
    }

    /// Leaves it in errno: EINVAL for a destroyed stack and memory that cannot be one, else ENOMEM. NULL,
    /// for the caller to return.
    #[cold]
    #[inline(never)]
    pub(crate) fn null_with_errno<T>(self) -> *mut T {
        let error: c_int = match self {
            CreateError::StackDestroyed(_) | CreateError::InvalidStackMemory { .. } => libc::EINVAL,
            _ => libc::ENOMEM,
        };
        sys::set_errno(error);
        ptr::null_mut()
    }
}
