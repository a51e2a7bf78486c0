//! What wants the reporter: the program, and runtimes.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::abi::aco_t;

/// The program has asked for the reporter.
#[unsafe(link_section = "aco_shared")]
pub(super) static REPORTS_ALL: AtomicBool = AtomicBool::new(false);

/// Runtimes that want it.
#[unsafe(link_section = "aco_shared")]
pub(super) static RUNTIME_COUNT: AtomicU32 = AtomicU32::new(0);

/// Says of a coroutine what it knows: the runtime's [`ReportTask`], or NULL.
#[unsafe(link_section = "aco_shared")]
pub(super) static TASK_REPORTER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// An overflow, for who prints the line.
pub(crate) struct Overflow {
    pub(crate) co: NonNull<aco_t>,
    /// Where the fault is, and where the stack pointer is.
    pub(crate) address: usize,
    pub(crate) stack_pointer: usize,
}

/// Prints a line of a coroutine that is a task. False: it is none.
pub(crate) type ReportTask = fn(&Overflow) -> bool;

pub(super) fn is_needed() -> bool {
    REPORTS_ALL.load(Ordering::SeqCst) || RUNTIME_COUNT.load(Ordering::SeqCst) != 0
}
