//! The overflow reporter: says what ran off its stack, before the fault takes its course.
//!
//! A handler on its own stack (sigaltstack) looks at each SIGSEGV and SIGBUS, prints a line where it is
//! an overflow, and hands the signal on. It is on while a runtime that wants it exists, for tasks, and for
//! all coroutines once the program has asked for it. Invariants:
//!
//! 1. It speaks of an address in a guard or gap of the stack that runs here, and of no other fault. Asked
//!    for, it speaks also of a stack pointer that has left the stack, with the fault between the two. It speaks
//!    of each fault once.
//! 2. Each signal goes on to the action before, as if the reporter were not there: that action is put back
//!    and the fault happens again, or the signal that was sent is sent again with all that came with it.
//!    So a handler of the program's runs with its flags, on its stack. Survives the program that, then the
//!    next coroutine that is made ready puts the reporter before what handles the signal now.
//! 3. The action before is put back only where the present one is the reporter's. Where a later handler
//!    calls the reporter, as the one that was there before, nothing is put back: the action before is called.
//! 4. The reporter is in a chain of handlers once at most: it is put before another action only after it has
//!    put its own action before back (`IN_CHAIN`). So no chain of handlers is a circle.
//! 5. The handler takes no lock, allocates nothing, keeps errno, and reads what each switch reads.

mod actions;
mod fault;
mod reporter;
mod signal_stack;
mod users;

#[cfg(feature = "rt")]
pub(crate) use reporter::{disable_for_runtime, enable_for_runtime};
pub(crate) use reporter::{enable, prepare_thread, reinstall_if_removed};
#[cfg(feature = "rt")]
pub(crate) use users::Overflow;
