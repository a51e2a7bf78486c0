//! Entry functions that may return: that ends the coroutine, as `aco_exit()` does.

use core::ptr::NonNull;

use super::exit::exit;
use crate::abi::aco_t;
use crate::arch::{self, ExitTo};
use crate::{coroutine, diag, tls};

/// Where a coroutine begins: [`returning_entry`] or [`returning_entry_shared_fpenv`].
pub(crate) type Entry = unsafe extern "C" fn() -> !;

/// Calls the entry function of the current coroutine, and ends that.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn returning_entry() -> ! {
    arch::returning_entry_body!(exit_saving_fpenv)
}

/// As [`returning_entry`], in one floating-point environment.
///
/// # Safety
/// As there.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn returning_entry_shared_fpenv() -> ! {
    arch::returning_entry_body!(end_shared_fpenv)
}

unsafe extern "C" fn exit_saving_fpenv() -> ! {
    exit_current(arch::exit_to)
}

unsafe extern "C" fn end_shared_fpenv() -> ! {
    exit_current(arch::exit_to_shared_fpenv)
}

/// A last word of a thread that ends the coroutine.
///
/// # Safety
/// The current coroutine is the one that runs.
pub(crate) unsafe extern "C" fn last_word() {
    exit_current(arch::exit_to)
}

/// As [`last_word`], in one floating-point environment.
///
/// # Safety
/// As there.
pub(crate) unsafe extern "C" fn last_word_shared_fpenv() {
    exit_current(arch::exit_to_shared_fpenv)
}

fn exit_current(exit_to: ExitTo) -> ! {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { exit(tls::current(), exit_to) }
}

/// Lets the entry function of `co` return. Aborts where that has begun, or is not to begin.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn return_exits(co: NonNull<aco_t>, entry: Entry) {
    let co = co.as_ptr();
    // SAFETY: the caller's promise.
    unsafe {
        if !coroutine::is_unstarted(co) {
            let rule = "say so after aco_create or aco_reset, before the first resume";
            diag::fatal("aco_return_exits", co, format_args!("it is not about to begin"), rule)
        }
        aco_t::set_return_address(co, entry as *const () as usize);
    }
}
