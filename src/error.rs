//! The errors of constructors. libaco's constructors print the error and abort; the `aco_try_*` functions return NULL
//! and set errno.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{diag, sys};

/// The reason why a constructor creates nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CreateError {
    /// There is no memory for a part of a coroutine: `what`, of `size` bytes.
    NoMemory { what: &'static str, size: usize },
    /// There is no memory for a share stack or its control block: `size` bytes.
    NoStackMemory { size: usize },
    /// `size`, with guards and gap, is larger than the address space.
    StackTooLarge { size: usize },
    /// The share stack is destroyed.
    StackDestroyed(*mut aco_share_stack_t),
    /// The share stack belongs to a coroutine.
    StackOwned(*mut aco_share_stack_t),
    /// The program's memory cannot be a share stack; `what` says why.
    InvalidStackMemory { memory: *mut c_void, size: usize, what: &'static str },
}

impl CreateError {
    /// Prints the error as one of `function`, and aborts.
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
            CreateError::StackOwned(stack) => diag::fatal(
                function,
                stack,
                format_args!("the share stack belongs to a coroutine"),
                "a coroutine of aco_new shares its stack with no other",
            ),
            CreateError::InvalidStackMemory { memory, size, what } => diag::fatal(
                function,
                no_stack,
                format_args!("{what}: {size} bytes at {memory:p}"),
                "a stack's memory has 4096 bytes or more and is aligned to 16",
            ),
        }
    }

    /// The error number: EINVAL for an argument that cannot work, ENOMEM where memory is missing.
    fn errno(self) -> c_int {
        match self {
            CreateError::StackDestroyed(_)
            | CreateError::StackOwned(_)
            | CreateError::InvalidStackMemory { .. } => libc::EINVAL,
            _ => libc::ENOMEM,
        }
    }

    /// Sets errno, and returns NULL for the caller to return.
    #[cold]
    #[inline(never)]
    pub(crate) fn null_with_errno<T>(self) -> *mut T {
        sys::set_errno(self.errno());
        ptr::null_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_argument_is_einval_and_missing_memory_enomem() {
        let null = ptr::null_mut();
        let wrong = [
            CreateError::StackDestroyed(ptr::null_mut()),
            CreateError::InvalidStackMemory { memory: null, size: 1, what: "" },
        ];
        let missing = [
            CreateError::NoMemory { what: "", size: 1 },
            CreateError::NoStackMemory { size: 1 },
            CreateError::StackTooLarge { size: usize::MAX },
        ];
        assert!(wrong.iter().all(|error| error.errno() == libc::EINVAL));
        assert!(missing.iter().all(|error| error.errno() == libc::ENOMEM));
        assert!(missing[0].null_with_errno::<u8>().is_null());
        assert_eq!(sys::errno(), libc::ENOMEM);
    }
}
