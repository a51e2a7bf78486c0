//! Misuse of resume, yield, exit and transfer: each function finds the reason, prints a line and aborts.

use crate::abi::aco_t;
use crate::coroutine::{
    OtherThreadUse, current_checked, is_on_stack_of, is_running, use_by_other_thread,
};
use crate::{diag, hooks, stack, state, tls};

/// Says why `co` cannot take its share stack over from `owner`, and aborts.
///
/// # Safety
/// Both point to coroutines.
#[cold]
#[inline(never)]
pub(super) unsafe fn abort_stack_in_use(co: *mut aco_t, owner: *mut aco_t) -> ! {
    // SAFETY: both point to coroutines.
    if unsafe { (*owner).share_stack != (*co).share_stack } {
        diag::fatal(
            "aco_resume",
            co,
            format_args!("the owner {owner:p} of its share stack is on another stack"),
            "owner is NULL or a coroutine on that share stack",
        )
    }
    diag::fatal(
        "aco_resume",
        co,
        format_args!("its share stack belongs to {owner:p}, which is running"),
        "a coroutine resumed inside another one needs another share stack",
    )
}

/// Checks a resume of `co` whose main_co is not the current coroutine, and aborts if it is wrong.
///
/// The resume overwrites the registers in main_co. That is wrong if main_co waits in a resume, as it does when a
/// coroutine resumes its sibling (R3). It is right if main_co runs nothing. It is also wrong if another thread runs
/// `co` or waits in main_co, as far as that thread's words tell.
///
/// # Safety
/// `co` points to a coroutine that is not a main one.
#[cold]
#[inline(never)]
pub(super) unsafe fn check_caller(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine, its main_co to a coroutine or to the readable memory of one.
    unsafe {
        if tls::current() == co && is_on_stack_of(co) {
            let rule = "resume a coroutine after it has yielded";
            diag::fatal("aco_resume", co, format_args!("the coroutine is running"), rule)
        }
        let main_co = (*co).main_co;
        if state::is_destroyed(main_co) {
            let rule = "destroy a main_co after its coroutines";
            diag::fatal(
                "aco_resume",
                co,
                format_args!("its main_co {main_co:p} is destroyed"),
                rule,
            )
        }
        if let Some(here) = current_checked()
            && here.as_ptr() != main_co
            && is_running(main_co)
        {
            diag::fatal(
                "aco_resume",
                co,
                format_args!("called inside {here:p}, while its main_co is {main_co:p}"),
                "only its main_co resumes a coroutine",
            )
        }
        check_other_threads(co);
    }
}

/// Aborts if another thread runs `co` or waits in its main_co, as far as that thread's words tell.
///
/// # Safety
/// `co` points to a coroutine that is not a main one.
pub(super) unsafe fn check_other_threads(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe {
        // A suppressed resume comes from an instrumented one, which has checked the other threads.
        if !hooks::is_suppressed()
            && let Some(how) = use_by_other_thread(co, (*co).main_co)
        {
            abort_used_elsewhere(co, how)
        }
    }
}

/// Says that another thread uses `co` or its main coroutine, and aborts.
///
/// # Safety
/// `co` points to a coroutine.
#[cold]
#[inline(never)]
unsafe fn abort_used_elsewhere(co: *mut aco_t, how: OtherThreadUse) -> ! {
    let rule = "one thread at a time uses a main_co and its coroutines";
    match how {
        OtherThreadUse::RunsCoroutine => diag::fatal(
            "aco_resume",
            co,
            format_args!("the coroutine runs in another thread"),
            rule,
        ),
        OtherThreadUse::WaitsInMainCo => {
            // SAFETY: `co` points to a coroutine.
            let main_co = unsafe { (*co).main_co };
            let what = format_args!("its main_co {main_co:p} waits in a resume of another thread");
            diag::fatal("aco_resume", co, what, rule)
        }
    }
}

/// Says that the coroutine is NULL, and aborts.
#[cold]
#[inline(never)]
pub(super) fn abort_null() -> ! {
    let nothing = core::ptr::null::<aco_t>();
    diag::fatal("aco_resume", nothing, format_args!("the coroutine is NULL"), "pass a valid one")
}

