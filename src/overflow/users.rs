//! The users of the reporter: the program, for all coroutines, and runtimes, for their tasks.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::abi::aco_t;

/// The program has called `aco_report_overflow()`: all coroutines are reported.
#[unsafe(link_section = "aco_shared")]
pub(super) static REPORTS_ALL: AtomicBool = AtomicBool::new(false);

/// The number of runtimes that want the reporter.
#[unsafe(link_section = "aco_shared")]
pub(super) static RUNTIME_COUNT: AtomicU32 = AtomicU32::new(0);

/// The runtime's [`ReportTask`]; NULL before the first runtime.
#[unsafe(link_section = "aco_shared")]
pub(super) static TASK_REPORTER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// An overflow, for the function that prints its line.
pub(crate) struct Overflow {
    /// The coroutine whose stack overflowed: the current one, or its resumer (`stack_holder` of `coroutine`).
    pub(crate) co: NonNull<aco_t>,
    /// The address of the fault.
    pub(crate) address: usize,
    /// The stack pointer at the fault.
    pub(crate) stack_pointer: usize,
}

/// Prints the line of a task. Returns true if the coroutine is a task: it was reported, or its runtime wants no report.
pub(crate) type ReportTask = fn(&Overflow) -> bool;

/// Returns true if the reporter has a user.
pub(super) fn is_needed() -> bool {
    REPORTS_ALL.load(Ordering::SeqCst) || RUNTIME_COUNT.load(Ordering::SeqCst) != 0
}
