//! The resumer of a coroutine that has no fixed main coroutine: a generator, or a coroutine that owns its stack. Its
//! main coroutine is the last one that has resumed it.

use super::misuse::{check_other_threads, resume_error};
use crate::abi::aco_t;
use crate::{coroutine, diag, frame_chain};

/// Makes the current coroutine the resumer of `co`. Aborts if that is impossible: `function` is in the message, and
/// `running`, what to say of a coroutine that runs, and the rule.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn set_resumer(
    function: &'static str,
    co: *mut aco_t,
    running: (&'static str, &'static str),
) {
    let current = coroutine::current_or_create_main().unwrap_or_else(|error| error.abort(function));
    // SAFETY: `co` is a coroutine. Its share stack can be read, live or not (L7 of `coroutine`).
    unsafe {
        if (*co).main_co == current.as_ptr() {
            return;
        }
        if let Some((what, rule)) = resume_error(co) {
            diag::fatal(function, co, format_args!("{what}"), rule)
        }
        if coroutine::is_running(co) {
            let (what, rule) = running;
            diag::fatal(function, co, format_args!("{what}"), rule)
        }
        frame_chain::redirect(co, current.as_ptr());
    }
}

/// Makes the caller of a resume the resumer of `co`, which owns its stack. Aborts if `co` runs, in this thread or in
/// another one.
///
/// # Safety
/// `co` points to a coroutine that is not a main one.
#[cold]
#[inline(never)]
pub(super) unsafe fn follow_caller(co: *mut aco_t) {
    let running = ("the coroutine is running", "resume a coroutine after it has yielded");
    // SAFETY: `co` points to a coroutine.
    unsafe {
        set_resumer("aco_resume", co, running);
        check_other_threads(co);
    }
}
