//! Hooks: functions of the program's that see coroutines come and go.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;

use crate::abi::aco_t;
use crate::hooks::{self, Hooks};

/// What aco_set_hooks() sets: functions that are called with a coroutine and `data`; NULL: not wanted.
#[allow(non_camel_case_types, reason = "its name in C")]
#[repr(C)]
pub struct aco_hooks_s {
    /// After a coroutine, a main one too, was made.
    pub create: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Before a coroutine runs, for the first time or again.
    pub resume: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// After a coroutine has yielded.
    pub r#yield: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// After a coroutine has ended.
    pub exit: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// Before a coroutine, a main one too, is destroyed, and before the destructors of its local values.
    pub destroy: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void)>,
    /// What they are called with.
    pub data: *mut c_void,
}

/// The C name of [`aco_hooks_s`].
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

/// Has functions called for the coroutines that this thread makes, resumes and destroys; NULL: none from
/// here on. The struct stays the caller's, and must be there as it is until others are set or the thread
/// ends. All of them run on the stack of who called aco_create(), aco_resume() or aco_destroy(): never on
/// that of the coroutine that they are called for. aco_yield_to() has `yield` called for who leaves and
/// `resume` for who runs next, both on the stack of the main_co; under a sanitizer, on the caller's. They
/// must return, and neither switch to nor destroy a
/// coroutine; they may set other hooks.
///
/// Every resume is seen, from inline code and in old binaries, and how it came back. Not seen are switches
/// that a program makes by hand, with acosw(): what such a switch goes to may make resumes that are not
/// seen either, until the thread comes back through the library. A resume that is left by longjmp() or by
/// the end of its thread has no second event; nor has, for `yield` and `exit`, a resume that was made
/// before the hooks were set a first one.
///
/// While hooks are set every switch is a call of the library; without, none costs anything. Always 0.
///
/// # Safety
/// `hooks` is NULL or as said; its functions can be called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_hooks(hooks: *const aco_hooks_t) -> c_int {
    hooks::set(hooks.cast());
    0
}
