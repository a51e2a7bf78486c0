//! Telling Valgrind about stacks, so that it does not take a switch for a growing stack.
//!
//! A client request is a few instructions that do nothing on a processor; no header of Valgrind's
//! is needed, and one library serves under it and without.

use crate::arch;

/// Requests of Valgrind's core: `RUNNING_ON_VALGRIND`, `VALGRIND_STACK_REGISTER` and
/// `VALGRIND_STACK_DEREGISTER`.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const STACK_REGISTER: usize = 0x1501;
const STACK_DEREGISTER: usize = 0x1502;

/// Valgrind's number of a stack; 0 is also what a plain processor answers, which does no harm.
pub(crate) type StackId = u32;

/// Does the process run under Valgrind?
pub(crate) fn is_running() -> bool {
    arch::valgrind_request(&[RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0]) != 0
}

/// Registers `size` bytes at `low` as a stack.
pub(crate) fn register_stack(low: usize, size: usize) -> StackId {
    arch::valgrind_request(&[STACK_REGISTER, low, low + size - 1, 0, 0, 0]) as StackId
}

/// Ends what [`register_stack`] began.
pub(crate) fn deregister_stack(id: StackId) {
    arch::valgrind_request(&[STACK_DEREGISTER, id as usize, 0, 0, 0, 0]);
}
