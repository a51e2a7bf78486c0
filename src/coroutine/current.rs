//! Who runs here, and who waits for it.

use core::ptr::NonNull;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, tls};

/// The coroutine that the caller runs in, where that is certain: it is the current one, somebody
/// waits in a resume for it, and this is its stack.
///
/// `aco_gtls_co` alone does not tell. A program may have left a coroutine by longjmp, freed what
/// `aco_gtls_co` points to, or written it by hand. Only what a resume has set together with the
/// hint, and nothing has touched since, is looked at: that coroutine exists. Where the two are the
/// same, it has resumed another one, which has come back.
#[inline(always)]
pub(crate) fn current_checked() -> Option<NonNull<aco_t>> {
    let (current, waiting) = tls::current_and_hint();
    if waiting.is_null() {
        return None;
    }
    let current = NonNull::new(current)?;
    let co = current.as_ptr();
    // SAFETY: destroying a coroutine takes it out of both words.
    let here = unsafe {
        let waits = (*co).main_co == waiting || co == waiting && !(*co).main_co.is_null();
        waits && is_on_stack_of(co)
    };
    here.then_some(current)
}

/// As [`current_checked`], for who is on another stack: a signal handler. Whether the coroutine's stack is the
/// one that was left for it is the caller's to judge.
pub(crate) fn current_from_signal() -> Option<NonNull<aco_t>> {
    let (current, waiting) = tls::current_and_hint();
    let current = NonNull::new(current)?;
    let co = current.as_ptr();
    // SAFETY: as in `current_checked`.
    let waits = unsafe {
        let main_co = (*co).main_co;
        !main_co.is_null() && (main_co == waiting || co == waiting) && !(*co).share_stack.is_null()
    };
    (!waiting.is_null() && waits).then_some(current)
}

/// Is `co` the coroutine that the caller runs in, or waiting in a resume for it, at any distance?
#[inline(always)]
pub(crate) fn is_running(co: *mut aco_t) -> bool {
    current_checked().is_some_and(|here| is_ancestor(here.as_ptr(), co))
}

/// Is `co` the coroutine `here`, or waiting in a resume for it, at any distance?
#[cold]
#[inline(never)]
fn is_ancestor(here: *mut aco_t, co: *mut aco_t) -> bool {
    let mut running = here;
    // Programs that write `main_co` can make a ring of it: who comes again ends the walk (Brent's way, each
    // place to come back to is twice as far as the one before).
    let (mut seen, mut steps, mut most) = (running, 0_usize, 1_usize);
    while running != co && !running.is_null() {
        // SAFETY: who waits for a running coroutine exists.
        running = unsafe { (*running).main_co };
        steps += 1;
        if running == seen {
            break;
        }
        if steps == most {
            (seen, steps, most) = (running, 0, most * 2);
        }
    }
    running == co
}

/// Is the caller on the share stack of `co`?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_on_stack_of(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_share_stack_t::contains(stack, arch::stack_pointer())
    }
}
