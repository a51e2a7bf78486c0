//! The switching of the reporter: on, off, and on again after a fault that the program survived.

use core::ffi::c_void;
use core::sync::atomic::Ordering;

use super::actions::{NEEDS_REINSTALL, install, remove, with_lock};
use super::fault::clear_last_report;
use super::signal_stack;
use super::users::{REPORTS_ALL, RUNTIME_COUNT, ReportTask, TASK_REPORTER, is_needed};

/// Turns the reporter on for all coroutines of the process, and gives this thread a signal stack. Returns false on
/// failure, and sets errno.
pub(crate) fn enable() -> bool {
    let is_on = with_lock(|| {
        let is_on = install();
        if is_on {
            REPORTS_ALL.store(true, Ordering::SeqCst);
        }
        is_on
    });
    is_on && prepare_thread()
}

/// Turns the reporter on for a runtime that begins. `report_task` prints the lines of tasks. A failure to install the
/// handler is ignored: the runtime works without it.
pub(crate) fn enable_for_runtime(report_task: ReportTask) {
    TASK_REPORTER.store(report_task as *mut c_void, Ordering::SeqCst);
    with_lock(|| {
        RUNTIME_COUNT.fetch_add(1, Ordering::SeqCst);
        install();
    });
}

/// Undoes [`enable_for_runtime`]; the last user's end removes the reporter.
pub(crate) fn disable_for_runtime() {
    with_lock(|| {
        RUNTIME_COUNT.fetch_sub(1, Ordering::SeqCst);
        if !is_needed() {
            remove();
        }
    });
}

/// Installs the reporter again after a fault that the program has survived.
#[inline(always)]
pub(crate) fn reinstall_if_removed() {
    if is_removed() {
        reinstall();
    }
}

/// Returns true if [`reinstall_if_removed`] has something to do.
#[inline(always)]
pub(crate) fn is_removed() -> bool {
    NEEDS_REINSTALL.load(Ordering::Relaxed)
}

#[cold]
#[inline(never)]
fn reinstall() {
    clear_last_report();
    if NEEDS_REINSTALL.swap(false, Ordering::SeqCst) {
        with_lock(|| is_needed() && install());
    }
}

/// Removes the reporter when the library is unloaded or the process ends.
extern "C" fn unload() {
    remove();
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;

/// Gives this thread a signal stack if the reporter is needed and the thread has none. Returns false on failure, and
/// sets errno.
pub(crate) fn prepare_thread() -> bool {
    !is_needed() || signal_stack::ensure()
}
