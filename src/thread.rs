//! What a thread sets up for its coroutines, and what it says when one returns.

use core::ffi::c_void;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::{arch, diag, exceptions, sanitizer, sys, tls};

/// Takes the floating-point environment of this moment for fresh coroutines of this thread; sets
/// its last word, unless that is None.
pub(crate) fn initialize(last_word: aco_cofuncp_t) {
    let state = tls::thread_state();
    exceptions::find();
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe {
        arch::store_fp_environment((&raw mut (*state).fp_environment).cast());
        (*state).fp_environment_is_set = 1;
        if last_word.is_some() {
            (*state).last_word = last_word;
        }
    }
}

/// Sets this thread's last word; None: the default.
pub(crate) fn set_last_word(last_word: aco_cofuncp_t) {
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { (*tls::thread_state()).last_word = last_word }
}

/// Stores the floating-point environment of this moment in the 8 bytes at `place`.
///
/// # Safety
/// `place` is writable for 8 bytes.
pub(crate) unsafe fn store_fp_environment(place: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { arch::store_fp_environment(place) };
    sanitizer::unpoison(place, 8);
}

/// The floating-point environment for a fresh coroutine: that of [`initialize`], or of this
/// moment in a thread that did not call it.
pub(crate) fn fp_environment() -> usize {
    let state = tls::thread_state();
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe {
        if (*state).fp_environment_is_set == 0 {
            initialize(None);
        }
        (*state).fp_environment
    }
}

/// An entry function has returned: gives the thread's last word, which may end the coroutine
/// with `aco_exit()`, and aborts.
pub(crate) fn entry_returned() -> ! {
    // SAFETY: the thread's own state; the program promised with `aco_thread_init` that the
    // function can be called.
    unsafe {
        let Some(last_word) = (*tls::thread_state()).last_word else { default_last_word() };
        last_word();
    }
    diag::fatal(
        "aco_funcp_protector",
        tls::current(),
        format_args!("the last word function returned after an entry function did"),
        "an entry function ends with aco_exit()",
    )
}

/// libaco's own two lines, to the letter.
fn default_last_word() -> ! {
    let co: *mut aco_t = tls::current();
    // SAFETY: the current coroutine exists. There may be none: a program that switches by hand.
    let fp = unsafe { co.as_ref() }.and_then(|co| co.fp);
    let entry = fp.map_or(0, |fp| fp as usize);
    diag::print(format_args!(
        "error: aco_default_protector_last_word triggered\n\
         error: co:{co:p} should call `aco_exit()` instead of direct `return` in co_fp:{entry:#x} \
         to finish its execution\n"
    ));
    sys::abort()
}
