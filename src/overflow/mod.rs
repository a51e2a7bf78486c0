//! The overflow reporter: a signal handler that prints which coroutine overflowed its stack.
//!
//! It handles SIGSEGV and SIGBUS, and lets the signal take its course afterwards.
//!
//! It is needed while a runtime exists that wants it, for the stacks of tasks, and for all coroutines after
//! `aco_report_overflow()` (`users`). For each of the two signals (`actions`), *current* is the action that the kernel
//! has, PREVIOUS the one that the reporter replaced, and IN_CHAIN a flag. REINSTALL is `NEEDS_REINSTALL`, for both.
//!
//! | event | condition | effect |
//! |---|---|---|
//! | install: enable, a runtime begins | current is the reporter | IN_CHAIN = 1 |
//! | | current is another handler, IN_CHAIN is 1 | none: that handler may call the reporter |
//! | | otherwise | PREVIOUS = current, IN_CHAIN = 1, current = reporter |
//! | the kernel calls the reporter | a synchronous fault, an overflow (V1) | prints a line |
//! | restore | current is the reporter | current = PREVIOUS, IN_CHAIN = 0, REINSTALL = 1; a sent signal is sent again |
//! | else forward | current is another action | acts as PREVIOUS would |
//! | a coroutine is prepared or reset | REINSTALL is 1: the program survived | REINSTALL = 0; install, if needed |
//! | remove: the last runtime ends, unload | current is the reporter | current = PREVIOUS, IN_CHAIN = 0 |
//!
//! * V1. The reporter prints a line for an address in the guard or gap below the stack of the coroutine on whose stack
//!   the current one runs, if that is a task or `aco_report_overflow()` was called. After `aco_report_overflow()` it
//!   also does so if the stack pointer is below the stack, by no more than the largest frame, and the address is
//!   between the two. It prints for no other fault, and once for each fault.
//!
//! * V2. The program sees each signal as if there were no reporter. After restore the fault happens again, or the
//!   sent signal arrives again with its `siginfo_t`. So a handler of the program runs with its own flags, on its own
//!   stack.
//!
//! * V3. Restore changes an action only if it is the reporter. A later handler that calls the reporter, as the action
//!   before it, stays.
//!
//! * V4. The reporter is in a chain of handlers at most once: install replaces a handler only if IN_CHAIN is 0.
//!   So no chain is a ring. An action that is no handler calls none, and ends a chain.
//!
//! * V5. The handler takes no lock, allocates nothing, and keeps errno. It reads the thread's words, the current
//!   coroutine and its stack: no other thread changes them meanwhile.

mod actions;
mod fault;
mod reporter;
mod signal_stack;
mod users;

pub(crate) use reporter::{
    disable_for_runtime, enable, enable_for_runtime, is_removed, prepare_thread,
    reinstall_if_removed,
};
pub(crate) use users::Overflow;
