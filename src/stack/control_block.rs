//! Control blocks of share stacks: they stay readable after the stack is destroyed.
//!
//! As in libaco, a program may destroy a stack before the stack's coroutines.
//!
//! ```text
//!          allocate, init_block           activate            destroy
//!   FREE ───────────────────────> NEW ────────────> LIVE ───────────> CACHED, PAIR or DEFERRED ── free ──> FREE
//!                                                    ^                              │
//!                                                    └────────── activate ──────────┘
//!
//!   state      `ptr`    generation   `exclusive`                describes its memory
//!   FREE       NULL     next one     any                        no
//!   NEW        NULL     next one     NULL                       yes
//!   LIVE       not NULL its own      NULL or a coroutine        yes
//!   CACHED     NULL     next one     NULL                       yes; in the list of a thread (`cache`)
//!   PAIR       NULL     its own      the freed coroutine        yes; in the same list, with the coroutine (`pair`)
//!   DEFERRED   NULL     next one     next block of the list     yes; in the list of the process (`deferred_unmap`)
//! ```
//!
//! * CB1. The memory of a block is never unmapped (`slab::heap`, H6). While a block is not LIVE its `ptr` is NULL, so
//!   it reads as a destroyed stack. A purged block reads as all zero: FREE.
//! * CB2. `destroy` changes the generation. A coroutine is bound to the generation that it was created on; if that is
//!   over, resuming it is refused. Generation 0 belongs to no block.
//! * CB3. The identity word holds the block's own address. A copy by value has another address, so it has no block.
//! * CB4. `exclusive` is NULL, or the only coroutine of the stack whose state word may have the EXCLUSIVE form
//!   (`state`). In a PAIR it is the freed coroutine, which has the DESTROYED form.
//! * CB5. `users` is at least the number of coroutines that are bound to this generation. A program that moves
//!   coroutines by writing `share_stack` makes it too large, which costs time only.

use core::ffi::{c_char, c_void};
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, Ordering};

use super::layout::Sizes;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::state::Generation;
use crate::valgrind::StackId;

/// Points to the control block of a share stack.
pub(crate) type BlockPtr = NonNull<StackBlock>;

/// The `home` of an owned stack whose coroutine is not in a slab of the thread that created it. The id of no heap.
pub(super) const NO_HOME: u32 = 1;

/// The control block of a share stack: the public struct, and what only the library uses.
#[repr(C, align(16))]
pub(crate) struct StackBlock {
    public: aco_share_stack_t,
    /// The exclusive coroutine, or NULL (CB4). DEFERRED: the next block of the list.
    pub(super) exclusive: *mut aco_t,
    /// The number of coroutines bound to this generation (CB5).
    pub(super) users: u32,
    /// The generation (CB2); not 0. Atomic: a thread may ask for a coroutine of an earlier generation while another
    /// thread uses the block again.
    generation: AtomicU16,
    /// 1 if the stack was painted (`high_water_mark`), else 0.
    pub(super) is_painted: u8,
    /// 1 if the stack belongs to its coroutine (`pair`), else 0.
    pub(super) is_owned: u8,
    /// Valgrind's id of the stack.
    pub(super) valgrind_id: StackId,
    /// Of an owned stack: the heap of its coroutine's control block (`slab::heap_id`), or [`NO_HOME`]. Of a stack in a
    /// span: the number of the span.
    pub(super) home: u32,
    /// The part of the state word that names this stack and generation (`state`).
    pub(super) binding: u64,
}

const _: () = assert!(size_of::<StackBlock>() == slab::STACK_BLOCK_SIZE);
const _: () = assert!(offset_of!(StackBlock, public.real_ptr) == slab::STACK_BLOCK_LINK);

impl StackBlock {
    /// The generation (CB2).
    #[inline(always)]
    pub(super) fn generation(&self) -> Generation {
        self.generation.load(Ordering::Relaxed)
    }

    /// The mapping of the stack. NULL: its memory is allocated or the program's.
    pub(super) fn mapping(&self) -> *mut c_void {
        self.public.real_ptr
    }

    /// The sizes of the stack.
    #[inline(always)]
    pub(super) fn sizes(&self) -> Sizes {
        Sizes { usable: self.public.sz, mapped: self.public.real_sz }
    }
}

