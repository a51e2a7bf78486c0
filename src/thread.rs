//! Per-thread setup, and the handler for an entry function that returns.

use core::ffi::c_void;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::{arch, diag, exceptions, sanitizer, sys, tls};

/// Makes the current floating-point environment that of new coroutines of this thread. Sets the thread's last word
/// function, unless `last_word` is None.
pub(crate) fn initialize(last_word: aco_cofuncp_t) {
    let state = tls::thread_state();
    exceptions::init_hook_word();
    // SAFETY: the thread's own state, to which no reference exists. The field has 8 bytes.
    unsafe {
        arch::get_fpenv((&raw mut (*state).initial_fpenv).cast());
        (*state).has_initial_fpenv = 1;
        if last_word.is_some() {
            (*state).last_word = last_word;
        }
    }
}

/// Sets the last word function of this thread; None: the default one.
pub(crate) fn set_last_word(last_word: aco_cofuncp_t) {
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { (*tls::thread_state()).last_word = last_word }
}

/// Stores the current floating-point environment in the 8 bytes at `fpenv`.
///
/// # Safety
/// `fpenv` is writable for 8 bytes.
pub(crate) unsafe fn get_fpenv(fpenv: *mut c_void) {
    // SAFETY: `fpenv` is writable for 8 bytes, which is what the call stores.
    unsafe { arch::get_fpenv(fpenv) };
    sanitizer::unpoison(fpenv, 8);
}

/// As [`initial_fpenv`], once [`initialize`] was called. It has set the hook word, too. None: it was not.
#[inline(always)]
pub(crate) fn known_fpenv() -> Option<usize> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { ((*state).has_initial_fpenv != 0).then_some((*state).initial_fpenv) }
}

/// The floating-point environment for a new coroutine: that of [`initialize`], or the current one if the thread did not
/// call it.
pub(crate) fn initial_fpenv() -> usize {
    let state = tls::thread_state();
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe {
        if (*state).has_initial_fpenv == 0 {
            initialize(None);
        }
        (*state).initial_fpenv
    }
}

/// Handles the return of an entry function: calls the thread's last word function, which may end the coroutine with
/// `aco_exit()`, and aborts otherwise.
pub(crate) fn entry_returned() -> ! {
    // SAFETY: the thread's own state. The program has passed a function without parameters to `aco_thread_init`.
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

/// The default last word function: prints the two lines of libaco, which programs may compare, and aborts.
fn default_last_word() -> ! {
    let co: *mut aco_t = tls::current();
    // SAFETY: the current coroutine exists, or is NULL if the program has written `aco_gtls_co`.
    let fp = unsafe { co.as_ref() }.and_then(|co| co.fp);
    let entry = fp.map_or(0, |fp| fp as usize);
    diag::print(format_args!(
        "error: aco_default_protector_last_word triggered\n\
         error: co:{co:p} should call `aco_exit()` instead of direct `return` in co_fp:{entry:#x} \
         to finish its execution"
    ));
    sys::abort()
}