/// The reason why `co` cannot be resumed by any caller, and the rule. None if it can.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn resume_error(co: *mut aco_t) -> Option<(&'static str, &'static str)> {
    // SAFETY: `co` points to a coroutine. Control blocks of destroyed stacks stay readable.
    unsafe {
        Some(if state::is_destroyed(co) {
            ("the coroutine is destroyed", "resume a coroutine before aco_destroy")
        } else if (*co).main_co.is_null() {
            ("it is a main coroutine", "resume coroutines that were created with a main_co")
        } else if (*co).is_end != 0 {
            ("the coroutine has ended", "resume a coroutine while its is_end is 0")
        } else if aco_t::return_address(co) == 0 {
            ("it has no entry function", "create a coroutine with a function to run")
        } else if stack::is_stack_destroyed(co, stack::block_of((*co).share_stack)) {
            ("its share stack is destroyed", "destroy a share stack after its last resume")
        } else {
            return None;
        })
    }
}

/// Says why `co` cannot be resumed, and aborts.
///
/// # Safety
/// `co` points to a coroutine that has a [`resume_error`].
#[cold]
#[inline(never)]
pub(super) unsafe fn abort_resume(co: *mut aco_t) -> ! {
    // SAFETY: `co` points to a coroutine.
    let (what, rule) = unsafe { resume_error(co) }.unwrap_or_default();
    diag::fatal("aco_resume", co, format_args!("{what}"), rule)
}

/// Says why `to` cannot run in the place of `from`, and aborts.
///
/// # Safety
/// Both are NULL or point to coroutines.
#[cold]
#[inline(never)]
pub(super) unsafe fn abort_transfer(from: *mut aco_t, to: *mut aco_t) -> ! {
    const FUNCTION: &str = "aco_yield_to";
    if to.is_null() {
        diag::fatal(FUNCTION, to, format_args!("the coroutine is NULL"), "pass a valid one")
    }
    if from.is_null() {
        let rule = "only a coroutine that aco_resume runs gives its place to another";
        diag::fatal(FUNCTION, to, format_args!("called outside of a coroutine"), rule)
    }
    // SAFETY: neither is NULL, so both point to coroutines.
    unsafe {
        if let Some((what, rule)) = resume_error(to) {
            diag::fatal(FUNCTION, to, format_args!("{what}"), rule)
        }
        let (its, ours) = ((*to).main_co, (*from).main_co);
        diag::fatal(
            FUNCTION,
            to,
            format_args!("its main_co is {its:p}, that of the running {from:p} is {ours:p}"),
            "both have one main_co, which goes on waiting",
        )
    }
}

/// Says why `co` cannot yield a value, and aborts.
#[cold]
#[inline(never)]
pub(super) fn abort_value(co: *const aco_t) -> ! {
    let what = if co.is_null() { "no coroutine runs" } else { "it is a main coroutine" };
    let rule = "only a coroutine that aco_resume runs can yield";
    diag::fatal("aco_yield_value", co, format_args!("{what}"), rule)
}

/// Says why `co` cannot yield, and aborts.
#[cold]
#[inline(never)]
pub(super) extern "C" fn abort_yield(co: *const aco_t) -> ! {
    let what = if co.is_null() { "no coroutine runs" } else { "it is a main coroutine" };
    let rule = "only a coroutine that aco_resume runs can yield";
    diag::fatal("aco_yield", co, format_args!("{what}"), rule)
}

/// Says why `co` cannot exit, and aborts.
///
/// # Safety
/// `co` is NULL or points to a coroutine.
#[cold]
#[inline(never)]
pub(super) unsafe fn abort_exit(co: *const aco_t) -> ! {
    // SAFETY: `co` is checked for NULL, so it is a coroutine. Its share stack can be read (L7 of `coroutine`).
    let (what, rule) = unsafe {
        if co.is_null() {
            ("no coroutine runs", "only a coroutine that aco_resume runs can exit")
        } else if (*co).main_co.is_null() {
            ("it is a main coroutine", "only a coroutine that aco_resume runs can exit")
        } else if (*co).is_end != 0 {
            ("an ended coroutine was switched to", "a coroutine never runs again after aco_exit")
        } else {
            ("it does not own its share stack", "aco_exit is for the coroutine that runs")
        }
    };
    diag::fatal("aco_exit", co, format_args!("{what}"), rule)
}
