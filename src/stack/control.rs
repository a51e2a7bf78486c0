//! Where share stack control blocks live: memory that stays an `aco_share_stack_t` for ever.
//!
//! libaco lets a program destroy a stack before its coroutines, and so does this library: it
//! must be able to look at the control block of a destroyed stack. Blocks come from slabs that
//! are never given back (80 bytes a stack, as many as ever lived at once) and are used again,
//! last freed first. Any thread may free a block that another one took.
//!
//! The free blocks form a list through `real_ptr`. Its head carries a tag that changes with
//! every removal, so that a thread which read the head and was overtaken fails to remove it. No
//! lock: a child of fork(2) finds the list whole, whatever the other threads were doing.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU16, AtomicU64, Ordering};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::state::Generation;
use crate::sys;
use crate::valgrind::StackId;

/// A control block of this library's.
#[repr(C, align(16))]
pub(super) struct Block {
    public: aco_share_stack_t,
    /// The coroutine whose state word says resident, or NULL: at most one a stack.
    pub(super) resident: *mut aco_t,
    /// How many coroutines are bound to this life. Programs that move coroutines by hand make it
    /// too large, which costs them time alone.
    pub(super) coroutines: u32,
    /// Which life of this block it is; never 0. Atomic: a coroutine of an earlier life may ask
    /// while another thread uses the block again.
    generation: AtomicU16,
    /// Valgrind's number of the stack.
    pub(super) valgrind_id: StackId,
    /// What the state word of a coroutine of this life says of it.
    pub(super) binding: u64,
}

const _: () = assert!(size_of::<Block>() == 112);

impl Block {
    /// Which life of this block it is; never 0.
    #[inline(always)]
    pub(super) fn life(&self) -> Generation {
        self.generation.load(Ordering::Relaxed)
    }
}

/// Bytes of one slab.
pub(super) const SLAB: usize = 64 * 1024;
const BLOCKS_PER_SLAB: usize = SLAB / size_of::<Block>();

/// User addresses fit 48 bits on either architecture unless a program asks mmap for more.
const TAG_SHIFT: u32 = 48;

/// The head of the free list: its address below, the tag above.
static HEAD: AtomicU64 = AtomicU64::new(0);

fn unpack(head: u64) -> *mut Block {
    ptr::with_exposed_provenance_mut((head & ((1 << TAG_SHIFT) - 1)) as usize)
}

fn pack(block: *mut Block, tag: u64) -> u64 {
    block.expose_provenance() as u64 | tag << TAG_SHIFT
}

/// The list's link in a free block, the mapping's address in a block in use. Atomic, because a
/// thread that is being overtaken may still read it; no other thread reads the one in use.
///
/// # Safety
/// `block` points to a control block.
unsafe fn link<'a>(block: *mut Block) -> &'a AtomicPtr<c_void> {
    // SAFETY: the field is aligned and lives for ever; the library writes it through here alone.
    unsafe { AtomicPtr::from_ptr(&raw mut (*block).public.real_ptr) }
}

/// `guard_page_enabled` and `reserved` in one: the block's own address above the flag.
///
/// # Safety
/// `stack` points to a share stack.
unsafe fn mark_of(stack: *mut aco_share_stack_t) -> *mut u64 {
    // SAFETY: eight aligned bytes: `guard_page_enabled` stands at offset 56 (asserted in `abi`).
    unsafe { (&raw mut (*stack).guard_page_enabled).cast() }
}

/// The control block of a share stack; None for a copy by value.
///
/// # Safety
/// `stack` points to a share stack, live or destroyed.
#[inline(always)]
pub(super) unsafe fn block_of(stack: *mut aco_share_stack_t) -> Option<NonNull<Block>> {
    // SAFETY: the caller's promise; a struct that names its own address is the start of a block.
    unsafe { (*mark_of(stack) >> 8 == stack as u64).then(|| NonNull::new_unchecked(stack.cast())) }
}

/// Records what the block describes: the guard, the mapping or NULL, and the block itself.
///
/// # Safety
/// `stack` points to a control block from [`take`].
pub(super) unsafe fn fill(stack: *mut aco_share_stack_t, guarded: bool, mapping: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        *mark_of(stack) = (stack as u64) << 8;
        (*stack).guard_page_enabled = c_char::from(guarded);
        link(stack.cast()).store(mapping, Ordering::Relaxed);
    }
}

/// A control block for one life. None: the system has no memory.
pub(super) fn take() -> Option<NonNull<Block>> {
    loop {
        let head = HEAD.load(Ordering::Acquire);
        let Some(block) = NonNull::new(unpack(head)) else {
            add_slab()?;
            continue;
        };
        if remove(head, block) {
            return Some(block);
        }
    }
}

