//! The entry points of the allocator: allocate a block, free it, ask about an address.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::class::Class;
use super::heap::{self, release_heap};
use super::slab_lists::{Slab, SlabSet};
use super::slab_set;
use super::thread_heap::acquire_heap;
use super::{fallback, region};
use crate::{sanitizer, tls};

/// Allocates an uninitialized block of this class for `size` bytes. None: there is no memory.
#[inline(always)]
pub(crate) fn allocate(class: Class, size: usize) -> Option<NonNull<c_void>> {
    allocate_fast(class).or_else(|| allocate_slow(class, size))
}

/// As [`allocate`], from the current slab of this thread. None: that slab is full, or the thread has no heap.
#[inline(always)]
pub(crate) fn allocate_fast(class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the heap in its state (H1); the heap has the address of its set (`heap::set_of`).
    unsafe {
        let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
        if set.is_null() { None } else { slab_set::allocate(set, class) }
    }
}

/// Allocates a save area of at least `size` bytes. None: there is no memory.
pub(crate) fn allocate_save_area(size: usize) -> Option<NonNull<c_void>> {
    match Class::of_area(size) {
        Some(class) => allocate(class, size),
        None => fallback::allocate(size),
    }
}

/// Returns true if `block` is in a slab. Then it can be read, in use or free.
pub(crate) fn contains(block: *mut c_void) -> bool {
    region::start_of(block).is_some()
}

/// The slab of a block.
pub(crate) struct SlabRef(NonNull<c_void>);

/// The slab that `block` is in. None: it is in no slab, or NULL.
#[inline(always)]
pub(crate) fn slab_of(block: *mut c_void) -> Option<SlabRef> {
    region::start_of(block).map(SlabRef)
}

/// Returns true if `block` is in a slab of this thread's heap.
///
/// # Safety
/// If `block` is in a slab, it is in use.
pub(crate) unsafe fn is_own(block: *mut c_void) -> bool {
    // SAFETY: the slab of a block in use is mapped (H2). The state is this thread's.
    region::start_of(block).is_some_and(|slab| unsafe {
        let slab: *mut Slab = slab.cast().as_ptr();
        (*slab).set == (*tls::thread_state()).heap.cast()
    })
}

/// Identifies the heap of this thread, but for heaps that are a multiple of 64 GiB apart. 0: it has none. The others
/// are multiples of 4.
#[inline(always)]
pub(crate) fn heap_id() -> u32 {
    // SAFETY: the state is this thread's.
    unsafe { ((*tls::thread_state()).heap.addr() >> 4) as u32 & !3 }
}

/// Frees a block of a slab.
///
/// # Safety
/// `slab` is the slab of `block`, which is in use and not used afterwards.
#[inline(always)]
pub(crate) unsafe fn free_to(slab: SlabRef, block: *mut c_void) {
    // SAFETY: a region starts with its slab (RG1). The caller frees a block in use of that slab.
    unsafe { heap::free(slab.0.as_ptr().cast(), block) }
}

/// Frees `size` bytes from [`allocate`], [`allocate_save_area`] or [`fallback::allocate`], or from the allocator that
/// the last one uses. Does nothing if `block` is NULL.
///
/// # Safety
/// `block` is NULL, or was allocated there with this size and is not used afterwards.
#[inline(always)]
pub(crate) unsafe fn free(block: *mut c_void, size: usize) {
    // SAFETY: the caller frees a block in use, of this size.
    unsafe {
        match slab_of(block) {
            Some(slab) => free_to(slab, block),
            None => fallback::free(block, size),
        }
    }
}

/// As [`allocate`], when the current slab is full or the thread has no heap.
///
/// The block is not in a slab if the program has its own allocator, or if there is no memory for a slab. Neither is it
/// with a sanitizer: a sanitizer sees each allocation of malloc, and no block of a slab.
#[cold]
#[inline(never)]
pub(crate) fn allocate_slow(class: Class, size: usize) -> Option<NonNull<c_void>> {
    let is_slab_only = class == Class::StackBlock;
    let or_fallback = || if is_slab_only { None } else { fallback::allocate(size) };
    if !is_slab_only && (fallback::has_custom_allocator() || sanitizer::is_present()) {
        return or_fallback();
    }
    let Some((heap, is_permanent)) = acquire_heap() else { return or_fallback() };
    // SAFETY: `acquire_heap` made this thread the owner (H1).
    unsafe {
        let block =
            if is_permanent || is_slab_only { heap::allocate_slow(heap, class) } else { None };
        if !is_permanent {
            release_heap(heap);
        }
        block.or_else(or_fallback)
    }
}
