//! Stacks that the system did not take back.
//!
//! Guarded stacks that lie side by side are one mapping; giving one in the middle back makes two of it,
//! and `vm.max_map_count` may not allow that. Such a stack is kept without its pages: its control block,
//! which describes its memory still, waits in a list for the next stack of that size, or for the moment
//! when its neighbours are gone.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::control::{self, Block};
use super::layout::Sizes;
use super::memory;
use crate::sys;

/// The first of the list, which goes on in `resident`: nobody runs on these stacks.
#[unsafe(link_section = "aco_shared")]
static RETAINED: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());

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
            sys::discard(usable, sizes.usable);
            push(block.as_ptr());
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
    /// A program has few sizes, and others wait for a stack.
    const MOST: usize = 16;
    let first = RETAINED.swap(ptr::null_mut(), Ordering::Acquire);
    let (mut rest, mut found) = (first, None);
    let mut link = &raw mut rest;
    // SAFETY: the whole list is this thread's; control blocks stay readable.
    unsafe {
        for _ in 0..MOST {
            let Some(block) = NonNull::new(*link) else { break };
            let next: *mut *mut Block = (&raw mut (*block.as_ptr()).resident).cast();
            if block.as_ref().sizes() == *sizes {
                *link = next.replace(ptr::null_mut());
                found = Some(block);
                break;
            }
            link = next;
        }
        put_back(rest);
    }
    found
}

/// Gives them back until one is refused: its neighbours are there still, and so may be the others'.
#[cold]
#[inline(never)]
fn try_again() {
    let mut rest = RETAINED.swap(ptr::null_mut(), Ordering::Acquire);
    // SAFETY: the whole list is this thread's; control blocks stay readable, the memory is nobody's.
    unsafe {
        while let Some(block) = NonNull::new(rest) {
            let sizes = block.as_ref().sizes();
            if !memory::release(memory::usable_of(block.as_ref().mapping(), &sizes), &sizes) {
                break;
            }
            rest = (*block.as_ptr()).resident.cast();
            (*block.as_ptr()).resident = ptr::null_mut();
            control::give_back(block);
        }
        put_back(rest);
    }
}

/// Puts a whole list back; one by one where there is another by now.
///
/// # Safety
/// The list is the caller's.
unsafe fn put_back(mut first: *mut Block) {
    let nothing = ptr::null_mut();
    let alone =
        RETAINED.compare_exchange(nothing, first, Ordering::Release, Ordering::Relaxed).is_ok();
    // SAFETY: the caller's promise.
    unsafe {
        while !alone && !first.is_null() {
            let next = (*first).resident.cast();
            push(first);
            first = next;
        }
    }
}

/// Puts a block on the list.
///
/// # Safety
/// The block is the caller's.
unsafe fn push(block: *mut Block) {
    let mut first = RETAINED.load(Ordering::Relaxed);
    loop {
        // SAFETY: the caller's promise, until it is on the list.
        unsafe { (*block).resident = first.cast() };
        match RETAINED.compare_exchange_weak(first, block, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(seen) => first = seen,
        }
    }
}
