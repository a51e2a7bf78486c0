//! Stacks whose munmap(2) the system has refused.
//!
//! ```text
//!   release ── unmapped ──> block freed; retry_unmap for the list
//!      │ ENOMEM
//!      v
//!   pages discarded, block in the list ── acquire, equal sizes ──> live again
//!                                      ── retry_unmap ───────────> block freed
//! ```
//!
//! Guarded stacks side by side are one mapping. To unmap one in the middle makes two mappings of it, and
//! `vm.max_map_count` may not permit that.
//!
//! * D1. The list is changed under `LOCK`. A thread that cannot get the lock leaves the list as it is: after fork(2)
//!   the lock may stay held.
//! * D2. A block in the list describes its memory, which no code uses.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::control_block::{self, BlockPtr, StackBlock};
use super::layout::Sizes;
use super::memory;
use crate::lock::{Lock, LockGuard};
use crate::sys;

/// The first block of the list; `exclusive` of each block is the next one (D1).
#[unsafe(link_section = "aco_shared")]
static DEFERRED: AtomicPtr<StackBlock> = AtomicPtr::new(ptr::null_mut());
#[unsafe(link_section = "aco_shared")]
static LOCK: Lock = Lock::new();

/// Locks the list. Returns None if it stays locked (D1).
fn lock_list() -> Option<LockGuard<'static>> {
    const SPIN_LIMIT: usize = 10_000;
    (0..SPIN_LIMIT).find_map(|_| {
        let guard = LOCK.try_lock_guard();
        if guard.is_none() {
            sys::yield_thread();
        }
        guard
    })
}

/// Releases the memory of a stack, now or later. Returns false, with errno, if the system does not know the memory.
///
/// # Safety
/// `block` is a control block whose life has ended, `usable` its lowest byte. No code uses the stack.
pub(super) unsafe fn release(block: BlockPtr, usable: *mut c_void) -> bool {
    // SAFETY: no code uses the stack, which the block describes. Guards stay when pages are discarded.
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
            // Without the lock the address space is lost (D1).
            if let Some(_list) = lock_list() {
                (*block.as_ptr()).exclusive = DEFERRED.load(Ordering::Relaxed).cast();
                DEFERRED.store(block.as_ptr(), Ordering::Relaxed);
            }
        }
        is_no_room
    }
}

/// Takes a stack of exactly these sizes out of the list.
#[inline(always)]
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    if DEFERRED.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let block = remove_matching(sizes)?;
    // SAFETY: the block is out of the list, so this thread alone has it.
    Some((block, unsafe { memory::usable_start(block.as_ref().mapping(), sizes) }))
}

#[cold]
#[inline(never)]
fn remove_matching(sizes: &Sizes) -> Option<BlockPtr> {
    let _list = lock_list()?;
    let mut first = DEFERRED.load(Ordering::Relaxed);
    let mut link = &raw mut first;
    // SAFETY: the list is locked (D1), and control blocks are never unmapped (CB1).
    unsafe {
        while let Some(block) = NonNull::new(*link) {
            let next: *mut *mut StackBlock = (&raw mut (*block.as_ptr()).exclusive).cast();
            if block.as_ref().sizes() == *sizes {
                *link = next.replace(ptr::null_mut());
                DEFERRED.store(first, Ordering::Relaxed);
                return Some(block);
            }
            link = next;
        }
    }
    None
}

/// Unmaps the stacks of the list until the system refuses one.
#[cold]
#[inline(never)]
fn retry_unmap() {
    let Some(_list) = lock_list() else { return };
    // SAFETY: the list is locked (D1), and no code uses the memory (D2).
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
