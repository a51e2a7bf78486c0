//! The current coroutine, as far as it is certain.
//!
//! The thread's first two words (`tls`) are `aco_gtls_co` and the hint. Their forms:
//!
//! | `aco_gtls_co` | hint | meaning |
//! |---|---|---|
//! | any | NULL | nothing is certain |
//! | `co` | `co->main_co` | `co` runs; its main coroutine waits in a resume |
//! | `co` | `co` | `co` runs; a resume that `co` made has returned to it, or a transfer came to it |
//! | `co` | other | a program has written `main_co`: nothing is certain |
//!
//! * R1. `aco_gtls_co` alone proves nothing. A program may have left the coroutine by longjmp, freed it, or written
//!   the word.
//!
//! * R2. A resume sets both words together, `acosw` clears the hint, and `aco_destroy` clears each word that names
//!   the coroutine. So if the hint is not NULL, the coroutine in `aco_gtls_co` exists, unless the program has written
//!   that word since.
//!
//! * R3. The caller runs in that coroutine only if it is on its share stack, or in a function that the coroutine calls
//!   on its resumer's stack (`resume::on_resumer`). A signal handler on another stack cannot tell so: it uses
//!   [`current_from_signal`].
//!
//! * R4. The ancestors of a coroutine that runs, along `main_co`, exist: each waits in a resume. A program that
//!   writes `main_co` can close them to a ring.

use core::ptr::NonNull;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::{arch, tls};

/// Returns the coroutine that the caller runs in, if that is certain (R1 to R3).
#[inline(always)]
pub(crate) fn current_checked() -> Option<NonNull<aco_t>> {
    // SAFETY: the coroutine exists (R2).
    current_by_hint().filter(|co| unsafe { is_on_stack_of(co.as_ptr()) } || tls::is_on_resumer())
}

/// As [`current_checked`], without the check of the stack: for a caller on another stack, as a signal handler is. The
/// caller decides whether it interrupted that coroutine.
pub(crate) fn current_from_signal() -> Option<NonNull<aco_t>> {
    // SAFETY: the coroutine exists (R2).
    current_by_hint().filter(|co| unsafe { !(*co.as_ptr()).share_stack.is_null() })
}

/// Returns the coroutine on whose stack the running one is: `co` itself, or its resumer in a function that it calls
/// there (R3). That may be a main coroutine.
///
/// # Safety
/// `co` points to the running coroutine.
pub(crate) unsafe fn stack_holder(co: *mut aco_t) -> *mut aco_t {
    // SAFETY: the running coroutine exists.
    if tls::is_on_resumer() { unsafe { (*co).main_co } } else { co }
}

/// Returns the coroutine that the two words say runs (R1, R2).
#[inline(always)]
fn current_by_hint() -> Option<NonNull<aco_t>> {
    let (current, waiting) = tls::current_and_hint();
    if waiting.is_null() {
        return None;
    }
    let current = NonNull::new(current)?;
    let co = current.as_ptr();
    // SAFETY: the hint is not NULL, so `co` exists (R2).
    let waits = unsafe { (*co).main_co == waiting || co == waiting && !(*co).main_co.is_null() };
    waits.then_some(current)
}

/// Returns true if `main_co` is the current coroutine, and nothing is certain of any other one: none runs that can be
/// told (R1).
#[inline(always)]
pub(crate) fn runs_alone(main_co: *mut aco_t) -> bool {
    let (current, hint) = tls::current_and_hint();
    !current.is_null() && current == main_co && hint.is_null()
}

/// Returns true if `co` is the coroutine that the caller runs in, or an ancestor of it: it waits in a resume.
#[inline(always)]
pub(crate) fn is_running(co: *mut aco_t) -> bool {
    current_checked().is_some_and(|current| is_ancestor(current.as_ptr(), co))
}

/// Returns true if `co` is `current`, which runs, or an ancestor of it (R4).
#[cold]
#[inline(never)]
fn is_ancestor(current: *mut aco_t, co: *mut aco_t) -> bool {
    let mut ancestor = current;
    // Brent's algorithm ends the walk in a ring: `mark` is set to the walk's place after 1, 2, 4 ... more steps.
    let (mut mark, mut steps, mut limit) = (ancestor, 0_usize, 1_usize);
    while ancestor != co && !ancestor.is_null() {
        // SAFETY: the ancestors of a coroutine that runs exist (R4).
        ancestor = unsafe { (*ancestor).main_co };
        steps += 1;
        if ancestor == mark {
            break;
        }
        if steps == limit {
            (mark, steps, limit) = (ancestor, 0, limit * 2);
        }
    }
    ancestor == co
}

/// Returns true if the caller is on the share stack of `co`.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_on_stack_of(co: *mut aco_t) -> bool {
    // SAFETY: `co` is a coroutine. Its share stack is NULL or can be read (L7).
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_share_stack_t::contains(stack, arch::stack_pointer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A coroutine without stack, all zero but for its main coroutine.
    fn coroutine(main_co: *mut aco_t) -> *mut aco_t {
        // SAFETY: all zero is a coroutine.
        let mut co: aco_t = unsafe { core::mem::zeroed() };
        co.main_co = main_co;
        Box::into_raw(Box::new(co))
    }

    #[test]
    fn ancestors_are_found_and_a_ring_ends() {
        let main = coroutine(core::ptr::null_mut());
        let mut chain = vec![main];
        for _ in 0..20 {
            chain.push(coroutine(chain[chain.len() - 1]));
        }
        let (last, stranger) = (chain[20], coroutine(main));
        assert!(chain.iter().all(|co| is_ancestor(last, *co)));
        assert!(!is_ancestor(last, stranger) && !is_ancestor(chain[3], chain[4]));
        // A ring of each length, behind tails of each length.
        for back in 0..20 {
            // SAFETY: made above.
            unsafe { (*chain[0]).main_co = chain[back] };
            assert!(is_ancestor(last, chain[0]) && !is_ancestor(last, stranger), "{back}");
        }
        for co in chain.into_iter().chain([stranger]) {
            // SAFETY: made above.
            drop(unsafe { Box::from_raw(co) });
        }
    }

    #[test]
    fn a_word_without_a_hint_says_nothing() {
        // Not a coroutine: nothing is read there.
        tls::set_current(core::ptr::without_provenance_mut(64));
        assert!(current_checked().is_none() && current_from_signal().is_none());
        tls::set_current(core::ptr::null_mut());
    }
}
