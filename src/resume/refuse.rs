//! What `aco_resume`, `aco_yield` and `aco_exit` refuse: each case finds out why, says so and aborts.

use crate::abi::aco_t;
use crate::coroutine::{Use, inside, is_on_stack_of, is_running, use_elsewhere};
use crate::{diag, hooks, stack, state, tls};

/// Says why `co` cannot have its share stack from `owner`, and aborts.
#[cold]
#[inline(never)]
pub(super) unsafe fn refuse_stack(co: *mut aco_t, owner: *mut aco_t) -> ! {
    // SAFETY: both are coroutines.
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

/// `co` is not resumed by its main coroutine. That overwrites the context of its main coroutine,
/// and is wrong if that waits in a resume, as it does when a coroutine resumes its sibling; a
/// `main_co` that runs nothing is free to be left in. Nor does another thread run `co`, or wait in that main coroutine,
/// as far as its words tell.
#[cold]
#[inline(never)]
pub(super) unsafe fn check_caller(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine.
    unsafe {
        if tls::current() == co && is_on_stack_of(co) {
            let rule = "resume a coroutine after it has yielded";
            diag::fatal("aco_resume", co, format_args!("the coroutine is running"), rule)
        }
        let main_co = (*co).main_co;
        if state::is_dead(main_co) {
            let rule = "destroy a main_co after its coroutines";
            diag::fatal(
                "aco_resume",
                co,
                format_args!("its main_co {main_co:p} is destroyed"),
                rule,
            )
        }
        if let Some(here) = inside()
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
        // Else the resume that comes to this one has looked.
        if !hooks::is_passing()
            && let Some(how) = use_elsewhere(co, main_co)
        {
            refuse_elsewhere(co, how)
        }
    }
}

/// Says that another thread uses `co` or its main coroutine, and aborts.
#[cold]
#[inline(never)]
unsafe fn refuse_elsewhere(co: *mut aco_t, how: Use) -> ! {
    let rule = "one thread at a time uses a main_co and its coroutines";
    match how {
        Use::Runs => diag::fatal(
            "aco_resume",
            co,
            format_args!("the coroutine runs in another thread"),
            rule,
        ),
        Use::MainWaits => {
            // SAFETY: `co` is a coroutine.
            let main_co = unsafe { (*co).main_co };
            let what = format_args!("its main_co {main_co:p} waits in a resume of another thread");
            diag::fatal("aco_resume", co, what, rule)
        }
    }
}

#[cold]
#[inline(never)]
pub(super) fn refuse_null() -> ! {
    let nothing = core::ptr::null::<aco_t>();
    diag::fatal("aco_resume", nothing, format_args!("the coroutine is NULL"), "pass a valid one")
}

/// Why `co` cannot be run from anywhere, and the rule; None: it can.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn obstacle(co: *mut aco_t) -> Option<(&'static str, &'static str)> {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        Some(if state::is_dead(co) {
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
/// `co` points to a coroutine that has an [`obstacle`].
#[cold]
#[inline(never)]
pub(super) unsafe fn refuse(co: *mut aco_t) -> ! {
    // SAFETY: the caller's promise.
    let (what, rule) = unsafe { obstacle(co) }.unwrap_or_default();
    diag::fatal("aco_resume", co, format_args!("{what}"), rule)
}

/// Says why `from` cannot give its place to `to`, and aborts.
///
/// # Safety
/// Both are NULL or point to coroutines.
#[cold]
#[inline(never)]
pub(super) unsafe fn refuse_transfer(from: *mut aco_t, to: *mut aco_t) -> ! {
    const FUNCTION: &str = "aco_yield_to";
    if to.is_null() {
        diag::fatal(FUNCTION, to, format_args!("the coroutine is NULL"), "pass a valid one")
    }
    if from.is_null() {
        let rule = "only a coroutine that aco_resume runs gives its place to another";
        diag::fatal(FUNCTION, to, format_args!("called outside of a coroutine"), rule)
    }
    // SAFETY: the caller's promise.
    unsafe {
        if let Some((what, rule)) = obstacle(to) {
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
pub(super) fn refuse_value(co: *const aco_t) -> ! {
    let what = if co.is_null() { "no coroutine runs" } else { "it is a main coroutine" };
    let rule = "only a coroutine that aco_resume runs can yield";
    diag::fatal("aco_yield_value", co, format_args!("{what}"), rule)
}

/// Says why `co` cannot yield, and aborts.
#[cold]
#[inline(never)]
pub(super) fn refuse_yield(co: *const aco_t) -> ! {
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
pub(super) unsafe fn refuse_exit(co: *const aco_t) -> ! {
    // SAFETY: the caller's promise.
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
