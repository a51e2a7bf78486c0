//! The state word of a coroutine: the eight bytes from `is_end` on. Little-endian: `is_end` is the low byte.
//!
//! ```text
//! form       63 ... 56   55 ... 44   43 ... 28   27 ... 12    11        10         9          8         7 ... 0
//! BOUND      0xac        co hash     stack hash  generation   RETURNED  CHAIN_CUT  CANCELLED  ALL_REGS  is_end
//! EXCLUSIVE  <--------- address of the coroutine, 56 bits --> RETURNED  CHAIN_CUT  CANCELLED  ALL_REGS  is_end
//! DESTROYED  0xde        <- address of the coroutine, 48 bits ->                                  1
//! other      anything else, zero included: says nothing
//! ```
//!
//! | flag | set if |
//! |---|---|
//! | ALL_REGS | the coroutine switched away by `acosw`, or by an exit in the library |
//! | CANCELLED | `aco_cancel` was called, and `aco_reset` was not called since |
//! | CHAIN_CUT | the chain of frame pointers ends in a NULL of the library's (`frame_chain`) |
//! | RETURNED | the function of `aco_new` has returned: the result is in `reg` (`resume::result`); else as CANCELLED |
//!
//! ```text
//! event                                           form before       form after   is_end  ALL_REGS  CANC.  CUT
//! aco_create (bind, frame_chain::init)            zeroed            BOUND        kept    0         0      1
//! the same, quickly (start_bound)                 zeroed            BOUND        0       0         0      1
//! aco_create of a main coroutine (bind)           zeroed            BOUND        kept    0         0      0
//! slow resume, alone on its stack                 BOUND, EXCLUSIVE  EXCLUSIVE    kept    kept      kept   kept
//!   (set_exclusive)
//! slow resume in full (mark_chain_whole)          any               same         kept    kept      kept   0
//! slow resume by an exchange (mark_resumed)       any               same         kept    0         kept   0
//! `resume`, after a slow one too                  any               same         kept    0         kept   kept
//! transfer (mark_resumed)                         any               same         kept    0         kept   0
//! switch away by `switch`, which is `acosw`       any               same         kept    1         kept   kept
//! switch away by other code                       any               same         kept    kept      kept   kept
//! copied out (frame_chain::cut)                   any               same         kept    kept      kept   is it cut?
//! second user of the stack, stack destroyed, or   EXCLUSIVE         BOUND        kept    kept      kept   kept
//!   another owner (clear_exclusive)
//! moved, unstarted, to a later stack in the same  BOUND, copy       same form,   kept    kept      kept   kept
//!   control block (rebind)                                            generation
//! aco_exit by a call (mark_ended)                 any               same         1       1         kept   kept
//! aco_exit inline                                 any               same         1       kept      kept   kept
//! return to the entry of aco_new (mark_returned)  any               same         1       kept      kept   kept
//! aco_new, of a cached pair (start_exclusive)     DESTROYED         EXCLUSIVE    0       0         0      0
//! aco_reset (mark_reset, stack::rebind, init)     BOUND, EXCLUSIVE  BOUND (*)    0       0         0      1
//! the same, alone on its stack (start_exclusive)  EXCLUSIVE         EXCLUSIVE    0       0         0      0
//! aco_cancel (mark_cancelled)                     not DESTROYED     same         kept    kept      1      kept
//! aco_destroy (mark_destroyed)                    any               DESTROYED    1       -         -      -
//!
//! (*) EXCLUSIVE stays if S2 still holds. A copy keeps its form.
//! ```
//!
//! * S1. BOUND and EXCLUSIVE name the coroutine's own address, so a copy by value is in neither form. A copy of a BOUND
//!   coroutine still tells the generation that it was bound to.
//! * S2. EXCLUSIVE means: the coroutine is the only user of its share stack, which is live. The control block of the
//!   stack names it as the exclusive user. No coroutine is EXCLUSIVE under a sanitizer or Valgrind. A program that
//!   moves the coroutine to another stack breaks S2, so S3 checks the owner too.
//! * S3. An inline resume requires that the word is exactly the EXCLUSIVE form, with `is_end` 0 and no flag, and that
//!   `share_stack->owner` is the coroutine. The comparison is compiled into programs: it is part of the ABI.
//! * S4. Without ALL_REGS the code at the resume address restores all registers but those three that the resuming
//!   side loads: the stack, frame and base pointer. With ALL_REGS only code that loads all callee-saved registers
//!   from `reg` may resume the coroutine. A raw `acosw` to the coroutine leaves ALL_REGS set: the next inline resume
//!   is then a call.
//! * S5. All zero means "not known". No form is zero.
//! * S6. `share_stack->owner`, not this word, says whose frames are on a stack: programs and old binaries write it.
//! * S7. DESTROYED survives in a free block of a slab: the link of the slab's free list is the block's first word.

use core::mem::offset_of;

use crate::abi::{aco_share_stack_t, aco_t};

/// The number of a life of a control block: `aco_share_stack_destroy` ends it. Never 0 for a control block.
pub(crate) type Generation = u16;

