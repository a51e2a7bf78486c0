//! Places taken and freed.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::class::Class;
use super::heap::{self, release_heap};
use super::slab_set::{self, Slab, SlabSet};
use super::thread_heap::acquire_heap;
use super::{fallback, region};
use crate::{sanitizer, tls};

/// A place of this class for `size` bytes, with whatever stands there. None: there is no memory.
#[inline(always)]
pub(crate) fn allocate(class: Class, size: usize) -> Option<NonNull<c_void>> {
    allocate_fast(class).or_else(|| allocate_slow(class, size))
}

/// [`allocate`] where the slab that is taken from has a place. None: it has not.
#[inline(always)]
pub(crate) fn allocate_fast(class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the thread's own state, and the heap that is held by it.
    unsafe {
        let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
        if set.is_null() { None } else { slab_set::allocate(set, class) }
    }
}

/// A save area of at least `size` bytes. None: there is no memory.
pub(crate) fn allocate_save_area(size: usize) -> Option<NonNull<c_void>> {
    match Class::of_area(size) {
        Some(class) => allocate(class, size),
        None => fallback::allocate(size),
    }
}

/// Does `block` lie in a slab? Then it can be read, whatever it was.
pub(crate) fn contains(block: *mut c_void) -> bool {
    region::start_of(block).is_some()
}

/// Where a place goes when it is freed: its slab.
pub(crate) struct SlabRef(NonNull<c_void>);

/// The home of `block`. None: it does not lie in a slab, or is NULL.
#[inline(always)]
pub(crate) fn slab_of(block: *mut c_void) -> Option<SlabRef> {
    region::start_of(block).map(SlabRef)
}

/// Returns true if `block` is in a slab of this thread's heap.
///
/// # Safety
/// If `block` is in a slab, it is in use.
pub(crate) unsafe fn is_own(block: *mut c_void) -> bool {
    // SAFETY: the slab of a place that is in use stays. The thread's own state.
    region::start_of(block).is_some_and(|slab| unsafe {
        let slab: *mut Slab = slab.cast().as_ptr();
        (*slab).set == (*tls::thread_state()).heap.cast()
    })
}

/// Frees what lies in a slab.
///
/// # Safety
/// `slab` is that of `block`, which is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free_to(slab: SlabRef, block: *mut c_void) {
    // SAFETY: the caller's promise; what lies in a region is a place in a slab.
    unsafe { heap::free(slab.0.as_ptr().cast(), block) }
}

/// Frees `size` bytes that [`allocate`] or [`allocate_save_area`] or [`allocate_outside`] gave, or the program
/// took from where the last has them; NULL is let through.
///
/// # Safety
/// `block` came from there, with this size, and is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free(block: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match slab_of(block) {
            Some(slab) => free_to(slab, block),
            None => fallback::free(block, size),
        }
    }
}

/// [`allocate_fast`] where the slab that is taken from has no place, or the thread no heap. Outside of slabs
/// where a program wants that, where there is no memory for a slab, and with a sanitizer, which is to see
/// each block by itself.
#[cold]
#[inline(never)]
pub(crate) fn allocate_slow(class: Class, size: usize) -> Option<NonNull<c_void>> {
    let is_slab_only = class == Class::StackBlock;
    let or_fallback = || if is_slab_only { None } else { fallback::allocate(size) };
    if !is_slab_only && (fallback::has_custom_allocator() || sanitizer::is_present()) {
        return or_fallback();
    }
    let Some((heap, is_permanent)) = acquire_heap() else { return or_fallback() };
    // SAFETY: this thread holds the heap.
    unsafe {
        let block =
            if is_permanent || is_slab_only { heap::allocate_slow(heap, class) } else { None };
        if !is_permanent {
            release_heap(heap);
        }
        block.or_else(or_fallback)
    }
}
