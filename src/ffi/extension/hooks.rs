//! Hooks: functions of the program that are called for the events of coroutines.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;

use crate::abi::aco_t;
use crate::hooks::{self, Hooks};

/// Hooks for aco_set_hooks(). Each is called with a coroutine and `data`. A NULL hook is not
/// called.
#[allow(non_camel_case_types, reason = "its name in C")]
#[repr(C)]
pub struct aco_hooks_s {
    /// Called after a coroutine or a main coroutine is created.
    pub create: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Called before a coroutine runs, for the first time or again.
    pub resume: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Called after a coroutine has yielded.
    pub r#yield: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Called after a coroutine has ended.
    pub exit: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Called before a coroutine or a main coroutine is destroyed, and before the destructors of
    /// its local values.
    pub destroy: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// The last argument of each hook.
    pub data: *mut c_void,
}

/// The C name of `aco_hooks_s`.
#[allow(non_camel_case_types, reason = "its name in C")]
pub type aco_hooks_t = aco_hooks_s;

const _: () = {
    assert!(size_of::<aco_hooks_s>() == size_of::<Hooks>());
    assert!(offset_of!(aco_hooks_s, create) == offset_of!(Hooks, create));
    assert!(offset_of!(aco_hooks_s, resume) == offset_of!(Hooks, resume));
    assert!(offset_of!(aco_hooks_s, r#yield) == offset_of!(Hooks, yields));
    assert!(offset_of!(aco_hooks_s, exit) == offset_of!(Hooks, exit));
    assert!(offset_of!(aco_hooks_s, destroy) == offset_of!(Hooks, destroy));
    assert!(offset_of!(aco_hooks_s, data) == offset_of!(Hooks, data));
};

/// Sets the hooks of the calling thread. They see the coroutines that the thread creates, resumes
/// and destroys. NULL removes them. The struct is not copied.
///
/// Each hook runs on the stack of the caller of aco_create(), aco_resume() or aco_destroy(). It
/// never runs on the stack of the coroutine that it is called for. aco_yield_to() calls `yield` for
/// the coroutine that is suspended and `resume` for the one that continues. Both run on the stack
/// of the `main_co`, or on the caller's stack under a sanitizer. A hook must return normally. It
/// must not switch to a coroutine or destroy one. It may set other hooks.
///
/// Hooks see each resume and how it returned, in inline code and in old binaries, too. They do not
/// see acosw(). After acosw() they may miss resumes, until the thread returns through the library.
/// A resume that is left by longjmp(3) or by the end of its thread has no second event. If a resume
/// was made before the hooks were set, its `yield` or `exit` has no first event.
///
/// While hooks are set, each switch is a call of the library. Without hooks there is no cost.
///
/// # Returns
/// 0.
///
/// # Safety
/// `hooks` stays valid and unchanged until other hooks are set or the thread ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_hooks(hooks: *const aco_hooks_t) -> c_int {
    hooks::set(hooks.cast());
    0
}
