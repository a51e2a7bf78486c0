//! Control blocks of share stacks.
//!
//! ```text
//!   allocate ──> live (ptr != NULL, generation g) ──destroy──> destroyed (ptr == NULL, generation g + 1) ──> free, or
//!                                                              in a cache or the deferred list ──activate──> live
//! ```
//!
//! * CB1. A block is never unmapped (H6 of `slab::heap`): libaco lets a program destroy a stack before its coroutines.
//! * CB2. `ptr` is NULL unless the stack is live. A free block reads as destroyed.
//! * CB3. Each life has a generation, which is never 0. A coroutine is bound to one (`binding`).
//! * CB4. The block names its own address in `guard_page_enabled` and the bytes after it: a copy by value does not.

use core::ffi::{c_char, c_void};
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, Ordering};

use super::layout::Sizes;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::slab::{self, Class};
use crate::state::Generation;
use crate::valgrind::StackId;

/// Points to the control block of a share stack.
pub(crate) type BlockPtr = NonNull<StackBlock>;

/// A control block of this library's.
#[repr(C, align(16))]
pub(crate) struct StackBlock {
    public: aco_share_stack_t,
    /// The coroutine whose state word is in the form EXCLUSIVE, or NULL. In the list of `deferred_unmap`: the next
    /// block.
    pub(super) exclusive: *mut aco_t,
    /// Coroutines that are bound to this life. It is too large where a program moves coroutines by writing their
    /// fields: that costs time alone.
    pub(super) users: u32,
    /// The number of this life (CB3). Atomic: a coroutine of an earlier life may read it while another thread uses
    /// the block again.
    generation: AtomicU16,
    /// Not 0 if the stack is painted (`high_water_mark`).
    pub(super) is_painted: u16,
    /// Valgrind's id of the stack.
    pub(super) valgrind_id: StackId,
    /// The binding of a coroutine of this life: a part of its state word.
    pub(super) binding: u64,
}

const _: () = assert!(size_of::<StackBlock>() == slab::STACK_BLOCK_SIZE);
const _: () = assert!(offset_of!(StackBlock, public.real_ptr) == slab::STACK_BLOCK_LINK);

impl StackBlock {
    /// The number of this life (CB3).
    #[inline(always)]
    pub(super) fn generation(&self) -> Generation {
        self.generation.load(Ordering::Relaxed)
    }

    /// The mapping of the stack, live or cached; NULL if it has none.
    pub(super) fn mapping(&self) -> *mut c_void {
        self.public.real_ptr
    }

    /// The sizes of the stack, live or cached.
    #[inline(always)]
    pub(super) fn sizes(&self) -> Sizes {
        Sizes { usable: self.public.sz, mapped: self.public.real_sz }
    }
}

/// `guard_page_enabled` and `reserved` in one: the block's own address above the flag.
///
/// # Safety
/// `stack` points to a share stack.
unsafe fn identity_word(stack: *mut aco_share_stack_t) -> *mut u64 {
    // SAFETY: eight aligned bytes: `guard_page_enabled` is at offset 56 (asserted in `abi`).
    unsafe { (&raw mut (*stack).guard_page_enabled).cast() }
}

/// Returns the control block of a share stack. Returns None for a copy by value (CB4).
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn block_of(stack: *mut aco_share_stack_t) -> Option<BlockPtr> {
    // SAFETY: `stack` is readable, live or destroyed (CB1). A struct that names its own address begins a block (CB4).
    unsafe {
        (*identity_word(stack) >> 8 == stack as u64).then(|| NonNull::new_unchecked(stack.cast()))
    }
}

/// Records what the block describes: the guard, the mapping or NULL, and the block itself.
///
/// # Safety
/// `stack` points to a control block from [`allocate`].
pub(super) unsafe fn set_memory(
    stack: *mut aco_share_stack_t,
    is_guarded: bool,
    mapping: *mut c_void,
) {
    // SAFETY: `stack` is a control block that this thread alone uses.
    unsafe {
        *identity_word(stack) = (stack as u64) << 8;
        (*stack).guard_page_enabled = c_char::from(is_guarded);
        (*stack).real_ptr = mapping;
    }
}

/// Allocates a control block. Returns None if the system has no memory.
pub(super) fn allocate() -> Option<BlockPtr> {
    /// The first generation of a new block. Blocks begin at different numbers: memory of a block may have been
    /// zeroed, and a coroutine of a life before that must not match.
    #[unsafe(link_section = "aco_shared")]
    static NEXT_GENERATION: AtomicU16 = AtomicU16::new(1);
    let block: BlockPtr = slab::allocate(Class::StackBlock, slab::STACK_BLOCK_SIZE)?.cast();
    // SAFETY: this thread alone has the block, which is zeroed or was freed.
    let known = unsafe { block.as_ref() };
    if known.generation() == 0 {
        let generation = NEXT_GENERATION.fetch_add(1, Ordering::Relaxed).max(1);
        known.generation.store(generation, Ordering::Relaxed);
    }
    Some(block)
}

/// Ends a life of `block`: a resume of a coroutine that is bound to it is refused afterwards.
///
/// # Safety
/// The block is from [`allocate`].
pub(super) unsafe fn end_generation(block: BlockPtr) {
    // SAFETY: the block is from `allocate`, and never unmapped (CB1).
    let block = unsafe { block.as_ref() };
    block.generation.store(block.generation().checked_add(1).unwrap_or(1), Ordering::Relaxed);
}

/// Frees a block whose life has ended.
///
/// # Safety
/// The block is from [`allocate`], and its stack is gone.
pub(super) unsafe fn free(block: BlockPtr) {
    // SAFETY: this thread alone has the block. Its `ptr` is NULL: it reads as destroyed (CB2).
    unsafe { slab::free(block.as_ptr().cast(), slab::STACK_BLOCK_SIZE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn threads_never_share_a_block() {
        let worker = || {
            let mut mine = Vec::new();
            for round in 0..2000_usize {
                mine.push(allocate().unwrap().as_ptr() as usize);
                if round % 3 == 0 {
                    let block = mine.swap_remove(round % mine.len()) as *mut StackBlock;
                    // SAFETY: allocated above, and used by no other thread.
                    unsafe { free(NonNull::new(block).unwrap()) };
                }
            }
            mine
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(worker)).collect();
        let held: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len());
    }

    #[test]
    fn a_generation_is_never_zero_and_never_stays() {
        let block = allocate().unwrap();
        // SAFETY: taken above.
        unsafe {
            block.as_ref().generation.store(u16::MAX, Ordering::Relaxed);
            end_generation(block);
            assert_eq!(block.as_ref().generation(), 1);
            free(block);
        }
    }

    #[test]
    fn a_copy_has_no_block() {
        let block = allocate().unwrap();
        // SAFETY: taken above; the copy is a plain struct.
        unsafe {
            let stack: *mut aco_share_stack_t = block.as_ptr().cast();
            set_memory(stack, true, core::ptr::null_mut());
            assert_eq!(block_of(stack), Some(block));
            assert_eq!((*stack).guard_page_enabled, 1);
            let mut copy = stack.read();
            assert_eq!(block_of(&raw mut copy), None);
            free(block);
        }
    }
}
