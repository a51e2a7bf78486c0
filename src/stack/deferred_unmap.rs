//! Stacks that the system did not take back.
//!
//! Guarded stacks that lie side by side are one mapping; giving one in the middle back makes two of it,
//! and `vm.max_map_count` may not allow that. Such a stack is kept without its pages: its control block,
//! which describes its memory still, waits in a list for the next stack of that size, or for the moment
//! when its neighbours are gone.

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
static LOCK: Lock = Lock::new();

/// Locks the list. None: it stays locked, perhaps by a thread that this child of fork(2) does not have.
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

/// Gives a mapped or allocated stack back to the system, now or later. False: the system does not know
/// the memory; `sys::errno` says why.
///
/// # Safety
/// `block` is a control block whose life has ended, `usable` its lowest byte; nothing uses the stack.
pub(super) unsafe fn release(block: BlockPtr, usable: *mut c_void) -> bool {
    // SAFETY: the caller's promise. Guards stay where pages go.
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
            // Without the list the address space is lost.
            if let Some(_list) = lock_list() {
                (*block.as_ptr()).exclusive = DEFERRED.load(Ordering::Relaxed).cast();
                DEFERRED.store(block.as_ptr(), Ordering::Relaxed);
            }
        }
        is_no_room
    }
}

/// A kept stack of exactly these sizes.
#[inline(always)]
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    if DEFERRED.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let block = remove_matching(sizes)?;
    // SAFETY: the block is this thread's now.
    Some((block, unsafe { memory::usable_start(block.as_ref().mapping(), sizes) }))
}

#[cold]
#[inline(never)]
fn remove_matching(sizes: &Sizes) -> Option<BlockPtr> {
    let _list = lock_list()?;
    let mut first = DEFERRED.load(Ordering::Relaxed);
    let mut link = &raw mut first;
    // SAFETY: the list is held; control blocks stay readable.
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

/// Gives them back until one is refused: its neighbours are there still, and so may be the others'.
#[cold]
#[inline(never)]
fn retry_unmap() {
    let Some(_list) = lock_list() else { return };
    // SAFETY: the list is held; control blocks stay readable, the memory is nobody's.
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
