//! The line of a task that overflows its stack.

use core::ffi::CStr;
use core::ptr;

use crate::overflow::{self, Overflow};
use crate::rt::model::abi::ACORT_NO_OVERFLOW_REPORT;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{self, CUSTOM_STACK, MAIN, SHARED};
use crate::rt::model::task_cold;
use crate::{diag, environment};

/// A runtime begins: its tasks' overflows are reported, unless the program or the environment says no.
pub(crate) fn begin_reports(runtime: &mut Runtime) {
    if is_off_in_environment() {
        runtime.options.flags |= ACORT_NO_OVERFLOW_REPORT;
    }
    if are_reported(runtime) {
        overflow::enable_for_runtime(describe);
    }
}

/// One that had begun is over.
pub(crate) fn end_reports(runtime: &Runtime) {
    if are_reported(runtime) {
        overflow::disable_for_runtime();
    }
}

/// This thread is about to run tasks. Without memory for a signal stack their overflows have no line.
pub(crate) fn prepare_thread(runtime: &Runtime) {
    if are_reported(runtime) {
        overflow::prepare_thread();
    }
}

fn are_reported(runtime: &Runtime) -> bool {
    runtime.options.flags & ACORT_NO_OVERFLOW_REPORT == 0
}

/// ACORT_NO_OVERFLOW_REPORT says a number other than 0.
fn is_off_in_environment() -> bool {
    environment::read_u64(c"ACORT_NO_OVERFLOW_REPORT") != 0
}

/// Prints the line of a task. False: what ran off its stack is none, or one of a runtime that reports none,
/// which counts as told.
fn describe(overflow: &Overflow) -> bool {
    let Overflow { co, address, stack_pointer } = *overflow;
    // SAFETY: who runs here exists, its worker and its stack; the line is printed before anything is freed.
    unsafe {
        let Some(task) = task::current().as_ref() else { return false };
        if task.co != co.as_ptr() {
            return false;
        }
        if !are_reported(&*(*task.parker.worker()).runtime) {
            return true;
        }
        let (co, stack) = (&*co.as_ptr(), &*(*co.as_ptr()).share_stack);
        let (kib, low, entry) = (stack.sz / 1024, stack.ptr, co.fp.map_or(0, |fp| fp as usize));
        let name = task_cold::name(ptr::from_ref(task).cast_mut());
        let name = if name.is_null() { c"" } else { CStr::from_ptr(name) };
        let name = name.to_str().unwrap_or("?");
        let space = if name.is_empty() { "" } else { " " };
        let larger = match () {
            () if task.has_flag(SHARED) => "acort_opts_t.shared_stack_size",
            () if task.has_flag(MAIN) => "acort_opts_t.main_stack_size",
            () if task.has_flag(CUSTOM_STACK) => "acort_attr_t.stack_size",
            () => "acort_opts_t.stack_size or acort_attr_t.stack_size",
        };
        diag::print(format_args!(
            "acort: fatal: task {}{space}{name:.80} (entry {entry:#x}) overflowed its {kib} KiB stack: fault \
             at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it larger: {larger})\n",
            task.id()
        ));
    }
    true
}
