//! A cache of destroyed stacks: a bounded list in each thread, last destroyed first.
//!
//! A new stack costs a control block, a mapping, a guard and the faults of its first pages. A cached one has them all.
//! The entries of the list are at the tops of the stacks, which were used last. When the thread exits it releases all.
//! A stack that belonged to its coroutine is cached together with it (`pair`). The stacks of acort's tasks stay with
//! their coroutines: `src/rt/model/stack_cache.rs`.
//!
//! * SC1. Only its thread uses the list and the stacks in it.
//! * SC2. At most [`MAX_STACKS`] stacks and [`MAX_BYTES`] bytes are cached. A new one replaces the oldest ones. It is
//!   released itself if the two that were cached last have its sizes: the list is long, and its end far.
//! * SC3. `unused_releases` counts stacks that found the cache full since the thread last created one. At
//!   [`MAX_UNUSED_RELEASES`] the thread releases all, and caches none until it creates a stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::control_block::{BlockPtr, end_generation};
use super::deferred_unmap;
use super::layout::Sizes;
use crate::abi::aco_t;
use crate::thread_exit::{self, Resource};
use crate::tls::ThreadState;
use crate::{sanitizer, slab, tls};

/// Limits of the cache of a thread (SC2).
const MAX_STACKS: u16 = 128;
pub(super) const MAX_BYTES: u32 = 8 << 20;
/// Replaced stacks that disable the cache (SC3). A few cached stacks at the top of malloc's heap would keep
/// all of it from the system.
const MAX_UNUSED_RELEASES: u16 = 256;

/// An entry of the list, at the top of a cached stack. The control block still describes the memory, except for `ptr`.
#[repr(C)]
pub(super) struct CachedStack {
    pub(super) next: *mut CachedStack,
    pub(super) block: BlockPtr,
    /// The lowest usable byte.
    pub(super) usable: *mut c_void,
    /// The coroutine that is cached with its stack. NULL: none.
    pub(super) co: *mut aco_t,
    /// With a coroutine: the usable bytes. Else 0.
    pub(super) pair_size: usize,
}

/// The address of the entry of a stack.
#[inline(always)]
fn entry_of(usable: *mut c_void, size: usize) -> *mut CachedStack {
    let top = usable.addr() + size - size_of::<CachedStack>();
    usable.with_addr(top & !(align_of::<CachedStack>() - 1)).cast()
}

/// Removes the stack of exactly these sizes that was cached last. Returns its control block and its lowest usable byte.
pub(super) fn acquire(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    acquire_if(sizes, true)
}

/// As [`acquire`], if that takes no call: None, too, if the stack is cached with a coroutine.
#[inline(always)]
pub(super) fn acquire_alone(sizes: &Sizes) -> Option<(BlockPtr, *mut c_void)> {
    acquire_if(sizes, false)
}

#[inline(always)]
fn acquire_if(sizes: &Sizes, takes_pairs: bool) -> Option<(BlockPtr, *mut c_void)> {
    let state = tls::thread_state();
    // SAFETY: the state and the list are this thread's (SC1).
    unsafe {
        (*state).unused_releases = 0;
        let mut link: *mut *mut CachedStack = (&raw mut (*state).cached_stacks).cast();
        while !(*link).is_null() {
            let CachedStack { next, block, usable, co, .. } = (*link).read();
            if block.as_ref().sizes() == *sizes {
                if !takes_pairs && !co.is_null() {
                    return None;
                }
                *link = next;
                (*state).cached_count -= 1;
                (*state).cached_bytes -= sizes.usable as u32;
                if !co.is_null() {
                    separate(block, co);
                }
                return Some((block, usable));
            }
            link = &raw mut (**link).next;
        }
    }
    None
}

