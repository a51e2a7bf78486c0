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

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::abi::{aco_share_stack_s, aco_share_stack_t};
use crate::sys;

/// Bytes of one slab.
pub(super) const SLAB: usize = 64 * 1024;
const BLOCKS_PER_SLAB: usize = SLAB / size_of::<aco_share_stack_t>();

/// User addresses fit 48 bits on either architecture unless a program asks mmap for more.
const TAG_SHIFT: u32 = 48;

/// The head of the free list: its address below, the tag above.
static HEAD: AtomicU64 = AtomicU64::new(0);

fn unpack(head: u64) -> *mut aco_share_stack_t {
    ptr::with_exposed_provenance_mut((head & ((1 << TAG_SHIFT) - 1)) as usize)
}

fn pack(stack: *mut aco_share_stack_t, tag: u64) -> u64 {
    stack.expose_provenance() as u64 | tag << TAG_SHIFT
}

/// The list's link in a free block, the mapping's address in a block in use. Atomic, because a
/// thread that is being overtaken may still read it.
///
/// # Safety
/// `stack` points to a control block.
unsafe fn link<'a>(stack: *mut aco_share_stack_t) -> &'a AtomicPtr<c_void> {
    // SAFETY: the field is aligned and lives for ever; the library only touches it through here,
    // and programs only read it.
    unsafe { AtomicPtr::from_ptr(&raw mut (*stack).real_ptr) }
}

/// Records the mapping of a stack in use.
///
/// # Safety
/// `stack` points to a control block from [`take`].
pub(super) unsafe fn set_mapping(stack: *mut aco_share_stack_t, mapping: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { link(stack).store(mapping, Ordering::Relaxed) }
}

/// A control block for one life, with its generation counted. None: the system has no memory.
pub(super) fn take() -> Option<NonNull<aco_share_stack_t>> {
    loop {
        let head = HEAD.load(Ordering::Acquire);
        let Some(stack) = NonNull::new(unpack(head)) else {
            add_slab()?;
            continue;
        };
        // SAFETY: a block that was ever on the list stays one. If another thread has taken it
        // since, the value is wrong, and so is the tag.
        let next = unsafe { link(stack.as_ptr()).load(Ordering::Relaxed) };
        let rest = pack(next.cast(), (head >> TAG_SHIFT).wrapping_add(1));
        if HEAD.compare_exchange_weak(head, rest, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return Some(stack);
        }
    }
}

/// Ends a life of `stack` and frees its control block.
///
/// # Safety
/// The block is from [`take`], and its stack is gone.
pub(super) unsafe fn give_back(stack: *mut aco_share_stack_t) {
    // SAFETY: the block is still the caller's alone.
    unsafe {
        let generation = aco_share_stack_s::generation(stack);
        *generation = (*generation).checked_add(1).unwrap_or(1);
        push(stack, stack);
    }
}

/// Puts the blocks from `first` to `last`, linked already, on the list.
///
/// # Safety
/// They are control blocks that nobody uses.
unsafe fn push(first: *mut aco_share_stack_t, last: *mut aco_share_stack_t) {
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
    let first: NonNull<aco_share_stack_t> = sys::map(SLAB)?.cast();
    // SAFETY: the blocks lie inside the new slab, which nobody else knows; zeroed memory is a
    // valid control block.
    unsafe {
        for index in 0..BLOCKS_PER_SLAB {
            let stack = first.add(index).as_ptr();
            *aco_share_stack_s::generation(stack) = 1;
            if index + 1 < BLOCKS_PER_SLAB {
                link(stack).store(first.add(index + 1).as_ptr().cast(), Ordering::Relaxed);
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

    #[test]
    fn threads_never_share_a_block() {
        let worker = || {
            let mut mine = Vec::new();
            for round in 0..2000_usize {
                mine.push(take().unwrap().as_ptr() as usize);
                if round % 3 == 0 {
                    let stack: *mut aco_share_stack_t = mine.swap_remove(round % mine.len()) as _;
                    // SAFETY: taken above, used by nobody.
                    unsafe { give_back(stack) };
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
        let stack = take().unwrap().as_ptr();
        // SAFETY: taken above; the list's other users wait for nothing from this block.
        unsafe {
            let generation = aco_share_stack_s::generation(stack);
            *generation = u16::MAX;
            give_back(stack);
            assert_eq!(*generation, 1);
        }
    }
}
