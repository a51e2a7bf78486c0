//! Places taken and freed.

use core::ffi::c_void;
use core::ptr::NonNull;

use super::class::Class;
use super::heap::{self, let_go, take_slowly};
use super::places::{self, SlabSet};
use super::thread_heap::hold_one;
use super::{outside, region};
use crate::{sanitizer, tls};

/// A place of this class for `size` bytes, with whatever stands there. None: there is no memory.
#[inline(always)]
pub(crate) fn allocate(class: Class, size: usize) -> Option<NonNull<c_void>> {
    take(class).or_else(|| allocate_slowly(class, size))
}

/// [`allocate`] where the slab that is taken from has a place. None: it has not.
#[inline(always)]
pub(crate) fn take(class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the thread's own state, and the heap that is held by it.
    unsafe {
        let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
        if set.is_null() { None } else { places::take(set, class) }
    }
}

/// A save area of at least `size` bytes. None: there is no memory.
pub(crate) fn allocate_area(size: usize) -> Option<NonNull<c_void>> {
    match Class::of_area(size) {
        Some(class) => allocate(class, size),
        None => outside::allocate(size),
    }
}

/// Does `place` lie in a slab? Then it can be read, whatever it was.
pub(crate) fn holds(place: *mut c_void) -> bool {
    region::of(place).is_some()
}

/// Where a place goes when it is freed: its slab.
pub(crate) struct Home(NonNull<c_void>);

/// The home of `place`. None: it does not lie in a slab, or is NULL.
#[inline(always)]
pub(crate) fn home_of(place: *mut c_void) -> Option<Home> {
    region::of(place).map(Home)
}

/// Frees what lies in a slab.
///
/// # Safety
/// `home` is that of `place`, which is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free_in(home: Home, place: *mut c_void) {
    // SAFETY: the caller's promise; what lies in a region is a place in a slab.
    unsafe { heap::free(home.0.as_ptr().cast(), place) }
}

/// Frees `size` bytes that [`allocate`] or [`allocate_area`] or [`allocate_outside`] gave, or the program
/// took from where the last has them; NULL is let through.
///
/// # Safety
/// `place` came from there, with this size, and is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free(place: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match home_of(place) {
            Some(home) => free_in(home, place),
            None => outside::free(place, size),
        }
    }
}

/// [`take`] where the slab that is taken from has no place, or the thread no heap. Outside of slabs
/// where a program wants that, where there is no memory for a slab, and with a sanitizer, which is to see
/// each block by itself.
#[cold]
#[inline(never)]
pub(crate) fn allocate_slowly(class: Class, size: usize) -> Option<NonNull<c_void>> {
    let must_be_slab = class == Class::Control;
    let or_outside = || if must_be_slab { None } else { outside::allocate(size) };
    if !must_be_slab && (outside::is_the_programs() || sanitizer::is_present()) {
        return or_outside();
    }
    let Some((heap, is_kept)) = hold_one() else { return or_outside() };
    // SAFETY: this thread holds the heap.
    unsafe {
        let place = if is_kept || must_be_slab { take_slowly(heap, class) } else { None };
        if !is_kept {
            let_go(heap);
        }
        place.or_else(or_outside)
    }
}