/// Adds a stack to the cache, in place of the oldest ones if the cache is full. Returns false if it is not to be
/// cached: too large, the program's memory, watched by a sanitizer, or not wanted (SC3).
///
/// # Safety
/// Nothing uses the stack. `block` is its control block, and is not LIVE. `usable` is its lowest usable byte.
#[inline(always)]
pub(super) unsafe fn recycle(block: BlockPtr, usable: *mut c_void, sizes: &Sizes) -> bool {
    // SAFETY: nothing uses the stack, and its memory is not the program's.
    unsafe { !sizes.are_external() && insert(block, usable, sizes, ptr::null_mut()) }
}

/// Adds a stack that is not the program's memory to the cache, with its coroutine unless `co` is NULL. Returns false if
/// it is not to be cached, as [`recycle`].
///
/// # Safety
/// As [`recycle`], and nothing uses `co`.
#[inline(always)]
pub(super) unsafe fn insert(
    block: BlockPtr,
    usable: *mut c_void,
    sizes: &Sizes,
    co: *mut aco_t,
) -> bool {
    let size = match u32::try_from(sizes.usable) {
        Ok(size) if size <= MAX_BYTES && !sanitizer::is_present() => size,
        _ => return false,
    };
    let state = tls::thread_state();
    // SAFETY: the state is this thread's (SC1). The entry is inside the stack, which nothing uses.
    unsafe {
        if (*state).unused_releases == MAX_UNUSED_RELEASES
            || !thread_exit::on_exit(Resource::StackCache, on_thread_exit)
            || is_full(state, size) && !make_room(state, sizes)
        {
            return false;
        }
        add(state, block, usable, size, co);
        true
    }
}

/// Adds a stack to the list.
///
/// # Safety
/// `state` is this thread's state. The stack of `size` bytes at `usable` is not in use.
#[inline(always)]
unsafe fn add(
    state: *mut ThreadState,
    block: BlockPtr,
    usable: *mut c_void,
    size: u32,
    co: *mut aco_t,
) {
    // SAFETY: the state is this thread's (SC1). The entry is inside the stack, which nothing uses.
    unsafe {
        let entry = entry_of(usable, size as usize);
        (*state).cached_count += 1;
        (*state).cached_bytes += size;
        let pair_size = if co.is_null() { 0 } else { size as usize };
        let next = (*state).cached_stacks.cast();
        entry.write(CachedStack { next, block, usable, co, pair_size });
        (*state).cached_stacks = entry.cast();
    }
}

/// As [`insert`], if that takes no call. `size` is at most [`MAX_BYTES`], and no sanitizer is there.
///
/// # Safety
/// As [`insert`].
#[inline(always)]
pub(super) unsafe fn insert_if_room(
    block: BlockPtr,
    usable: *mut c_void,
    size: u32,
    co: *mut aco_t,
) -> bool {
    let state = tls::thread_state();
    // SAFETY: the state is this thread's (SC1).
    unsafe {
        if !thread_exit::is_registered(Resource::StackCache)
            || (*state).unused_releases == MAX_UNUSED_RELEASES
            || is_full(state, size)
        {
            return false;
        }
        add(state, block, usable, size, co);
        true
    }
}

/// Releases the oldest stacks until there is room for one of these sizes. Returns false if the new one is to be
/// released (SC2), or if it releases all (SC3).
///
/// # Safety
/// `state` is this thread's state.
#[cold]
#[inline(never)]
unsafe fn make_room(state: *mut ThreadState, sizes: &Sizes) -> bool {
    // SAFETY: the state and the list are this thread's (SC1).
    unsafe {
        let is_like =
            |stack: *mut CachedStack| !stack.is_null() && (*stack).block.as_ref().sizes() == *sizes;
        let newest: *mut CachedStack = (*state).cached_stacks.cast();
        let has_like = is_like(newest) && is_like((*newest).next);
        while is_full(state, sizes.usable as u32) && (has_like || release_oldest(state)) {
            (*state).unused_releases += 1;
            if (*state).unused_releases == MAX_UNUSED_RELEASES {
                release_all();
                return false;
            }
            if has_like {
                return false;
            }
        }
        true
    }
}

