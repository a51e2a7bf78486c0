//! Stacks kept for the thread's next ones: a bounded list in each thread, last destroyed first.
//!
//! A new stack costs a control block, a mapping, a guard and the faults of its first pages; a kept
//! one has them all and is warm. The list runs through the stacks themselves, at their top, which
//! was just in use. It is given back when the thread ends.

use core::ffi::c_void;
use core::ptr;

use super::control_block::BlockPtr;
use super::deferred_unmap;
use super::layout::Sizes;
use crate::thread_exit::{self, Resource};
use crate::tls::ThreadState;
use crate::{sanitizer, tls};

/// The most that a thread keeps: so many stacks, and so many bytes of them.
const MAX_STACKS: u16 = 32;
const MAX_BYTES: u32 = 8 << 20;
/// So many given back without one taken, and the program does not want them: the thread keeps none
/// until it makes a stack again. A few kept ones can hold much of the C library's heap.
const MAX_UNUSED_RELEASES: u16 = 256;

/// What stands at the top of a kept stack. The rest of it is in its control block, which is as
/// `destroy` left it: all but `ptr` describes the memory still.
#[repr(C)]
struct CachedStack {
    next: *mut CachedStack,
    block: BlockPtr,
    /// The lowest usable byte.
    usable: *mut c_void,
}

/// Where that is: inside the stack, aligned.
fn entry_of(usable: *mut c_void, sizes: &Sizes) -> *mut CachedStack {
    let top = usable.addr() + sizes.usable - size_of::<CachedStack>();
    usable.with_addr(top & !(align_of::<CachedStack>() - 1)).cast()
}

/// A kept stack of exactly these sizes: its control block, which describes it, and its `ptr`.
#[inline(always)]
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state and list; what is on the list, nothing else uses.
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

/// Keeps a stack, in place of the ones destroyed longest ago where the thread has enough. False: it
/// must not be kept.
///
/// # Safety
/// Nothing uses the stack; `block` is its control block, `usable` its lowest byte.
#[inline(always)]
pub(super) unsafe fn recycle(block: BlockPtr, usable: *mut c_void, sizes: &Sizes) -> bool {
    let size = match u32::try_from(sizes.usable) {
        Ok(size) if size <= MAX_BYTES && !sizes.are_external() && !sanitizer::is_present() => size,
        _ => return false,
    };
    let state = tls::thread_state();
    // SAFETY: the thread's own state; the memory is the pool's from here on.
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

/// Does the thread keep enough, with a stack of `size` bytes more?
///
/// # Safety
/// `state` is the thread's.
unsafe fn is_full(state: *mut ThreadState, size: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*state).cached_count == MAX_STACKS || (*state).cached_bytes > MAX_BYTES - size }
}

/// Gives the stack at the end of the list back to the system. False: the list is empty.
///
/// # Safety
/// `state` is the thread's.
unsafe fn release_oldest(state: *mut ThreadState) -> bool {
    // SAFETY: the thread's own list.
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

/// The thread ends.
unsafe extern "C" fn on_thread_exit(_: *mut c_void) {
    thread_exit::mark_exiting();
    release_all();
}

/// Gives all that the thread keeps back to the system.
pub(crate) fn release_all() {
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    while unsafe { release_oldest(state) } {}
}
