//! Stacks that the system did not take back.
//!
//! Guarded stacks that lie side by side are one mapping; giving one in the middle back makes two of it,
//! and `vm.max_map_count` may not allow that. Such a stack is kept without its pages: its control block,
//! which describes its memory still, waits in a list for the next stack of that size, or for the moment
//! when its neighbours are gone.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::control::{self, Block};
use super::layout::Sizes;
use super::memory;
use crate::sys;

/// The first of the list, which goes on in `resident`: nobody runs on these stacks. Held by who looks
/// through it.
#[unsafe(link_section = "aco_shared")]
static RETAINED: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());
#[unsafe(link_section = "aco_shared")]
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// The list, held. None: another thread holds it for long, or held it when this process was forked.
struct List;

impl List {
    fn hold() -> Option<List> {
        const PATIENCE: usize = 10_000;
        for _ in 0..PATIENCE {
            if !IS_HELD.swap(true, Ordering::Acquire) {
                return Some(List);
            }
            sys::let_others_run();
        }
        None
    }
}

impl Drop for List {
    fn drop(&mut self) {
        IS_HELD.store(false, Ordering::Release);
    }
}

/// Gives a mapped or allocated stack back to the system, now or later. False: the system does not know
/// the memory; `sys::errno` says why.
///
/// # Safety
/// `block` is a control block whose life has ended, `usable` its lowest byte; nothing uses the stack.
pub(super) unsafe fn release(block: NonNull<Block>, usable: *mut c_void) -> bool {
    // SAFETY: the caller's promise. Guards stay where pages go.
    unsafe {
        let sizes = block.as_ref().sizes();
        if memory::release(usable, &sizes) {
            control::give_back(block);
            if !RETAINED.load(Ordering::Relaxed).is_null() {
                try_again();
            }
            return true;
        }
        let is_no_room = sys::errno() == libc::ENOMEM;
        if is_no_room {
            sys::discard(usable.byte_sub(sizes.below()), sizes.mapped);
            // Without the list the address space is lost.
            if let Some(_list) = List::hold() {
                (*block.as_ptr()).resident = RETAINED.load(Ordering::Relaxed).cast();
                RETAINED.store(block.as_ptr(), Ordering::Relaxed);
            }
        }
        is_no_room
    }
}

/// A kept stack of exactly these sizes.
#[inline(always)]
pub(super) fn take(sizes: &Sizes) -> Option<(NonNull<Block>, *mut c_void)> {
    if RETAINED.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let block = search(sizes)?;
    // SAFETY: the block is this thread's now.
    Some((block, unsafe { memory::usable_of(block.as_ref().mapping(), sizes) }))
}

#[cold]
#[inline(never)]
fn search(sizes: &Sizes) -> Option<NonNull<Block>> {
    let _list = List::hold()?;
    let mut first = RETAINED.load(Ordering::Relaxed);
    let mut link = &raw mut first;
    // SAFETY: the list is held; control blocks stay readable.
    unsafe {
        while let Some(block) = NonNull::new(*link) {
            let next: *mut *mut Block = (&raw mut (*block.as_ptr()).resident).cast();
            if block.as_ref().sizes() == *sizes {
                *link = next.replace(ptr::null_mut());
                RETAINED.store(first, Ordering::Relaxed);
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
fn try_again() {
    let Some(_list) = List::hold() else { return };
    // SAFETY: the list is held; control blocks stay readable, the memory is nobody's.
    unsafe {
        while let Some(block) = NonNull::new(RETAINED.load(Ordering::Relaxed)) {
            let sizes = block.as_ref().sizes();
            if !memory::release(memory::usable_of(block.as_ref().mapping(), &sizes), &sizes) {
                break;
            }
            RETAINED.store((*block.as_ptr()).resident.cast(), Ordering::Relaxed);
            (*block.as_ptr()).resident = ptr::null_mut();
            control::give_back(block);
        }
    }
}
