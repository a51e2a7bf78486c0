//! The reporter is turned on and off.

#[cfg(feature = "rt")]
use core::ffi::c_void;
use core::sync::atomic::Ordering;

use super::actions::{IS_OFF_DUTY, change, install, remove};
use super::fault::forget_last;
use super::signal_stack;
#[cfg(feature = "rt")]
use super::users::{DESCRIBE, Describe, RUNTIMES};
use super::users::{IS_ASKED, is_wanted};

/// Turns the reporter on, for the process once and for this thread. False: `sys::errno` says why.
pub(crate) fn report() -> bool {
    let is_on = change(|| {
        let is_on = install();
        if is_on {
            IS_ASKED.store(true, Ordering::SeqCst);
        }
        is_on
    });
    is_on && prepare_thread()
}

/// A runtime begins that wants the reporter; what it knows of a coroutine comes from `describe`. Without the
/// reporter it runs as well.
#[cfg(feature = "rt")]
pub(crate) fn runtime_begins(describe: Describe) {
    DESCRIBE.store(describe as *mut c_void, Ordering::SeqCst);
    change(|| {
        RUNTIMES.fetch_add(1, Ordering::SeqCst);
        install();
    });
}

/// One that had begun is over.
#[cfg(feature = "rt")]
pub(crate) fn runtime_is_over() {
    change(|| {
        RUNTIMES.fetch_sub(1, Ordering::SeqCst);
        if !is_wanted() {
            remove();
        }
    });
}

/// Puts the reporter back after a fault that the program has survived.
#[inline(always)]
pub(crate) fn return_to_duty() {
    if IS_OFF_DUTY.load(Ordering::Relaxed) {
        go_back();
    }
}

#[cold]
#[inline(never)]
fn go_back() {
    forget_last();
    if IS_OFF_DUTY.swap(false, Ordering::SeqCst) {
        change(|| is_wanted() && install());
    }
}

/// The library is unloaded, or the process ends: the signals are again what they were.
extern "C" fn unload() {
    remove();
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;

/// Gives this thread a signal stack, if the reporter is on and the thread has none.
pub(crate) fn prepare_thread() -> bool {
    !is_wanted() || signal_stack::give()
}