const _: () = assert!(offset_of!(aco_t, is_end) >= size_of::<usize>()); // S7

const IS_END: u64 = 0xff;
/// Addresses are aligned to 16, so that the flags do not overlap the EXCLUSIVE form.
const ALL_REGS: u64 = 1 << 8;
const CANCELLED: u64 = 1 << 9;
const CHAIN_CUT: u64 = 1 << 10;
const RETURNED: u64 = 1 << 11;
const FLAGS: u64 = ALL_REGS | CANCELLED | CHAIN_CUT | RETURNED;
/// The byte that tells BOUND and DESTROYED from the other forms.
const MARK: u64 = 0xff << 56;
const BOUND: u64 = 0xac << 56;
const DESTROYED: u64 = 0xde << 56;
const CO_HASH: u64 = 0xfff << 44;
const STACK_HASH: u64 = 0xffff << 28;
const GENERATION_SHIFT: u32 = 12;

/// The EXCLUSIVE form of the coroutine at `co`.
fn exclusive_form(co: *mut aco_t) -> u64 {
    (co as u64) << 8
}

/// The hash of a coroutine's address, in its bits of the word.
fn co_hash(co: *mut aco_t) -> u64 {
    (co as u64 >> 4) << 44 & CO_HASH
}

/// The hash of a share stack's address, in its bits of the word. Control blocks are multiples of 16 apart.
fn stack_hash(stack: *mut aco_share_stack_t) -> u64 {
    (stack as u64 >> 4) << 28 & STACK_HASH
}

/// The state word of `co`.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn read(co: *mut aco_t) -> u64 {
    // SAFETY: eight initialized, aligned bytes of the coroutine (asserted in `abi`).
    unsafe { *aco_t::state_word(co) }
}

/// Writes `form`, and keeps the bits of the old word that the mask `kept` has.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn write(co: *mut aco_t, form: u64, kept: u64) {
    // SAFETY: `co` points to a coroutine, whose state word is aligned.
    unsafe { *aco_t::state_word(co) = form | read(co) & kept }
}

/// Returns true if `co` is EXCLUSIVE.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_exclusive(co: *mut aco_t) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { read(co) & !(IS_END | FLAGS) == exclusive_form(co) }
}

/// Makes `co` BOUND to the stack and the generation that `binding` names, and clears its flags.
///
/// # Safety
/// `co` points to a coroutine that the library allocated.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, binding: u64) {
    // SAFETY: `co` points to a coroutine.
    unsafe { write(co, binding | co_hash(co), IS_END) }
}

/// Returns true if the library created the coroutine at this address, and false for a copy by value (S1).
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_ours(co: *mut aco_t) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { read(co) & (MARK | CO_HASH) == BOUND | co_hash(co) || is_exclusive(co) }
}

/// The generation of its present share stack that `co` is bound to, or 0 if the word does not tell. The word of an
/// EXCLUSIVE coroutine does not: its stack is live (S2).
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn generation(co: *mut aco_t) -> Generation {
    // SAFETY: `co` points to a coroutine.
    let (word, stack) = unsafe { (read(co), (*co).share_stack) };
    if word & (MARK | STACK_HASH) == BOUND | stack_hash(stack) {
        (word >> GENERATION_SHIFT) as Generation
    } else {
        0
    }
}

/// The bits of a BOUND form that name `stack` and this generation of it.
pub(crate) fn binding(stack: *mut aco_share_stack_t, generation: Generation) -> u64 {
    BOUND | stack_hash(stack) | u64::from(generation) << GENERATION_SHIFT
}

/// Returns true if `co` is BOUND to the stack and the generation that `binding` names.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_bound_to(co: *mut aco_t, binding: u64) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { (read(co) ^ binding) & (MARK | STACK_HASH | 0xffff << GENERATION_SHIFT) == 0 }
}

/// Returns true if `co` is BOUND to the stack and the generation that `binding` names, and has not ended.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_bound_and_not_ended(co: *mut aco_t, binding: u64) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { (read(co) ^ binding) & (MARK | STACK_HASH | 0xffff << GENERATION_SHIFT | IS_END) == 0 }
}

/// Makes `co` EXCLUSIVE.
///
/// # Safety
/// `co` points to a coroutine that [`is_ours`], and S2 holds from here on.
pub(crate) unsafe fn set_exclusive(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe { write(co, exclusive_form(co), IS_END | FLAGS) }
}

/// Marks `co` as ended by a call: `is_end` is 1 and ALL_REGS is set, as after `switch`.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn mark_ended(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine. One store of the whole word: a processor does not forward a store of one
    // byte to a load of eight.
    unsafe { *aco_t::state_word(co) = read(co) & !IS_END | ALL_REGS | 1 }
}

/// Marks `co` as ended by a return from its function, whose result is kept.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_returned(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine. One store of the whole word: see `mark_ended`.
    unsafe { *aco_t::state_word(co) = read(co) | RETURNED | 1 }
}

