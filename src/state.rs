//! What the padding of a coroutine says: the state word, eight bytes from `is_end` on.
//!
//! ```text
//! bits     63 ... 56   55 ... 44   43 ... 28   27 ... 12    11      10 9 8    7 ... 0
//! bound    0xac        own         stack       generation   0          flags  is_end
//! resident ------------ address of the coroutine, 56 bits ---------- +flags   is_end
//! dead     0xde        ------- address of the coroutine, 48 bits -------      1
//! ```
//!
//! **Bound**: created by this library, at an address that hashes to `own`, on the share stack
//! whose address hashes to `stack`, in that life of it. **Resident**: it has its share stack for
//! itself, its frames are there, and it is that stack's `resident`; the stack is live. Either form names the coroutine's
//! own address, so that a copy by value is seen to be one. **Dead**: `aco_destroy` was here, and nothing has
//! used the memory since. The flags: ALL_REGS, `acosw` left it, so whoever goes
//! on in it must load all registers of `reg`; otherwise the code at `reg[RETADDR]` restores what
//! it needs beyond those that every switch carries. CANCELLED, until it is made to begin anew. CHAIN_CUT: see
//! `frame_chain`.
//!
//! Any other word says nothing: a main coroutine's, that of a copy, of a struct that a program
//! made. The header's inline resume goes on in a coroutine that is resident, without flags and not
//! ended, which is one comparison, and owns its share stack; it calls `aco_resume` for every other.
//! The resident form is therefore part of the ABI. `owner` of the share stack stays the truth about
//! frames: programs and old binaries write it.

use crate::abi::{aco_share_stack_t, aco_t};

/// Counts the lives of a share stack. 0 is no life's number.
pub(crate) type Generation = u16;

const IS_END: u64 = 0xff;
/// Bits of the byte after `is_end`; addresses are aligned to 16, so no address has them.
const ALL_REGS: u64 = 1 << 8;
const CANCELLED: u64 = 1 << 9;
const CHAIN_CUT: u64 = 1 << 10;
const FLAGS: u64 = ALL_REGS | CANCELLED | CHAIN_CUT;
const BOUND: u64 = 0xac << 56;
const MARK: u64 = 0xff << 56;
const DESTROYED: u64 = 0xde << 56;
const CO_HASH: u64 = 0xfff << 44;
const STACK_HASH: u64 = 0xffff << 28;
const GENERATION_SHIFT: u32 = 12;

/// The resident form for the coroutine at `co`.
fn exclusive_form(co: *mut aco_t) -> u64 {
    (co as u64) << 8
}

/// The hash of a coroutine's address, in its place.
fn co_hash(co: *mut aco_t) -> u64 {
    (co as u64 >> 4) << 44 & CO_HASH
}

/// The hash of a share stack's address, in its place. Control blocks lie multiples of 16 apart.
fn stack_hash(stack: *mut aco_share_stack_t) -> u64 {
    (stack as u64 >> 4) << 28 & STACK_HASH
}

/// The word as it is.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn read(co: *mut aco_t) -> u64 {
    // SAFETY: eight initialised, aligned bytes (asserted in `abi`).
    unsafe { *aco_t::state_word(co) }
}

/// Writes a form; of the rest what `kept` names stays.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn write(co: *mut aco_t, form: u64, kept: u64) {
    // SAFETY: as in `read`.
    unsafe { *aco_t::state_word(co) = form | read(co) & kept }
}

/// Is `co` resident?
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn is_exclusive(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) & !(IS_END | FLAGS) == exclusive_form(co) }
}

/// Marks `co` as created on the stack, and in the life of it, that `binding` names.
///
/// # Safety
/// `co` points to a coroutine that the library allocated.
#[inline(always)]
pub(crate) unsafe fn bind(co: *mut aco_t, binding: u64) {
    // SAFETY: the caller's promise.
    unsafe { write(co, binding | co_hash(co), IS_END) }
}

/// Is it this library that made the coroutine at this address? A copy by value says no.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_ours(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) & (MARK | CO_HASH) == BOUND | co_hash(co) || is_exclusive(co) }
}

/// The life of its present share stack that `co` was bound to; 0 where its word does not tell. A
/// resident's does not: its stack is live.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn generation(co: *mut aco_t) -> Generation {
    // SAFETY: the caller's promise.
    let (word, stack) = unsafe { (read(co), (*co).share_stack) };
    if word & (MARK | STACK_HASH) == BOUND | stack_hash(stack) {
        (word >> GENERATION_SHIFT) as Generation
    } else {
        0
    }
}

