//! Beginnings and ends: reuse, returns, cancellation, and other threads.

use core::ffi::{c_int, c_void};

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::ffi::non_null;
use crate::{attach, coroutine, resume, sys, thread};

/// Makes a coroutine that has ended, or not begun, begin anew with `fp` and `arg` when it is next
/// resumed: on the same stack, by the same main_co, with the floating-point environment of a fresh
/// one. Nothing is allocated; the counters of its save area go on. Aborts on NULL, on a main
/// coroutine, on one that has begun and not ended, and where it or its share stack is destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    let co = non_null("aco_reset", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::reset(co.as_ptr(), fp, arg) }
}

/// Lets the entry function of `co` return: that ends the coroutine then, as aco_exit() does. To be said
/// before `co` begins, and again after aco_reset(). Aborts on NULL, and where `co` is not about to begin.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_return_exits(co: *mut aco_t) {
    let co = non_null("aco_return_exits", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { resume::return_exits(co, resume::returning_entry) }
}

/// Lets all entry functions return that run in this thread, or (`on` is 0) none any more: takes the place of
/// the last word function that aco_thread_init() was given.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_return_exits(on: c_int) {
    thread::set_last_word(if on != 0 { Some(resume::last_word) } else { None });
}

/// Marks `co` as cancelled: aco_yield_checked() says so inside it. Nothing else happens: nobody is
/// interrupted, and no frame unwound; to let it end, resume it. The mark stays until aco_reset(). To be
/// called in the thread of `co`. Aborts on NULL, a main coroutine and a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_cancel(co: *mut aco_t) {
    let co = non_null("aco_cancel", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { resume::cancel(co) }
}

/// Was `co` cancelled? 1 or 0. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_is_cancelled(co: *mut aco_t) -> c_int {
    let co = non_null("aco_is_cancelled", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { resume::is_cancelled(co) }.into()
}

/// aco_yield() that sees cancellation: 0; or -1 and errno ECANCELED if the running coroutine is cancelled,
/// at once, or when it is resumed. A cancelled coroutine does not leave here, so a loop over this ends.
/// Aborts as aco_yield().
#[unsafe(no_mangle)]
pub extern "C" fn aco_yield_checked() -> c_int {
    // SAFETY: the current coroutine is the one that runs.
    cancel_status(unsafe { resume::yield_checked(resume::switch) })
}

/// 0, or -1 and errno ECANCELED.
pub(super) fn cancel_status(is_cancelled: bool) -> c_int {
    if is_cancelled { sys::fail_with(libc::ECANCELED) } else { 0 }
}

/// Makes `main_co` the one that resumes `co` from now on: another one of this thread, or, where `co` comes
/// from another thread, one of this. With it goes its share stack, and so all coroutines on that, which
/// are attached one by one before any of them is resumed. The two threads see to it that one is done
/// before the other begins (a lock, a join).
///
/// What is safe in a coroutine that moves: all but what the compiler keeps over a yield of the old thread,
/// the address of errno and of thread-local variables. gcc and clang keep both where a function uses one
/// before and after a yield; a function that does only either is safe.
///
/// Aborts on NULL, where `co` is running here or in another thread, destroyed, or a main coroutine, where
/// `main_co` is destroyed or `co` itself, and without memory.
///
/// # Safety
/// Both are NULL or coroutines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_attach(co: *mut aco_t, main_co: *mut aco_t) {
    let co = non_null("aco_attach", "the coroutine", co);
    let main_co = non_null("aco_attach", "the main_co", main_co);
    // SAFETY: the caller's promise.
    unsafe { attach::attach(co, main_co) }
}
