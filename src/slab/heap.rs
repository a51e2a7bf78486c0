//! Heaps: the owner of slabs, and the places that other threads free.
//!
//! ```text
//!                    try_acquire (compare-and-swap)
//!   UNOWNED ─────────────────────────────> OWNED by a thread, in its thread-local state, until it exits
//!      ^                                   OWNED for a moment, by a thread that has freed a place
//!      └── release_heap: drain, unmap empty slabs, is_owned = false, fence, remote_frees again? ──┘
//! ```
//!
//! * H1. Only the owner uses a heap's slabs, lists and counts.
//! * H2. `remote_frees` is a stack. Any thread pushes; the owner takes all. A pushed place still counts as used.
//! * H3. A pusher pushes, fences and reads `is_owned`. A releaser clears `is_owned`, fences and reads `remote_frees`.
//!   At least one of the two sees the other, so no place stays in a heap without an owner.
//! * H4. Heaps are never freed, and the set of a slab never changes: any thread finds the heap of a place.
//! * H5. While `SlabSet.iterators` is not 0 no slab is unmapped.
//! * H6. Slabs of stack control blocks are never unmapped: the control block of a destroyed stack stays readable.
//! * H7. `words` is set while a live thread owns the heap; `words.rs` says which threads read it.
//!
//! There are as many heaps as threads ever had coroutines at once.

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
    /// The places that other threads have freed (H2).
    remote_frees: AtomicPtr<c_void>,
    is_owned: AtomicBool,
    /// The words of the thread that owns the heap (H7).
    pub(super) words: Words,
    /// All heaps are in one list.
    pub(super) next: *mut Heap,
}

/// The first of all heaps (H4).
#[unsafe(link_section = "aco_shared")]
pub(super) static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// The slabs of a heap.
#[inline(always)]
pub(super) fn set_of(heap: *mut Heap) -> *mut SlabSet {
    heap.cast()
}

/// Takes a place of `heap`, of a new slab if need be. Returns None if the system has no memory.
///
/// # Safety
/// This thread owns `heap`.
pub(super) unsafe fn allocate_slow(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the heap (H1).
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
    // SAFETY: the place is in use and of this slab, whose heap never changes (H4).
    unsafe {
        let heap = (*slab).set.cast();
        if heap == (*tls::thread_state()).heap.cast() {
            slab_set::free(slab, block);
        } else {
            free_remote(heap, block, (*slab).class);
        }
    }
}

/// Pushes a place to the list of a heap that another thread owns, or none (H2, H3).
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn free_remote(heap: *mut Heap, block: *mut c_void, class: Class) {
    // SAFETY: only this thread uses the place until the exchange. Heaps are never freed (H4).
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
        // H3: this thread sees that the heap has no owner, or the releaser sees the place.
        fence(Ordering::SeqCst);
        if !(*heap).is_owned.load(Ordering::Relaxed) && try_acquire(heap) {
            release_heap(heap);
        }
    }
}

/// Frees the places that other threads have pushed.
///
/// # Safety
/// This thread owns `heap`.
unsafe fn drain_remote_frees(heap: *mut Heap) {
    // SAFETY: the exchange gives this thread the list. Its places are in slabs of the heap, which it owns (H1, H2).
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

/// Makes this thread the owner of a heap. Returns false if the heap has one.
///
/// # Safety
/// `heap` points to a heap.
pub(super) unsafe fn try_acquire(heap: *mut Heap) -> bool {
    // SAFETY: heaps are never freed (H4).
    let is_owned = unsafe { &(*heap).is_owned };
    is_owned.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Gives up a heap, and unmaps its empty slabs.
///
/// # Safety
/// This thread owns the heap, and does not use it afterwards.
pub(super) unsafe fn release_heap(heap: *mut Heap) {
    // SAFETY: this thread owns the heap until `is_owned` is false. Afterwards it reads atomics only, unless it has
    // acquired the heap again (H1, H3).
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
        // SAFETY: heaps are never freed (H4). No reference to the slabs, which the owner writes, exists here.
        unsafe {
            if visit(&(*heap).words) {
                return true;
            }
            heap = (*heap).next;
        }
    }
    false
}

/// Maps a page of new heaps, which have no owner. Returns the first one, or NULL if the system has no memory.
pub(super) fn map_heaps() -> *mut Heap {
    let size = sys::page_size();
    let Some(page) = sys::map(size) else { return ptr::null_mut() };
    valgrind::mark_shared(page.addr().get(), size);
    let first: *mut Heap = page.cast().as_ptr();
    let count = size / size_of::<Heap>();
    // SAFETY: the heaps are in the new page, and zeroed memory is a heap.
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
