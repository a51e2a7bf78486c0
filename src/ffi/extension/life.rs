//! Restart, returning entry functions, cancellation, and moves to other threads.

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::ffi::non_null;
use crate::{attach, coroutine, overflow, resume, state, sys, thread};

/// Restarts a coroutine that has ended or not started. The next resume runs `fp` with the argument
/// `arg`, on the same stack, from the same `main_co`. The floating-point environment is that of a
/// new coroutine. Allocates nothing. The counters of its save area continue. For another `main_co`
/// call aco_attach() after it.
///
/// # Aborts
/// - if `co` is NULL, destroyed or a main coroutine.
/// - if `co` has started and not ended.
/// - if its share stack is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    let co = non_null("aco_reset", "the coroutine", co);
    // The next resume may be inline.
    overflow::reinstall_if_removed();
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { coroutine::reset(co.as_ptr(), fp, arg) }
}

/// Permits the entry function of `co` to return. The return ends the coroutine as aco_exit() does.
/// Call it before `co` starts, and again after each aco_reset().
///
/// # Aborts
/// If `co` is NULL, destroyed, a main coroutine, started, ended, or without an entry function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_return_exits(co: *mut aco_t) {
    let co = non_null("aco_return_exits", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { resume::return_exits(co, resume::returning_entry) }
}

/// Permits all entry functions of the calling thread to return, if `on` is not 0. With `on` 0, a
/// return is an error again. The call replaces the function that aco_thread_init() was given.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_return_exits(on: c_int) {
    thread::set_last_word(if on != 0 { Some(resume::last_word) } else { None });
}

/// Marks `co` as cancelled. aco_yield_checked() reports the mark in the coroutine. The call neither
/// interrupts nor unwinds `co`: resume the coroutine to let it end. The mark stays until
/// aco_reset(). Call it on the thread of `co`.
///
/// # Aborts
/// If `co` is NULL, destroyed or a main coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_cancel(co: *mut aco_t) {
    let co = non_null("aco_cancel", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { resume::cancel(co) }
}

/// Returns whether `co` is cancelled.
///
/// # Returns
/// 1 or 0.
///
/// # Aborts
/// If `co` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_is_cancelled(co: *mut aco_t) -> c_int {
    let co = non_null("aco_is_cancelled", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { state::is_cancelled(co.as_ptr()) }.into()
}

/// Yields like aco_yield(), and reports cancellation. In a cancelled coroutine it fails without a
/// yield, so a loop of checked yields ends. If the coroutine is cancelled while it is suspended, it
/// fails after the yield.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the running coroutine is cancelled.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_checked() -> c_int {
    // SAFETY: the current coroutine is the one that runs.
    cancel_status(unsafe { resume::yield_checked(resume::yield_back) })
}

/// 0, or -1 and errno ECANCELED.
pub(super) fn cancel_status(is_cancelled: bool) -> c_int {
    if is_cancelled { sys::fail_with(libc::ECANCELED) } else { 0 }
}

/// Makes `main_co` the coroutine that resumes `co` from now on. `main_co` belongs to the calling
/// thread. NULL means the thread's current coroutine: the library creates a main coroutine if there
/// is none. `co` may come from another thread, and belongs to the calling thread afterwards. Its
/// share stack moves with it: attach all coroutines of the stack before one of them is resumed.
///
/// Code in a coroutine that moves to another thread must not use the old thread's addresses of
/// `errno` and thread-local variables. gcc and clang keep such an address over a yield if a
/// function uses the variable before and after the yield. A function that uses it only on one side
/// is safe.
///
/// # Aborts
/// - if `co` is NULL, destroyed, a main coroutine, or running on any thread.
/// - if the owner of its share stack runs on another thread.
/// - if `main_co` is destroyed or `co` itself.
/// - if there is no memory.
///
/// # Safety
/// A lock or a join orders the old thread's last use of the share stack before this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_attach(co: *mut aco_t, main_co: *mut aco_t) {
    let co = non_null("aco_attach", "the coroutine", co);
    let main_co = NonNull::new(main_co).unwrap_or_else(|| {
        coroutine::current_or_create_main().unwrap_or_else(|error| error.abort("aco_attach"))
    });
    // SAFETY: both are not NULL, so they are coroutines (F1). No other thread uses the share stack (F6).
    unsafe { attach::attach(co, main_co) }
}