/// Returns true if `co` has ended by a return from its function, and was not destroyed.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn has_returned(co: *mut aco_t) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { read(co) & (RETURNED | IS_END) == RETURNED | 1 && !is_destroyed(co) }
}

/// Returns true if `co` is EXCLUSIVE and has ended.
///
/// # Safety
/// `co` points to a coroutine, or to the readable memory of one.
#[inline(always)]
pub(crate) unsafe fn has_ended_exclusive(co: *mut aco_t) -> bool {
    // SAFETY: the state word can be read.
    unsafe { read(co) & !FLAGS == exclusive_form(co) | 1 }
}

/// Makes `co` EXCLUSIVE, without flags and not ended.
///
/// # Safety
/// `co` points to a coroutine that the library allocated and that is reset, and S2 holds from here on.
#[inline(always)]
pub(crate) unsafe fn start_exclusive(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe { *aco_t::state_word(co) = exclusive_form(co) }
}

/// Makes `co` BOUND to the stack and the generation that `binding` names, not ended, with a cut chain and no other
/// flag.
///
/// # Safety
/// `co` points to a coroutine without frames that the library has just allocated.
#[inline(always)]
pub(crate) unsafe fn start_bound(co: *mut aco_t, binding: u64) {
    // SAFETY: `co` points to a coroutine.
    unsafe { *aco_t::state_word(co) = binding | co_hash(co) | CHAIN_CUT }
}

/// Clears `is_end` and the flags of `co`, which starts again.
///
/// # Safety
/// `co` points to a coroutine without frames.
pub(crate) unsafe fn mark_reset(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe { *aco_t::state_word(co) = read(co) & !(IS_END | FLAGS) }
}

/// Clears ALL_REGS and CHAIN_CUT of `co`, which is resumed with all its registers and a whole chain of frame
/// pointers.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_resumed(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine. Volatile, so that the store is one of the whole word: see `mark_ended`.
    unsafe { aco_t::state_word(co).write_volatile(read(co) & !(ALL_REGS | CHAIN_CUT)) }
}

/// Marks `co` as cancelled. A word of no form stays of no form.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn mark_cancelled(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe { *aco_t::state_word(co) = read(co) | CANCELLED }
}

/// Returns true if `co` is cancelled and not destroyed.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_cancelled(co: *mut aco_t) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { read(co) & CANCELLED != 0 && !is_destroyed(co) }
}

/// Binds `co` to the stack and the generation that `binding` names. Its hash, flags and `is_end` stay: a copy remains a
/// copy.
///
/// # Safety
/// `co` points to a BOUND coroutine, or to a copy of one.
pub(crate) unsafe fn rebind(co: *mut aco_t, binding: u64) {
    // SAFETY: `co` points to a coroutine.
    unsafe { write(co, binding, CO_HASH | FLAGS | IS_END) }
}

/// Makes `co` BOUND again if it is EXCLUSIVE on `stack`, which `binding` names. Does nothing otherwise.
///
/// # Safety
/// `co` points to a coroutine that the library allocated, or to the readable memory of one.
pub(crate) unsafe fn clear_exclusive(co: *mut aco_t, stack: *mut aco_share_stack_t, binding: u64) {
    // SAFETY: a coroutine, or memory of one, has a readable state word and share stack. An EXCLUSIVE word
    // belongs to a coroutine at this address (S1).
    unsafe {
        if is_exclusive(co) && (*co).share_stack == stack {
            write(co, binding | co_hash(co), IS_END | FLAGS);
        }
    }
}

/// The DESTROYED form of the coroutine at `co`. A copy of a destroyed coroutine, at another address, does not have it.
fn destroyed_form(co: *mut aco_t) -> u64 {
    DESTROYED | (co as u64) << 8 & !(MARK | IS_END) | 1
}

/// Sets CHAIN_CUT of `co`.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_chain_cut(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine. Volatile, so that the store is one of the whole word: see `mark_ended`.
    unsafe { aco_t::state_word(co).write_volatile(read(co) | CHAIN_CUT) }
}

/// Clears CHAIN_CUT of `co`.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_chain_whole(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine. Volatile, so that the store is one of the whole word: see `mark_ended`.
    unsafe { aco_t::state_word(co).write_volatile(read(co) & !CHAIN_CUT) }
}

/// Returns true if `co` has CHAIN_CUT.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_chain_cut(co: *mut aco_t) -> bool {
    // SAFETY: `co` points to a coroutine.
    unsafe { read(co) & CHAIN_CUT != 0 }
}

/// Makes `co` DESTROYED.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on.
#[inline(always)]
pub(crate) unsafe fn mark_destroyed(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine.
    unsafe { *aco_t::state_word(co) = destroyed_form(co) }
}

/// Returns true if `co` was destroyed and its memory was not used since.
///
/// # Safety
/// `co` points to a coroutine, or to the readable memory of one.
#[inline(always)]
pub(crate) unsafe fn is_destroyed(co: *mut aco_t) -> bool {
    // SAFETY: the state word of a coroutine, or of memory of one, is readable.
    unsafe { read(co) == destroyed_form(co) }
}

#[cfg(test)]
mod tests;
