//! Hooks: functions of the program that the library calls in the life of a coroutine and at each switch.
//!
//! The hooks of a thread are *armed* while its hook word points to its first two words, the current coroutine and the
//! hint (`tls`, W5). So every resume is instrumented: inline or called, in new or old binaries. It calls the hooks on
//! the main coroutine's stack, before its jump and after the jump back.
//!
//! * HK1. An armed thread has NULL in both words only while its hooks are suppressed, or if it has no current
//!   coroutine.
//! * HK2. Suppressed: an instrumented switch clears both words, and the switch that it makes is not instrumented. Every
//!   resume writes both words before its jump and after the jump back, which ends the suppression.
//! * HK3. In a thread without a current coroutine a resume does not see the hooks at first. `prepare` finds that
//!   ([`reveal_first_resume`]) and sets the current coroutine; the resume then reads the hook word again.
//! * HK4. A switch by `acosw` may go to a context that does not write the words. Until it comes back, the hooks are
//!   disarmed.
//! * HK5. If a sanitizer watches switches, the hook word is the sanitizer's. Every switch is instrumented then, and the
//!   hooks need not be armed.

use core::ffi::c_void;
use core::ptr;

use crate::abi::aco_t;
use crate::{exceptions, slow_path, tls};

/// A function of the program, which is called with a coroutine and the program's `data`.
pub(crate) type Hook = Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>;

/// The functions, with the layout of `aco_hooks_t`.
#[repr(C)]
pub(crate) struct Hooks {
    pub(crate) create: Hook,
    pub(crate) resume: Hook,
    pub(crate) yields: Hook,
    pub(crate) exit: Hook,
    pub(crate) destroy: Hook,
    pub(crate) data: *mut c_void,
}

/// The hooks of this thread. NULL: none.
fn current_hooks() -> *const Hooks {
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { (*tls::thread_state()).hooks.cast() }
}

/// Returns true if this thread has hooks.
pub(crate) fn are_set() -> bool {
    !current_hooks().is_null()
}

/// Sets the hooks of this thread; NULL: none. The struct stays the caller's.
pub(crate) fn set(hooks: *const Hooks) {
    match (current_hooks().is_null(), hooks.is_null()) {
        (true, false) => slow_path::add_user(),
        (false, true) => slow_path::remove_user(),
        _ => {}
    }
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { (*tls::thread_state()).hooks = hooks.cast() };
    exceptions::refresh_hook_word();
}

/// Calls the hook that `which` selects, if the program has set it.
///
/// # Safety
/// `co` points to a coroutine. The struct that [`set`] was given still exists.
unsafe fn call(which: fn(&Hooks) -> Hook, co: *mut aco_t) {
    // SAFETY: the struct exists, and the program's functions can be called with a coroutine.
    unsafe {
        if let Some(hooks) = current_hooks().as_ref()
            && let Some(hook) = which(hooks)
        {
            hook(co, hooks.data)
        }
    }
}

/// Calls the hook `create` for the new coroutine `co`.
///
/// # Safety
/// As [`call`].
#[cold]
pub(crate) unsafe fn on_create(co: *mut aco_t) {
    // SAFETY: `co` and the hooks are as `call` requires.
    unsafe { call(|hooks| hooks.create, co) }
}

/// Calls the hook `resume` for `co`, which is resumed next, with its main coroutine as the current one.
///
/// # Safety
/// As [`call`].
pub(crate) unsafe fn on_resume(co: *mut aco_t) {
    // SAFETY: `co` and the hooks are as `call` requires.
    unsafe {
        if are_set() && tls::current() != (*co).main_co {
            tls::set_current((*co).main_co);
        }
        call(|hooks| hooks.resume, co)
    }
}

/// Calls the hook `yield` or `exit` for `co`, which has switched back.
///
/// # Safety
/// As [`call`].
pub(crate) unsafe fn on_return(co: *mut aco_t) {
    // SAFETY: `co` and the hooks are as `call` requires.
    unsafe {
        if (*co).is_end == 0 {
            call(|hooks| hooks.yields, co)
        } else {
            call(|hooks| hooks.exit, co)
        }
    }
}

/// Calls the hook `destroy` for `co`, which is destroyed next.
///
/// # Safety
/// As [`call`].
#[cold]
pub(crate) unsafe fn on_destroy(co: *mut aco_t) {
    // SAFETY: `co` and the hooks are as `call` requires.
    unsafe { call(|hooks| hooks.destroy, co) }
}

/// Returns true if the hooks of this thread are armed.
fn are_armed() -> bool {
    tls::hook_word() == tls::current_words().cast()
}

/// Suppresses the hooks for the resume that follows, whose hooks were called (HK2).
pub(crate) fn suppress_next_resume() {
    if are_armed() {
        // SAFETY: the thread's own state, to which no reference exists.
        unsafe { (*tls::thread_state()).is_suppressed = 1 };
        tls::set_current(ptr::null_mut());
    }
}

/// Returns true if the resume that is on its way follows [`suppress_next_resume`].
pub(crate) fn is_suppressed() -> bool {
    // SAFETY: the thread's own state, to which no reference exists.
    unsafe { (*tls::thread_state()).is_suppressed != 0 }
}

/// Suppresses the hooks for a switch from the running coroutine to its main coroutine (HK2). Returns false, and does
/// nothing, if the switch must be instrumented for another reason, or the hooks are not armed.
pub(crate) fn try_suppress() -> bool {
    let can_suppress = are_armed() && !exceptions::are_any_handled();
    if can_suppress {
        tls::set_current(ptr::null_mut());
    }
    can_suppress
}

/// Disarms the hooks for a switch that may go to a context that does not write the thread's words (HK4).
pub(crate) fn disarm() {
    if are_armed() {
        exceptions::hide_hooks();
    }
}

/// Arms the hooks again, after a switch for which they were suppressed or disarmed.
pub(crate) fn rearm() {
    if are_set() {
        exceptions::refresh_hook_word();
    }
}

/// Called while a coroutine of `main_co`, which is not the current coroutine, is prepared. If this is the first resume
/// of an armed thread, makes it an instrumented one (HK3).
#[cold]
pub(crate) fn reveal_first_resume(main_co: *mut aco_t) {
    let state = tls::thread_state();
    // SAFETY: the thread's own state, to which no reference exists.
    let is_suppressed = unsafe { core::mem::replace(&mut (*state).is_suppressed, 0) != 0 };
    let (current, hint) = tls::current_and_hint();
    if !is_suppressed && are_armed() && current.is_null() && hint.is_null() {
        tls::set_current(main_co);
    }
}