/// The part of a bound form that names `stack` and this life of it.
pub(crate) fn binding(stack: *mut aco_share_stack_t, generation: Generation) -> u64 {
    BOUND | stack_hash(stack) | u64::from(generation) << GENERATION_SHIFT
}

/// Is `co` bound to this stack and life?
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_bound_to(co: *mut aco_t, binding: u64) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (read(co) ^ binding) & (MARK | STACK_HASH | 0xffff << GENERATION_SHIFT) == 0 }
}

/// Was `co` left by `acosw`, or by a call that ends in it, and not gone on in since?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn has_all_regs(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) & ALL_REGS != 0 }
}

/// Makes `co` resident.
///
/// # Safety
/// `co` points to a coroutine that is ours and becomes its share stack's resident.
pub(crate) unsafe fn set_exclusive(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { write(co, exclusive_form(co), IS_END | FLAGS) }
}

/// Marks `co` as ended by a call: `is_end` is 1, and it is ALL_REGS, as after a switch.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn mark_ended(co: *mut aco_t) {
    // SAFETY: the caller's promise. The word as a whole: see `arch` on ALL_REGS.
    unsafe { *aco_t::state_word(co) = read(co) & !IS_END | ALL_REGS | 1 }
}

/// `co` begins anew: it has not ended any more, is not cancelled, and has no registers to be loaded.
///
/// # Safety
/// `co` points to a coroutine without frames.
pub(crate) unsafe fn mark_reset(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { *aco_t::state_word(co) = read(co) & !(IS_END | FLAGS) }
}

/// `co` is gone on in, with all its registers and a chain of frame pointers that is whole: how it leaves next
/// is open.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_resumed(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { *aco_t::state_word(co) = read(co) & !(ALL_REGS | CHAIN_CUT) }
}

/// Marks `co` as cancelled.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn mark_cancelled(co: *mut aco_t) {
    // SAFETY: the caller's promise. A program's own word stays what it is, one that says nothing.
    unsafe { *aco_t::state_word(co) = read(co) | CANCELLED }
}

/// Is `co` cancelled?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_cancelled(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) & CANCELLED != 0 && !is_destroyed(co) }
}

/// Binds `co` to the stack and life that `binding` names; whose it is stays as it is.
///
/// # Safety
/// `co` points to a bound coroutine, or to a copy of one.
pub(crate) unsafe fn rebind(co: *mut aco_t, binding: u64) {
    // SAFETY: the caller's promise.
    unsafe { write(co, binding, CO_HASH | FLAGS | IS_END) }
}

/// Makes a resident of `stack`, which `binding` names, bound again. What is no resident of it is let
/// alone.
///
/// # Safety
/// `co` points to a coroutine of the library's, or to memory that once was one.
pub(crate) unsafe fn clear_exclusive(co: *mut aco_t, stack: *mut aco_share_stack_t, binding: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        if is_exclusive(co) && (*co).share_stack == stack {
            write(co, binding | co_hash(co), IS_END | FLAGS);
        }
    }
}

/// The dead form for the coroutine at `co`. A program's struct elsewhere that was copied from a dead
/// one does not have it.
fn destroyed_form(co: *mut aco_t) -> u64 {
    DESTROYED | (co as u64) << 8 & !(MARK | IS_END) | 1
}

/// Marks the chain of frame pointers of `co` as cut.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn mark_chain_cut(co: *mut aco_t) {
    // SAFETY: a coroutine has a state word.
    // The word as a whole: see `arch` on ALL_REGS.
    unsafe { aco_t::state_word(co).write_volatile(read(co) | CHAIN_CUT) }
}

/// Marks it as whole.
///
/// # Safety
/// As [`mark_chain_cut`].
pub(crate) unsafe fn mark_chain_whole(co: *mut aco_t) {
    // SAFETY: a coroutine has a state word.
    unsafe { *aco_t::state_word(co) = read(co) & !CHAIN_CUT }
}

/// Is the chain of frame pointers of `co` cut?
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn is_chain_cut(co: *mut aco_t) -> bool {
    // SAFETY: a coroutine has a state word.
    unsafe { read(co) & CHAIN_CUT != 0 }
}

/// Marks `co` as destroyed.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on.
#[inline(always)]
pub(crate) unsafe fn mark_destroyed(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { *aco_t::state_word(co) = destroyed_form(co) }
}

/// Was `co` destroyed, and has nothing used its memory since?
///
/// # Safety
/// `co` points to a coroutine, or to the memory of one.
#[inline(always)]
pub(crate) unsafe fn is_destroyed(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe { read(co) == destroyed_form(co) }
}

#[cfg(test)]
mod tests;