/// Takes `block` off the list, unless anything was taken since `head`, which it is in, was read.
fn remove(head: u64, block: NonNull<Block>) -> bool {
    // SAFETY: a block that was ever on the list stays one. If another thread has taken it since,
    // the value is wrong, and so is the tag.
    let next = unsafe { link(block.as_ptr()).load(Ordering::Relaxed) };
    let rest = pack(next.cast(), (head >> TAG_SHIFT).wrapping_add(1));
    HEAD.compare_exchange(head, rest, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// Ends a life of `block`: coroutines that are bound to it are refused from here on.
///
/// # Safety
/// The block is from [`take`].
pub(super) unsafe fn end_life(block: NonNull<Block>) {
    // SAFETY: the caller's promise.
    let block = unsafe { block.as_ref() };
    block.generation.store(block.life().checked_add(1).unwrap_or(1), Ordering::Relaxed);
}

/// Frees a block whose life has ended.
///
/// # Safety
/// The block is from [`take`], and its stack is gone.
pub(super) unsafe fn give_back(block: NonNull<Block>) {
    // SAFETY: the block is still the caller's alone.
    unsafe { push(block.as_ptr(), block.as_ptr()) }
}

/// Puts the blocks from `first` to `last`, linked already, on the list.
///
/// # Safety
/// They are control blocks that nobody uses.
unsafe fn push(first: *mut Block, last: *mut Block) {
    let mut head = HEAD.load(Ordering::Relaxed);
    loop {
        // SAFETY: the block is not on the list yet.
        unsafe { link(last).store(unpack(head).cast(), Ordering::Relaxed) };
        let new = pack(first, head >> TAG_SHIFT);
        match HEAD.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(seen) => head = seen,
        }
    }
}

/// Maps a slab and frees all its blocks. None: the system has no memory.
fn add_slab() -> Option<()> {
    let first: NonNull<Block> = sys::map(SLAB)?.cast();
    // SAFETY: the blocks lie inside the new slab, which nobody else knows; zeroed memory is a
    // valid control block.
    unsafe {
        for index in 0..BLOCKS_PER_SLAB {
            let block = first.add(index).as_ptr();
            (*block).generation = AtomicU16::new(1);
            if index + 1 < BLOCKS_PER_SLAB {
                link(block).store(first.add(index + 1).as_ptr().cast(), Ordering::Relaxed);
            }
        }
        push(first.as_ptr(), first.add(BLOCKS_PER_SLAB - 1).as_ptr());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::Mutex;

    #[test]
    fn threads_never_share_a_block() {
        let _alone = LIST.lock();
        let worker = || {
            let mut mine = Vec::new();
            for round in 0..2000_usize {
                mine.push(take().unwrap().as_ptr() as usize);
                if round % 3 == 0 {
                    let block = mine.swap_remove(round % mine.len()) as *mut Block;
                    // SAFETY: taken above, used by nobody.
                    unsafe { give_back(NonNull::new(block).unwrap()) };
                }
            }
            mine
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(worker)).collect();
        let held: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), held.len());
    }

    /// The tests of the list, one at a time: the list is the process's.
    static LIST: Mutex<()> = Mutex::new(());

    #[test]
    fn who_was_overtaken_removes_nothing() {
        let _alone = LIST.lock();
        let (first, second) = (take().unwrap(), take().unwrap());
        // SAFETY: taken above.
        unsafe {
            give_back(second);
            give_back(first);
        }
        // A thread reads the head, and is overtaken by one that takes both, gives the first back.
        let head = HEAD.load(Ordering::Acquire);
        assert_eq!(unpack(head), first.as_ptr());
        assert_eq!((take(), take()), (Some(first), Some(second)));
        // SAFETY: taken above.
        unsafe { give_back(first) };
        assert_eq!(unpack(HEAD.load(Ordering::Acquire)), first.as_ptr(), "the head looks the same");
        assert!(!remove(head, first), "its removal would put the second block on the list");
        // SAFETY: taken above.
        unsafe { give_back(second) };
    }

    #[test]
    fn a_generation_is_never_zero_and_never_stays() {
        let _alone = LIST.lock();
        let block = take().unwrap();
        // SAFETY: taken above; the list's other users wait for nothing from this block.
        unsafe {
            block.as_ref().generation.store(u16::MAX, Ordering::Relaxed);
            end_life(block);
            assert_eq!(block.as_ref().life(), 1);
            give_back(block);
        }
    }

    #[test]
    fn a_copy_has_no_block() {
        let _alone = LIST.lock();
        let block = take().unwrap();
        // SAFETY: taken above; the copy is a plain struct.
        unsafe {
            let stack: *mut aco_share_stack_t = block.as_ptr().cast();
            fill(stack, true, ptr::null_mut());
            assert_eq!(block_of(stack), Some(block));
            assert_eq!((*stack).guard_page_enabled, 1);
            let mut copy = stack.read();
            assert_eq!(block_of(&raw mut copy), None);
            give_back(block);
        }
    }
}
