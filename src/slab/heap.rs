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

use super::places::{Slab, current_of, link, next_slab, put, take_from, unmap};
use super::words::{self, Words};
use super::{CLASSES, Class, outside, region};
use crate::thread_end::{self, Part};
use crate::{sanitizer, sys, tls, valgrind};

/// A thread's slabs.
pub(super) struct Heap {
    /// The slab of each class to take from, or NULL.
    pub(super) current: [*mut Slab; CLASSES],
    /// Others with room: the heads of lists.
    pub(super) others: [*mut Slab; CLASSES],
    /// Bytes of the next slab.
    pub(super) next_size: [usize; CLASSES],
    /// All slabs, full ones too: the head of a list.
    pub(super) slabs: *mut Slab,
    /// Walks that are under way (`walk`): no slab is given back meanwhile.
    pub(super) walks: usize,
    /// Places that other threads freed.
    returns: AtomicPtr<c_void>,
    is_held: AtomicBool,
    /// Those of the thread that keeps it.
    pub(super) words: Words,
    /// All heaps are in one list.
    next: *mut Heap,
}

/// Every heap there is.
#[unsafe(link_section = "aco_shared")]
static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// A place from the slab that is taken from. None: it has none.
///
/// # Safety
/// The caller holds `heap`.
#[inline(always)]
pub(super) unsafe fn take(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        let slab = *current_of(heap, class);
        if slab.is_null() { None } else { take_from(slab, class) }
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

/// A place of `heap`. None: the system has no memory.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn take_slowly(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        take_returns(heap);
        if let Some(place) = take(heap, class) {
            return Some(place);
        }
        let slab = next_slab(heap, class)?;
        let current = current_of(heap, class);
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
        let heap = (*slab).heap;
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
unsafe fn try_to_hold(heap: *mut Heap) -> bool {
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
                let current = current_of(heap, class);
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

/// The heap of this thread, or one that nobody holds, or a new one, and whether the thread keeps it;
/// else the caller lets it go. None: the system has no memory.
pub(super) fn hold_one() -> Option<(*mut Heap, bool)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state; heaps are never freed.
    unsafe {
        if !(*state).heap.is_null() {
            return Some(((*state).heap.cast(), true));
        }
        let mut heap = HEAPS.load(Ordering::Acquire);
        loop {
            if heap.is_null() {
                heap = add_heaps();
                if heap.is_null() {
                    return None;
                }
            }
            if try_to_hold(heap) {
                break;
            }
            heap = (*heap).next;
        }
        // A thread may have ended inside one.
        (*heap).walks = 0;
        let is_kept = thread_end::call(Part::Slabs, let_own_go);
        if is_kept {
            (*state).heap = heap.cast();
            words::publish(&(*heap).words);
        }
        Some((heap, is_kept))
    }
}

/// The thread ends.
unsafe extern "C" fn let_own_go(_: *mut c_void) {
    thread_end::begin();
    let state = tls::thread_state();
    // SAFETY: the thread's own state and heap.
    unsafe {
        let heap: *mut Heap = (*state).heap.cast();
        (*state).heap = ptr::null_mut();
        if !heap.is_null() {
            words::withdraw(&(*heap).words);
            let_go(heap);
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
fn add_heaps() -> *mut Heap {
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