/// The identity word: the low byte is `guard_page_enabled`, `reserved` above it holds the block's own address (CB3).
///
/// # Safety
/// `stack` points to a share stack.
unsafe fn identity_word(stack: *mut aco_share_stack_t) -> *mut u64 {
    // SAFETY: `guard_page_enabled` starts eight aligned bytes, at offset 56 (asserted in `abi`).
    unsafe { (&raw mut (*stack).guard_page_enabled).cast() }
}

/// The control block of a share stack. None: `stack` is a copy by value (CB3).
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
#[inline(always)]
pub(crate) unsafe fn block_of(stack: *mut aco_share_stack_t) -> Option<BlockPtr> {
    // SAFETY: `stack` is live or destroyed, so its identity word is mapped. A struct that holds its own
    // address is the start of a block (CB3).
    unsafe {
        (*identity_word(stack) >> 8 == stack as u64).then(|| NonNull::new_unchecked(stack.cast()))
    }
}

/// The control block of the share stack of `co`. None: `co` is a main coroutine, or its stack is a copy by value.
///
/// # Safety
/// `co` points to a coroutine.
#[inline(always)]
pub(crate) unsafe fn block_of_coroutine(co: *mut aco_t) -> Option<BlockPtr> {
    // SAFETY: `share_stack` is NULL or can be read (CB1).
    unsafe {
        let stack = (*co).share_stack;
        if stack.is_null() { None } else { block_of(stack) }
    }
}

/// Sets the identity word, the guard flag and the mapping, which may be NULL.
///
/// # Safety
/// `stack` points to a NEW control block.
pub(super) unsafe fn set_memory(
    stack: *mut aco_share_stack_t,
    is_guarded: bool,
    mapping: *mut c_void,
) {
    // SAFETY: the block is NEW: only this thread writes it.
    unsafe {
        *identity_word(stack) = (stack as u64) << 8;
        (*stack).guard_page_enabled = c_char::from(is_guarded);
        (*stack).real_ptr = mapping;
    }
}

/// Allocates a control block.
pub(super) fn allocate() -> Result<BlockPtr, CreateError> {
    /// The first generation of the next block that has none: a new one, or a purged one. Blocks start at different
    /// generations, so that a coroutine of a purged generation rarely matches.
    #[unsafe(link_section = "aco_shared")]
    static NEXT_GENERATION: AtomicU16 = AtomicU16::new(1);
    let size = slab::STACK_BLOCK_SIZE;
    let block = slab::allocate(Class::StackBlock, size);
    let block: BlockPtr = block.ok_or(CreateError::NoStackMemory { size })?.cast();
    // SAFETY: the block is all zero, or has its contents from before it was freed (`Class::StackBlock`).
    let known = unsafe { block.as_ref() };
    if known.generation() == 0 {
        let generation = NEXT_GENERATION.fetch_add(1, Ordering::Relaxed).max(1);
        known.generation.store(generation, Ordering::Relaxed);
    }
    Ok(block)
}

/// Ends the generation of `block`: resuming a coroutine that is bound to it is refused afterwards (CB2).
///
/// # Safety
/// `block` is from [`allocate`], and this thread destroys its stack.
pub(super) unsafe fn end_generation(block: BlockPtr) {
    // SAFETY: blocks stay readable (CB1).
    let block = unsafe { block.as_ref() };
    block.generation.store(block.generation().checked_add(1).unwrap_or(1), Ordering::Relaxed);
}

/// Returns true if the stack whose control block is `block` belongs to its coroutine.
///
/// # Safety
/// `block` is the control block of a share stack, or None.
#[inline(always)]
pub(crate) unsafe fn is_owned(block: Option<BlockPtr>) -> bool {
    // SAFETY: control blocks stay readable (CB1).
    block.is_some_and(|block| unsafe { (*block.as_ptr()).is_owned } != 0)
}

/// Frees a block.
///
/// # Safety
/// `block` is from [`allocate`], its `ptr` is NULL, and its stack has no memory.
pub(super) unsafe fn free(block: BlockPtr) {
    // SAFETY: no other thread uses the block but to read it (CB1).
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
                    // SAFETY: allocated above, and unused.
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
        // SAFETY: allocated above.
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
        // SAFETY: allocated above; the copy is a plain struct.
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
