//! What a program wants called: when a coroutine is made or destroyed, and at each switch.
//!
//! The header's inline code switches by itself where the pair that the thread's third word points to is
//! zero (see `tls`). With hooks it points to the thread's first two words, the current coroutine and the
//! hint, which are both NULL only
//!
//! * while a switch is on its way that was seen: [`pass`] makes them so, and whoever is gone on in finds
//!   them as they must be, because every resume writes them before it leaves and after it is back;
//! * before a thread's first resume, which [`first_resume`] turns into a second one.
//!
//! So every resume, inline or called, ours or an old binary's, comes to `resume_with_care`, which calls
//! the hooks on the resumer's stack, before it leaves and after it is back. Nothing is kept for it, and
//! without hooks the word is what it was. Where a sanitizer watches, the word is its, and all comes there
//! in any case.

use core::ffi::c_void;
use core::ptr;

use crate::abi::aco_t;
use crate::{exceptions, slow_path, tls};

/// A function of the program's, for a coroutine and what the program wants along.
pub(crate) type Hook = Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>;

/// The functions, as C has them.
#[repr(C)]
pub(crate) struct Hooks {
    pub(crate) create: Hook,
    pub(crate) resume: Hook,
    pub(crate) yields: Hook,
    pub(crate) exit: Hook,
    pub(crate) destroy: Hook,
    pub(crate) data: *mut c_void,
}

/// This thread's; NULL: it has none.
fn of_thread() -> *const Hooks {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).hooks.cast() }
}

/// Has this thread any?
pub(crate) fn are_set() -> bool {
    !of_thread().is_null()
}

/// Sets this thread's, which stay the caller's; NULL: none from here on.
pub(crate) fn set(hooks: *const Hooks) {
    match (of_thread().is_null(), hooks.is_null()) {
        (true, false) => slow_path::add_user(),
        (false, true) => slow_path::remove_user(),
        _ => {}
    }
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).hooks = hooks.cast() };
    exceptions::look_again();
}

/// Calls one of them.
///
/// # Safety
/// `co` points to a coroutine; what was set is still there.
unsafe fn call(which: fn(&Hooks) -> Hook, co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(hooks) = of_thread().as_ref()
            && let Some(hook) = which(hooks)
        {
            hook(co, hooks.data)
        }
    }
}

/// `co` was made.
///
/// # Safety
/// As [`call`].
#[cold]
pub(crate) unsafe fn created(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { call(|hooks| hooks.create, co) }
}

/// `co` will be resumed, by its main coroutine, which is the current one from here on if it was not.
///
/// # Safety
/// As [`call`].
pub(crate) unsafe fn resumes(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if are_set() && tls::current() != (*co).main_co {
            tls::set_current((*co).main_co);
        }
        call(|hooks| hooks.resume, co)
    }
}

/// `co`, which was resumed, has left.
///
/// # Safety
/// As [`call`].
pub(crate) unsafe fn has_left(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*co).is_end == 0 {
            call(|hooks| hooks.yields, co)
        } else {
            call(|hooks| hooks.exit, co)
        }
    }
}

/// `co` will be destroyed.
///
/// # Safety
/// As [`call`].
#[cold]
pub(crate) unsafe fn destroys(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { call(|hooks| hooks.destroy, co) }
}

/// Is it by the thread's own words that switches are seen?
fn sees_by_own_words() -> bool {
    tls::exceptions() == tls::own_words()
}

/// The resume that follows is not seen: it was.
pub(crate) fn pass() {
    if sees_by_own_words() {
        // SAFETY: the thread's own state.
        unsafe { (*tls::thread_state()).is_passing = 1 };
        tls::set_current(ptr::null_mut());
    }
}

/// Is the resume that follows one of [`pass`]?
pub(crate) fn is_passing() -> bool {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).is_passing != 0 }
}

/// The coroutine that runs leaves for the one that waits in a resume for it, by a switch that is not seen,
/// if the hooks are all that wants to see it. False: it is not so.
pub(crate) fn pass_back() -> bool {
    let is_alone = sees_by_own_words() && !exceptions::are_handled();
    if is_alone {
        tls::set_current(ptr::null_mut());
    }
    is_alone
}

/// The switch that follows may go to a context that was left in a way of its own: nobody there sets the
/// thread's words. So they see nothing until the thread comes back.
pub(crate) fn pass_by() {
    if sees_by_own_words() {
        exceptions::look_away();
    }
}

/// The thread is back from a switch that may have gone where its words see nothing.
pub(crate) fn come_back() {
    if are_set() {
        exceptions::look_again();
    }
}

/// A coroutine of `main_co` is made ready, and `main_co` is not the current one. Is this the thread's
/// first resume, it is to be seen.
#[cold]
pub(crate) fn first_resume(main_co: *mut aco_t) {
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    let is_passing = unsafe { core::mem::replace(&mut (*state).is_passing, 0) != 0 };
    let (current, waiting) = tls::current_and_hint();
    if !is_passing && sees_by_own_words() && current.is_null() && waiting.is_null() {
        tls::set_current(main_co);
    }
}
