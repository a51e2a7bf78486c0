//! What the padding of a coroutine says: the state word, eight bytes from `is_end` on.
//!
//! ```text
//! bits   63 ... 56   55 ... 32        31 ... 16    15 ... 9   8      7 ... 0
//!        0xac        address >> 4     generation   0          FULL   is_end     bound
//!        ---------- address of the coroutine, 56 bits ---------+FULL  is_end     resident
//! ```
//!
//! **Bound**: created by this library, on the share stack of that generation. **Resident**: its
//! frames are on its share stack and it is that stack's `resident`; the stack is live. Either form
//! names the coroutine's own address, so that a copy by value is seen to be one. FULL: `acosw`
//! left it, so whoever goes on in it must load all registers of `reg`; otherwise the code at
//! `reg[RETADDR]` restores what it needs beyond those that every switch carries.
//!
//! Any other word says nothing: a main coroutine's, that of a copy, of a struct that a program
//! made. The header's inline resume goes on in a coroutine that is resident, not FULL and not
//! ended, with one comparison, and calls `aco_resume` for every other word. The form is therefore
//! part of the ABI. `owner` of the share stack stays the truth: what can change it behind the
//! library's back (`acosw` in an old binary's `aco_exit`) also sets FULL, and the library takes
//! the residence away whenever another coroutine gets the stack.

use crate::abi::aco_t;

/// Counts the lives of a share stack.
pub(crate) type Generation = u16;

const IS_END: u64 = 0xff;
/// Bit 0 of the byte after `is_end`; addresses are aligned to 16, so no address has it.
const FULL: u64 = 1 << 8;
const BOUND: u64 = 0xac << 56;
const BOUND_MARK: u64 = 0xff << 56;

/// The resident form for the coroutine at `co`.
fn resident_form(co: *mut aco_t) -> u64 {
    (co as u64) << 8
}

/// The bound form for the coroutine at `co`.
fn bound_form(co: *mut aco_t, generation: Generation) -> u64 {
    BOUND | (co as u64 >> 4 & 0xff_ffff) << 32 | u64::from(generation) << 16
}

/// The word as it is.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn read(co: *mut aco_t) -> u64 {
    // SAFETY: eight initialised, aligned bytes (asserted in `abi`).
    unsafe { *aco_t::state_word(co) }
}

/// Writes a form; `is_end` stays.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn write(co: *mut aco_t, form: u64) {
    // SAFETY: as in `read`.
    unsafe { *aco_t::state_word(co) = form | read(co) & IS_END }
}

/// Is `co` resident?
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn is_resident(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) & !(IS_END | FULL) == resident_form(co) }
}

/// Marks `co` as created on a share stack of this generation.
///
/// # Safety
/// `co` points to a coroutine that the library allocated.
pub(crate) unsafe fn bind(co: *mut aco_t, generation: Generation) {
    // SAFETY: the caller's promise.
    unsafe { write(co, bound_form(co, generation)) }
}

/// Is it this library that made the coroutine at this address? A copy by value says no.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_ours(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let whose = !(IS_END | FULL | 0xffff << 16);
        read(co) & whose == bound_form(co, 0) || is_resident(co)
    }
}

/// The generation that `co` was bound to; None where its word does not tell. A resident one does
/// not: its stack is live.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn generation(co: *mut aco_t) -> Option<Generation> {
    // SAFETY: the caller's promise.
    let word = unsafe { read(co) };
    (word & BOUND_MARK == BOUND).then_some((word >> 16) as Generation)
}

/// Makes `co` resident, and not FULL.
///
/// # Safety
/// `co` points to a coroutine that is ours and becomes its share stack's resident.
pub(crate) unsafe fn settle(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { write(co, resident_form(co)) }
}

/// Makes a resident bound again.
///
/// # Safety
/// `co` points to a coroutine that the library made, whose share stack has that generation.
pub(crate) unsafe fn unsettle(co: *mut aco_t, generation: Generation) {
    // SAFETY: the caller's promise.
    unsafe {
        if is_resident(co) {
            bind(co, generation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;

    fn coroutine() -> Box<MaybeUninit<aco_t>> {
        Box::new(MaybeUninit::zeroed())
    }

    #[test]
    fn a_coroutine_is_bound_then_resident_then_bound() {
        let mut place = coroutine();
        let co = place.as_mut_ptr();
        // SAFETY: a zeroed coroutine.
        unsafe {
            assert!(!is_ours(co) && !is_resident(co) && generation(co).is_none());
            bind(co, 7);
            assert!(is_ours(co) && !is_resident(co) && generation(co) == Some(7));
            settle(co);
            assert!(is_ours(co) && is_resident(co) && generation(co).is_none());
            (*co).is_end = 1;
            *aco_t::state_word(co) |= FULL;
            assert!(is_ours(co) && is_resident(co));
            unsettle(co, 9);
            assert!(is_ours(co) && generation(co) == Some(9) && (*co).is_end == 1);
            unsettle(co, 10);
            assert_eq!(generation(co), Some(9));
        }
    }

    #[test]
    fn a_copy_is_not_ours_but_remembers_its_generation() {
        let (mut place, mut other) = (coroutine(), coroutine());
        let (co, copy) = (place.as_mut_ptr(), other.as_mut_ptr());
        // SAFETY: zeroed coroutines.
        unsafe {
            bind(co, 3);
            copy.copy_from(co, 1);
            assert!(!is_ours(copy) && generation(copy) == Some(3));
            settle(co);
            copy.copy_from(co, 1);
            assert!(!is_ours(copy) && !is_resident(copy) && generation(copy).is_none());
        }
    }
}
