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
use super::region;
use super::slab_set::{self, Slab, SlabSet, current_mut, next_free, obtain_slab, unmap_slab};
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
    remote_frees: AtomicPtr<c_void>,
    is_owned: AtomicBool,
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
pub(super) unsafe fn allocate_slow(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        drain_remote_frees(heap);
        let set = set_of(heap);
        if let Some(block) = slab_set::allocate(set, class) {
            return Some(block);
        }
        let slab = obtain_slab(set, class)?;
        let current = current_mut(set, class);
        if !(*current).is_null() {
            (**current).is_available = false;
        }
        *current = slab;
        slab_set::allocate_from(slab, class)
    }
}

/// Frees a place of `slab`, from any thread.
///
/// # Safety
/// The place is one of this slab, in use, and not used from here on.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, block: *mut c_void) {
    // SAFETY: the caller's promise; the heap of a slab never changes.
    unsafe {
        let heap = (*slab).set.cast();
        if heap == (*tls::thread_state()).heap.cast() {
            slab_set::free(slab, block);
        } else {
            free_remote(heap, block, (*slab).class);
        }
    }
}

/// Returns a place to a heap that another thread holds, or nobody.
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn free_remote(heap: *mut Heap, block: *mut c_void, class: Class) {
    // SAFETY: the place is nobody's until it is on the list. Heaps stay for ever.
    unsafe {
        let mut head = (*heap).remote_frees.load(Ordering::Relaxed);
        loop {
            *next_free(block, class) = head;
            let new = (*heap).remote_frees.compare_exchange_weak(
                head,
                block,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match new {
                Ok(_) => break,
                Err(actual) => head = actual,
            }
        }
        // Either this thread sees that nobody holds the heap, or who let it go sees the place.
        fence(Ordering::SeqCst);
        if !(*heap).is_owned.load(Ordering::Relaxed) && try_acquire(heap) {
            release_heap(heap);
        }
    }
}

/// Puts the places that other threads returned where they belong.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn drain_remote_frees(heap: *mut Heap) {
    // SAFETY: the list is this thread's once it is off the heap; its places are in slabs.
    unsafe {
        let mut block = (*heap).remote_frees.swap(ptr::null_mut(), Ordering::Acquire);
        while let Some(slab) = region::start_of(block) {
            let slab: *mut Slab = slab.cast().as_ptr();
            let next = *next_free(block, (*slab).class);
            slab_set::free(slab, block);
            block = next;
        }
    }
}

/// Takes hold of a heap. False: another thread has it.
///
/// # Safety
/// `heap` points to a heap.
pub(super) unsafe fn try_acquire(heap: *mut Heap) -> bool {
    // SAFETY: heaps are never freed.
    let is_owned = unsafe { &(*heap).is_owned };
    is_owned.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Lets a heap go, without its empty slabs.
///
/// # Safety
/// The caller holds it, and does not use it from here on.
pub(super) unsafe fn release_heap(heap: *mut Heap) {
    // SAFETY: the caller's promise, until `is_owned` is false; after that the heap is looked at only
    // by who holds it again.
    unsafe {
        loop {
            drain_remote_frees(heap);
            for class in Class::ALL {
                let current = current_mut(set_of(heap), class);
                if class != Class::StackBlock && !(*current).is_null() && (**current).used == 0 {
                    unmap_slab(*current);
                    *current = ptr::null_mut();
                }
            }
            (*heap).is_owned.store(false, Ordering::Release);
            fence(Ordering::SeqCst);
            if (*heap).remote_frees.load(Ordering::Relaxed).is_null() || !try_acquire(heap) {
                return;
            }
        }
    }
}

/// Calls `visit` with the words of each heap until it returns true. Returns true if it did.
pub(super) fn any_heap(mut visit: impl FnMut(&Words) -> bool) -> bool {
    let mut heap = HEAPS.load(Ordering::Acquire);
    while !heap.is_null() {
        // SAFETY: heaps are never freed. No reference to the slabs, which the owner writes, exists here.
        unsafe {
            if visit(&(*heap).words) {
                return true;
            }
            heap = (*heap).next;
        }
    }
    false
}

/// A page of new heaps, which nobody holds: the first of them. NULL: the system has no memory.
pub(super) fn map_heaps() -> *mut Heap {
    let size = sys::page_size();
    let Some(page) = sys::map(size) else { return ptr::null_mut() };
    valgrind::mark_shared(page.addr().get(), size);
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
                Err(actual) => head = actual,
            }
        }
    }
}
