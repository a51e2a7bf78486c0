//! The report of a task that overflows its stack.
//!
//! It is one line on standard error, before the fault takes its course.

use core::ffi::CStr;
use core::ptr;

use crate::overflow::{self, Overflow};
use crate::rt::model::abi::ACORT_NO_OVERFLOW_REPORT;
use crate::rt::model::task::{CUSTOM_STACK, MAIN, SHARED};
use crate::rt::model::{Runtime, task, task_cold};
use crate::{diag, environment};

/// Enables the report for a new runtime, unless its options or the environment forbid it.
pub(crate) fn enable(runtime: &mut Runtime) {
    if is_disabled_by_environment() {
        runtime.options.flags |= ACORT_NO_OVERFLOW_REPORT;
    }
    if is_enabled(runtime) {
        overflow::enable_for_runtime(report);
    }
}

/// Disables the report at the end of a runtime for which [`enable`] was called.
pub(crate) fn disable(runtime: &Runtime) {
    if is_enabled(runtime) {
        overflow::disable_for_runtime();
    }
}

/// Prepares this thread, which will run tasks. Without memory for a signal stack, overflows on it are not reported.
pub(crate) fn prepare_thread(runtime: &Runtime) {
    if is_enabled(runtime) {
        overflow::prepare_thread();
    }
}

fn is_enabled(runtime: &Runtime) -> bool {
    runtime.options.flags & ACORT_NO_OVERFLOW_REPORT == 0
}

/// Returns true if ACORT_NO_OVERFLOW_REPORT in the environment is a number other than 0.
fn is_disabled_by_environment() -> bool {
    environment::read_u64(c"ACORT_NO_OVERFLOW_REPORT") != 0
}

/// Prints the line of the running task. Returns false if no task has overflowed. A task of a runtime without reports
/// gets no line, and counts as reported. Runs in a signal handler.
fn report(overflow: &Overflow) -> bool {
    let Overflow { co, address, stack_pointer } = *overflow;
    // SAFETY: the running task exists, with its worker and its stack. The thread is in this handler, so it frees
    // nothing.
    unsafe {
        let Some(task) = task::current().as_ref() else { return false };
        if task.co != co.as_ptr() {
            return false;
        }
        if !is_enabled(&*(*task.parker.worker()).runtime) {
            return true;
        }
        let (co, stack) = (&*co.as_ptr(), &*(*co.as_ptr()).share_stack);
        let (kib, low, entry) = (stack.sz / 1024, stack.ptr, co.fp.map_or(0, |fp| fp as usize));
        let name = task_cold::name(ptr::from_ref(task).cast_mut());
        let name = if name.is_null() { c"" } else { CStr::from_ptr(name) };
        let name = name.to_str().unwrap_or("?");
        let space = if name.is_empty() { "" } else { " " };
        let option = match () {
            () if task.has_flag(SHARED) => "acort_opts_t.shared_stack_size",
            () if task.has_flag(MAIN) => "acort_opts_t.main_stack_size",
            () if task.has_flag(CUSTOM_STACK) => "acort_attr_t.stack_size",
            () => "acort_opts_t.stack_size or acort_attr_t.stack_size",
        };
        diag::print(format_args!(
            "acort: fatal: task {}{space}{name:.80} (entry {entry:#x}) overflowed its {kib} KiB stack: fault \
             at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it larger: {option})",
            task.id()
        ));
    }
    true
}
