//! Allocation and release of places, by the thread's own heap or the fallback.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::class::Class;
use super::heap::{self, release_heap};
use super::slab_set::{self, SlabSet};
use super::thread_heap::acquire_heap;
use super::{fallback, region};
use crate::{sanitizer, tls};

/// Allocates a place of this class for `size` bytes, not zeroed. Returns None if there is no memory.
#[inline(always)]
pub(crate) fn allocate(class: Class, size: usize) -> Option<NonNull<c_void>> {
    allocate_fast(class).or_else(|| allocate_slow(class, size))
}

/// As [`allocate`], of the current slab alone. Returns None if that is full, or the thread has no heap.
#[inline(always)]
pub(crate) fn allocate_fast(class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the thread's own state, and the heap that this thread owns (H1).
    unsafe {
        let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
        if set.is_null() { None } else { slab_set::allocate(set, class) }
    }
}

/// Allocates a save area of at least `size` bytes. Returns None if there is no memory.
pub(crate) fn allocate_save_area(size: usize) -> Option<NonNull<c_void>> {
    match Class::of_area(size) {
        Some(class) => allocate(class, size),
        None => fallback::allocate(size),
    }
}

/// Returns true if `block` is in a slab. Such memory can be read even after it was freed.
pub(crate) fn contains(block: *mut c_void) -> bool {
    region::start_of(block).is_some()
}

/// The slab of a place.
pub(crate) struct SlabRef(NonNull<c_void>);

/// Returns the slab of `block`. Returns None if `block` is NULL, or is in no slab.
#[inline(always)]
pub(crate) fn slab_of(block: *mut c_void) -> Option<SlabRef> {
    region::start_of(block).map(SlabRef)
}

/// Frees a place.
///
/// # Safety
/// `slab` is the slab of `block`, which is in use and not used afterwards.
#[inline(always)]
pub(crate) unsafe fn free_to(slab: SlabRef, block: *mut c_void) {
    // SAFETY: `slab` is the slab of `block`, which is in use; a region begins with a slab.
    unsafe { heap::free(slab.0.as_ptr().cast(), block) }
}

/// Frees `size` bytes from [`allocate`], [`allocate_save_area`] or the fallback, or from the program's own allocator.
/// Does nothing if `block` is NULL.
///
/// # Safety
/// `block` is NULL, or is from there with this size, and is not used afterwards.
#[inline(always)]
pub(crate) unsafe fn free(block: *mut c_void, size: usize) {
    // SAFETY: `block` is in use, of this size, and not used afterwards.
    unsafe {
        match slab_of(block) {
            Some(slab) => free_to(slab, block),
            None => fallback::free(block, size),
        }
    }
}

/// As [`allocate`], where the current slab is full or the thread has no heap. Uses the fallback if the program has an
/// own allocator, if there is no memory for a slab, or if a sanitizer is present, which is to see each block.
#[cold]
#[inline(never)]
pub(crate) fn allocate_slow(class: Class, size: usize) -> Option<NonNull<c_void>> {
    let is_slab_only = class == Class::StackBlock;
    let or_fallback = || if is_slab_only { None } else { fallback::allocate(size) };
    if !is_slab_only && (fallback::has_custom_allocator() || sanitizer::is_present()) {
        return or_fallback();
    }
    let Some((heap, is_permanent)) = acquire_heap() else { return or_fallback() };
    // SAFETY: `acquire_heap` has made this thread the owner (H1).
    unsafe {
        let block =
            if is_permanent || is_slab_only { heap::allocate_slow(heap, class) } else { None };
        if !is_permanent {
            release_heap(heap);
        }
        block.or_else(or_fallback)
    }
}