/// The entry of the stack that was cached last, if it is cached with a coroutine and has the size for a request of
/// `size` bytes. The entry leaves the list, and is valid until the stack is used.
#[inline(always)]
pub(super) fn acquire_pair(size: usize) -> Option<NonNull<CachedStack>> {
    /// Bytes that rounding up adds to a request, where pages are small.
    const ROUNDING: usize = 4096;
    let state = tls::thread_state();
    // SAFETY: the state and the list are this thread's (SC1).
    unsafe {
        let first = NonNull::new((*state).cached_stacks.cast::<CachedStack>())?;
        let pair_size = first.as_ref().pair_size;
        if pair_size.wrapping_sub(size) >= ROUNDING {
            return None;
        }
        (*state).unused_releases = 0;
        (*state).cached_stacks = first.as_ref().next.cast();
        (*state).cached_count -= 1;
        (*state).cached_bytes -= pair_size as u32;
        Some(first)
    }
}

/// Returns true if the cache has no capacity for a stack of `size` bytes, at most [`MAX_BYTES`].
///
/// # Safety
/// `state` is this thread's state.
unsafe fn is_full(state: *mut ThreadState, size: u32) -> bool {
    // SAFETY: the state is this thread's (SC1).
    unsafe { (*state).cached_count == MAX_STACKS || (*state).cached_bytes > MAX_BYTES - size }
}

/// Releases the oldest stack. Returns false if the cache is empty.
///
/// # Safety
/// `state` is this thread's state.
unsafe fn release_oldest(state: *mut ThreadState) -> bool {
    // SAFETY: the list is this thread's, and nothing uses its stacks (SC1).
    unsafe {
        let mut link: *mut *mut CachedStack = (&raw mut (*state).cached_stacks).cast();
        while !(*link).is_null() && !(**link).next.is_null() {
            link = &raw mut (**link).next;
        }
        release_at(state, link)
    }
}

/// Releases the stack that `link` points to. Returns false if that is NULL.
///
/// # Safety
/// `state` is this thread's state, and `link` a link of its list.
unsafe fn release_at(state: *mut ThreadState, link: *mut *mut CachedStack) -> bool {
    // SAFETY: the list is this thread's, and nothing uses its stacks (SC1).
    unsafe {
        if (*link).is_null() {
            return false;
        }
        let CachedStack { next, block, usable, co, .. } = (*link).read();
        let sizes = block.as_ref().sizes();
        *link = next;
        (*state).cached_count -= 1;
        (*state).cached_bytes -= sizes.usable as u32;
        if !co.is_null() {
            separate(block, co);
        }
        deferred_unmap::release(block, usable);
        true
    }
}

/// Empties the cache of a thread that exits.
unsafe extern "C" fn on_thread_exit(_: *mut c_void) {
    thread_exit::mark_exiting();
    release_all();
}

/// Releases all stacks in the cache of this thread.
pub(crate) fn release_all() {
    let state = tls::thread_state();
    // SAFETY: the state is this thread's, with its first link.
    while unsafe { release_at(state, (&raw mut (*state).cached_stacks).cast()) } {}
}

/// Separates a pair that has left the cache: frees the coroutine (PA4 of `pair`). The stack is CACHED then.
///
/// # Safety
/// `block` is the control block of a PAIR, and `co` its coroutine.
#[cold]
#[inline(never)]
unsafe fn separate(block: BlockPtr, co: *mut aco_t) {
    // SAFETY: the pair is this thread's. The coroutine is in a slab (PA5).
    unsafe {
        end_generation(block);
        (*block.as_ptr()).exclusive = ptr::null_mut();
        (*block.as_ptr()).is_owned = 0;
        slab::free(co.cast(), size_of::<aco_t>());
    }
}

#[cfg(test)]
mod tests;
