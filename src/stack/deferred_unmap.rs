//! Stacks whose unmapping is deferred.
//!
//! Adjacent guarded stacks are one mapping. Unmapping one in the middle makes two of it, which `vm.max_map_count` may
//! forbid. Such a stack waits in a list, without its pages, for the next stack of its sizes or for a later attempt.
//!
//! ```text
//!   release ── munmap succeeds ──> the block is FREE; retry the list until one is refused
//!      ├────── ENOMEM ───────────> discard the pages; the block is DEFERRED, first in the list
//!      └────── another errno ────> false: the memory is not what its description says
//!
//!   acquire ── a block of these sizes ──> out of the list
//! ```
//!
//! * D1. A block in the list is DEFERRED (`control_block`): nothing uses its stack, and it describes the memory.
//! * D2. The list changes under [`LOCK`]. Without the lock a thread only compares [`DEFERRED`] with NULL.
//! * D3. A thread that cannot lock the list goes on without it: it loses address space, or maps a new stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::control_block::{self, BlockPtr, StackBlock};
use super::layout::Sizes;
use super::memory;
use crate::lock::{Lock, LockGuard};
use crate::sys;

/// The first of the list; `exclusive` of each block is the next one. Changed under [`LOCK`].
#[unsafe(link_section = "aco_shared")]
static DEFERRED: AtomicPtr<StackBlock> = AtomicPtr::new(ptr::null_mut());
#[unsafe(link_section = "aco_shared")]
static LOCK: Lock = Lock::NEW;

/// Locks the list. None: it stays locked, perhaps by a thread that this child of fork(2) does not have.
fn lock_list() -> Option<LockGuard<'static>> {
    const SPIN_LIMIT: usize = 10_000;
    (0..SPIN_LIMIT).find_map(|_| {
        let guard = LOCK.try_guard();
        if guard.is_none() {
            sys::yield_thread();
        }
        guard
    })
}

/// Frees the memory of a stack and its control block, now or later. Returns false if the system refuses for another
/// reason than too many mappings: see `sys::errno`.
///
/// # Safety
/// Nothing uses the stack. `block` is its control block, and is not LIVE. `usable` is its lowest usable byte.
pub(super) unsafe fn release(block: BlockPtr, usable: *mut c_void) -> bool {
    // SAFETY: nothing uses the memory, which the block describes. `discard` leaves guards in place.
    unsafe {
        let sizes = block.as_ref().sizes();
        if memory::release(usable, &sizes) {
            control_block::free(block);
            if !DEFERRED.load(Ordering::Relaxed).is_null() {
                retry_unmap();
            }
            return true;
        }
        let is_no_room = sys::errno() == libc::ENOMEM;
        if is_no_room {
            sys::discard(usable.byte_sub(sizes.guard_and_gap()), sizes.mapped);
            // D3.
            if let Some(_list) = lock_list() {
                (*block.as_ptr()).exclusive = DEFERRED.load(Ordering::Relaxed).cast();
                DEFERRED.store(block.as_ptr(), Ordering::Relaxed);
            }
        }
        is_no_room
    }
}

/// Removes a stack of exactly these sizes. Returns its control block and its lowest usable byte.
#[inline(always)]
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    if DEFERRED.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let block = remove_matching(sizes)?;
    // SAFETY: the block is out of the list, so only this thread uses it.
    Some((block, unsafe { memory::usable_start(block.as_ref().mapping(), sizes) }))
}

/// Removes the block of a stack of exactly these sizes.
#[cold]
#[inline(never)]
fn remove_matching(sizes: &Sizes) -> Option<BlockPtr> {
    let _guard = lock_list()?;
    let mut first = DEFERRED.load(Ordering::Relaxed);
    // SAFETY: the list is locked (D2), and its blocks are DEFERRED (D1).
    let block = unsafe { unlink_matching(&raw mut first, sizes)? };
    DEFERRED.store(first, Ordering::Relaxed);
    Some(block)
}

/// Unlinks the first block of exactly these sizes from the list that starts at `link`.
///
/// # Safety
/// `link` points to NULL or a DEFERRED block, and so do their links; no other thread changes the list.
unsafe fn unlink_matching(mut link: *mut *mut StackBlock, sizes: &Sizes) -> Option<BlockPtr> {
    // SAFETY: the blocks of the list are DEFERRED: `exclusive` is the link to the next one.
    unsafe {
        while let Some(block) = NonNull::new(*link) {
            let next: *mut *mut StackBlock = (&raw mut (*block.as_ptr()).exclusive).cast();
            if block.as_ref().sizes() == *sizes {
                *link = next.replace(ptr::null_mut());
                return Some(block);
            }
            link = next;
        }
    }
    None
}

/// Unmaps deferred stacks until the system refuses one. Its neighbors are still mapped, perhaps those of the others
/// too.
#[cold]
#[inline(never)]
fn retry_unmap() {
    let Some(_list) = lock_list() else { return };
    // SAFETY: the list is locked (D2), and nothing uses the stacks in it (D1).
    unsafe {
        while let Some(block) = NonNull::new(DEFERRED.load(Ordering::Relaxed)) {
            let sizes = block.as_ref().sizes();
            if !memory::release(memory::usable_start(block.as_ref().mapping(), &sizes), &sizes) {
                break;
            }
            DEFERRED.store((*block.as_ptr()).exclusive.cast(), Ordering::Relaxed);
            (*block.as_ptr()).exclusive = ptr::null_mut();
            control_block::free(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::create::create_block;
    use super::super::guard::guard_size;
    use super::*;

    #[test]
    fn a_block_leaves_the_list_by_its_sizes() {
        let [small, large, other] = [5, 9, 7]
            .map(|pages| Sizes::new(pages << 16, true, sys::page_size(), guard_size()).unwrap());
        let mut first: *mut StackBlock = ptr::null_mut();
        let stacks = [&small, &large, &small].map(|sizes| {
            let (block, usable) = create_block(sizes).ok().unwrap();
            // SAFETY: the block is NEW.
            unsafe { (*block.as_ptr()).exclusive = first.cast() };
            first = block.as_ptr();
            (block, usable)
        });
        for (sizes, expected) in [
            (&other, None),
            (&large, Some(stacks[1].0)),
            (&large, None),
            (&small, Some(stacks[2].0)),
            (&small, Some(stacks[0].0)),
            (&small, None),
        ] {
            // SAFETY: the list is this test's.
            assert_eq!(unsafe { unlink_matching(&raw mut first, sizes) }, expected);
        }
        assert!(first.is_null());
        // SAFETY: nothing uses the stacks.
        assert!(stacks.into_iter().all(|(block, usable)| unsafe { release(block, usable) }));
    }
}
