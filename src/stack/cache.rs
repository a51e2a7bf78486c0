//! The stack cache: a bounded list of destroyed stacks in each thread, the last destroyed first.
//!
//! A new stack costs a control block, a mapping, a guard and the faults of its first pages. A cached one has them.
//! The links are in the stacks themselves, at the top, which was just in use. The list is released when the thread
//! exits.
//!
//! * SC1. Only its thread uses a list. No other code uses a stack in it.
//! * SC2. A list has at most `MAX_STACKS` stacks and `MAX_BYTES` bytes. A stack beyond that replaces the oldest one.
//! * SC3. After `MAX_UNUSED_RELEASES` replacements without an allocation the cache is empty and stays so until the
//!   thread creates a stack: a few cached stacks may hold much of the C library's heap.

use core::ffi::c_void;
use core::ptr;

use super::control_block::BlockPtr;
use super::deferred_unmap;
use super::layout::Sizes;
use crate::thread_exit::{self, Resource};
use crate::tls::ThreadState;
use crate::{sanitizer, tls};

/// Limits of a thread's list (SC2).
const MAX_STACKS: u16 = 32;
const MAX_BYTES: u32 = 8 << 20;
/// Replacements without an allocation until the cache is disabled (SC3).
const MAX_UNUSED_RELEASES: u16 = 256;

/// The entry at the top of a cached stack. Its control block still describes the memory: all but `ptr`.
#[repr(C)]
struct CachedStack {
    next: *mut CachedStack,
    block: BlockPtr,
    /// The lowest usable byte.
    usable: *mut c_void,
}

/// Returns the entry of a stack: inside it, aligned.
fn entry_of(usable: *mut c_void, sizes: &Sizes) -> *mut CachedStack {
    let top = usable.addr() + sizes.usable - size_of::<CachedStack>();
    usable.with_addr(top & !(align_of::<CachedStack>() - 1)).cast()
}

/// Takes a stack of exactly these sizes: its control block, and its `ptr`.
#[inline(always)]
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state and list (SC1).
    unsafe {
        (*state).unused_releases = 0;
        let mut link: *mut *mut CachedStack = (&raw mut (*state).cached_stacks).cast();
        while !(*link).is_null() {
            let CachedStack { next, block, usable } = (*link).read();
            if block.as_ref().sizes() == *sizes {
                *link = next;
                (*state).cached_count -= 1;
                (*state).cached_bytes -= sizes.usable as u32;
                return Some((block, usable));
            }
            link = &raw mut (**link).next;
        }
    }
    None
}

/// Puts a stack in the cache, in place of the oldest ones if it is full. Returns false if the stack cannot be cached.
///
/// # Safety
/// No code uses the stack; `block` is its control block, `usable` its lowest byte.
#[inline(always)]
pub(super) unsafe fn recycle(block: BlockPtr, usable: *mut c_void, sizes: &Sizes) -> bool {
    let size = match u32::try_from(sizes.usable) {
        Ok(size) if size <= MAX_BYTES && !sizes.are_external() && !sanitizer::is_present() => size,
        _ => return false,
    };
    let state = tls::thread_state();
    // SAFETY: the thread's own state; no other code uses the memory (SC1).
    unsafe {
        if (*state).unused_releases == MAX_UNUSED_RELEASES
            || !thread_exit::on_exit(Resource::StackCache, on_thread_exit)
        {
            return false;
        }
        while is_full(state, size) && release_oldest(state) {
            (*state).unused_releases += 1;
            if (*state).unused_releases == MAX_UNUSED_RELEASES {
                while release_oldest(state) {}
                return false;
            }
        }
        let entry = entry_of(usable, sizes);
        (*state).cached_count += 1;
        (*state).cached_bytes += size;
        entry.write(CachedStack { next: (*state).cached_stacks.cast(), block, usable });
        (*state).cached_stacks = entry.cast();
        true
    }
}

/// Returns true if a stack of `size` bytes more exceeds a limit (SC2).
///
/// # Safety
/// `state` is the thread's.
unsafe fn is_full(state: *mut ThreadState, size: u32) -> bool {
    // SAFETY: `state` is the thread's own.
    unsafe { (*state).cached_count == MAX_STACKS || (*state).cached_bytes > MAX_BYTES - size }
}

/// Releases the stack at the end of the list. Returns false if the list is empty.
///
/// # Safety
/// `state` is the thread's.
unsafe fn release_oldest(state: *mut ThreadState) -> bool {
    // SAFETY: the thread's own list (SC1).
    unsafe {
        let mut link: *mut *mut CachedStack = (&raw mut (*state).cached_stacks).cast();
        if (*link).is_null() {
            return false;
        }
        while !(**link).next.is_null() {
            link = &raw mut (**link).next;
        }
        let CachedStack { block, usable, .. } = (*link).read();
        let sizes = block.as_ref().sizes();
        *link = ptr::null_mut();
        (*state).cached_count -= 1;
        (*state).cached_bytes -= sizes.usable as u32;
        deferred_unmap::release(block, usable);
        true
    }
}

/// Runs when the thread exits.
unsafe extern "C" fn on_thread_exit(_: *mut c_void) {
    thread_exit::mark_exiting();
    release_all();
}

/// Releases all stacks of the thread's cache.
pub(crate) fn release_all() {
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    while unsafe { release_oldest(state) } {}
}
