//! Heaps: who may take and free places in a slab.
//!
//! A heap is held by one thread, which alone touches its slabs. Another thread that frees a place
//! of it puts the place on the heap's list of returns, which the holder empties before it maps
//! memory. A thread that ends lets its heap go, with whatever is alive there; the next thread that
//! needs a heap takes one of those. Who returns a place to a heap that nobody holds takes hold of
//! it for as long as it takes to empty the list. Heaps stay for ever, and are few: as many as
//! threads ever had coroutines at once.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};

use super::class::Class;
use super::places::{Slab, SlabSet, current_of, link, next_slab, put, take, take_from, unmap};
use super::region;
use crate::abi::aco_t;
use crate::{sys, tls, valgrind};

/// This thread's words, as its heap publishes them: the address of `aco_gtls_co`; NULL: they are not published.
pub(super) type Words = AtomicPtr<*mut aco_t>;

/// A thread's slabs, and what other threads see of them.
#[repr(C)]
pub(super) struct Heap {
    /// Its slabs: first, so that they have the heap's address.
    set: SlabSet,
    /// Places that other threads freed.
    returns: AtomicPtr<c_void>,
    is_held: AtomicBool,
    /// Those of the thread that keeps it.
    pub(super) words: Words,
    /// All heaps are in one list.
    pub(super) next: *mut Heap,
}

/// Every heap there is.
#[unsafe(link_section = "aco_shared")]
pub(super) static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// The slabs of a heap.
#[inline(always)]
pub(super) fn set_of(heap: *mut Heap) -> *mut SlabSet {
    heap.cast()
}

/// A place of `heap`. None: the system has no memory.
///
/// # Safety
/// The caller holds `heap`.
pub(super) unsafe fn take_slowly(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        take_returns(heap);
        let set = set_of(heap);
        if let Some(place) = take(set, class) {
            return Some(place);
        }
        let slab = next_slab(set, class)?;
        let current = current_of(set, class);
        if !(*current).is_null() {
            (**current).is_listed = false;
        }
        *current = slab;
        take_from(slab, class)
    }
}

/// Frees a place of `slab`, from any thread.
///
/// # Safety
/// The place is one of this slab, in use, and not used from here on.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, place: *mut c_void) {
    // SAFETY: the caller's promise; the heap of a slab never changes.
    unsafe {
        let heap = (*slab).set.cast();
        if heap == (*tls::thread_state()).heap.cast() {
            put(slab, place);
        } else {
            bring_home(heap, place, (*slab).class);
        }
    }
}

/// Returns a place to a heap that another thread holds, or nobody.
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn bring_home(heap: *mut Heap, place: *mut c_void, class: Class) {
    // SAFETY: the place is nobody's until it is on the list. Heaps stay for ever.
    unsafe {
        let mut first = (*heap).returns.load(Ordering::Relaxed);
        loop {
            *link(place, class) = first;
            let new = (*heap).returns.compare_exchange_weak(
                first,
                place,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match new {
                Ok(_) => break,
                Err(seen) => first = seen,
            }
        }
        // Either this thread sees that nobody holds the heap, or who let it go sees the place.
        fence(Ordering::SeqCst);
        if !(*heap).is_held.load(Ordering::Relaxed) && try_to_hold(heap) {
            let_go(heap);
        }
    }
}

/// Puts the places that other threads returned where they belong.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn take_returns(heap: *mut Heap) {
    // SAFETY: the list is this thread's once it is off the heap; its places are in slabs.
    unsafe {
        let mut place = (*heap).returns.swap(ptr::null_mut(), Ordering::Acquire);
        while let Some(slab) = region::of(place) {
            let slab: *mut Slab = slab.cast().as_ptr();
            let next = *link(place, (*slab).class);
            put(slab, place);
            place = next;
        }
    }
}

/// Takes hold of a heap. False: another thread has it.
///
/// # Safety
/// `heap` points to a heap.
pub(super) unsafe fn try_to_hold(heap: *mut Heap) -> bool {
    // SAFETY: heaps are never freed.
    let is_held = unsafe { &(*heap).is_held };
    is_held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Lets a heap go, without its empty slabs.
///
/// # Safety
/// The caller holds it, and does not use it from here on.
pub(super) unsafe fn let_go(heap: *mut Heap) {
    // SAFETY: the caller's promise, until `is_held` is false; after that the heap is looked at only
    // by who holds it again.
    unsafe {
        loop {
            take_returns(heap);
            for class in Class::ALL {
                let current = current_of(set_of(heap), class);
                if class != Class::Control && !(*current).is_null() && (**current).used == 0 {
                    unmap(*current);
                    *current = ptr::null_mut();
                }
            }
            (*heap).is_held.store(false, Ordering::Release);
            fence(Ordering::SeqCst);
            if (*heap).returns.load(Ordering::Relaxed).is_null() || !try_to_hold(heap) {
                return;
            }
        }
    }
}

/// Calls `visit` with each heap, until it says true; that.
pub(super) fn each_heap(mut visit: impl FnMut(&Heap) -> bool) -> bool {
    let mut heap = HEAPS.load(Ordering::Acquire);
    // SAFETY: heaps are never freed.
    while let Some(this) = unsafe { heap.as_ref() } {
        if visit(this) {
            return true;
        }
        heap = this.next;
    }
    false
}

/// A page of new heaps, which nobody holds: the first of them. NULL: the system has no memory.
pub(super) fn add_heaps() -> *mut Heap {
    let size = sys::page_size();
    let Some(page) = sys::map(size) else { return ptr::null_mut() };
    valgrind::is_shared(page.addr().get(), size);
    let first: *mut Heap = page.cast().as_ptr();
    let count = size / size_of::<Heap>();
    // SAFETY: the heaps lie in the new page; zeroed memory is a heap.
    unsafe {
        for index in 0..count - 1 {
            (*first.add(index)).next = first.add(index + 1);
        }
        let last = first.add(count - 1);
        let mut head = HEAPS.load(Ordering::Relaxed);
        loop {
            (*last).next = head;
            match HEAPS.compare_exchange_weak(head, first, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return first,
                Err(seen) => head = seen,
            }
        }
    }
}
