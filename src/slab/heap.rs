//! Heaps: which thread may allocate and free in a set of slabs.
//!
//! ```text
//!                     try_acquire (CAS)
//!   UNOWNED ─────────────────────────────> OWNED  by a thread, until it exits (the heap is in its thread state), or
//!      ^                                      │   for a moment, by a thread that freed a block or has no thread state
//!      └──────────── release_heap ────────────┘
//!
//!   release_heap: drain remote_frees; unmap empty slabs; is_owned = false; fence;
//!                 blocks in remote_frees, and try_acquire succeeds: again
//!
//!     thread that frees a block           owner that releases the heap
//!     push to remote_frees                is_owned = false
//!     fence(SeqCst)                       fence(SeqCst)
//!     read is_owned                       read remote_frees
//! ```
//!
//! * H1. Only the owner uses the set of slabs: lists, counts, free blocks. Any thread may read `set` and `class` of the
//!   slab of a block in use; those never change.
//! * H2. `remote_frees` is a stack with many producers and one consumer. Any thread pushes; the owner takes all. Its
//!   blocks still count as used, so their slab is mapped.
//! * H3. The fences order both sides (Dekker): the freeing thread sees an unowned heap, or the releasing owner sees the
//!   block. So no block stays in the list of an unowned heap.
//! * H4. Heaps are never freed, and the list of heaps only grows. There are as many as threads ever owned at once.
//! * H5. While `iterators` is not 0, freeing a block unmaps and purges no slab. `release_heap` may: the thread that
//!   iterated has ended then.
//! * H6. Slabs of stack control blocks are never unmapped: the control block of a destroyed stack stays readable.
//! * H7. `words` is not NULL only while a thread owns the heap until it exits (`words`, K1).

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};

use super::class::Class;
use super::region;
use super::slab_lists::{Slab, SlabSet, current_mut};
use super::slab_set::{self, next_free, obtain_slab};
use crate::abi::aco_t;
use crate::{sys, tls, valgrind};

/// The address of the owner's `aco_gtls_co` and hint, for other threads. NULL: not published.
pub(super) type Words = AtomicPtr<*mut aco_t>;

/// A heap. All zero: an unowned one without slabs.
#[repr(C)]
pub(super) struct Heap {
    /// The slabs; the first field, so that set and heap have the same address.
    set: SlabSet,
    /// Blocks that other threads freed (H2).
    remote_frees: AtomicPtr<c_void>,
    is_owned: AtomicBool,
    /// The words of the owner (H7).
    pub(super) words: Words,
    /// The next heap in the list of all.
    pub(super) next: *mut Heap,
}

/// The list of all heaps (H4).
#[unsafe(link_section = "aco_shared")]
pub(super) static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// The set of slabs of a heap.
#[inline(always)]
pub(super) fn set_of(heap: *mut Heap) -> *mut SlabSet {
    heap.cast()
}

/// Allocates a block when the current slab is full: from blocks that other threads freed, or from another slab. None:
/// the system has no memory.
///
/// # Safety
/// This thread owns `heap`.
pub(super) unsafe fn allocate_slow(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns `heap` (H1).
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

/// Frees a block of `slab`, on any thread.
///
/// # Safety
/// `block` is a block of `slab`, in use, and not used afterwards.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, block: *mut c_void) {
    // SAFETY: the block is in use, so `set` and `class` can be read (H1). The heap in the state is this thread's own.
    unsafe {
        let heap = (*slab).set.cast();
        if heap == (*tls::thread_state()).heap.cast() {
            slab_set::free(slab, block);
        } else {
            free_remote(heap, block, (*slab).class);
        }
    }
}

/// Frees a block of a heap that this thread does not own.
///
/// # Safety
/// `block` is a block of this class and heap, in use, and not used afterwards.
#[cold]
#[inline(never)]
unsafe fn free_remote(heap: *mut Heap, block: *mut c_void, class: Class) {
    // SAFETY: until the push succeeds the block is this thread's alone; heaps are never freed (H4).
    unsafe {
        let push = |head| {
            *next_free(block, class) = head;
            Some(block)
        };
        let _ = (*heap).remote_frees.fetch_update(Ordering::Release, Ordering::Relaxed, push);
        // H3.
        fence(Ordering::SeqCst);
        if !(*heap).is_owned.load(Ordering::Relaxed) && try_acquire(heap) {
            release_heap(heap);
        }
    }
}

/// Frees the blocks that other threads freed into their slabs.
///
/// # Safety
/// This thread owns `heap`.
unsafe fn drain_remote_frees(heap: *mut Heap) {
    // SAFETY: the swap made the list this thread's. Its blocks are in slabs of the heap, which are mapped (H2).
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

/// Makes this thread the owner of a heap. Returns false if the heap has an owner.
///
/// # Safety
/// `heap` points to a heap.
pub(super) unsafe fn try_acquire(heap: *mut Heap) -> bool {
    // SAFETY: heaps are never freed (H4).
    let is_owned = unsafe { &(*heap).is_owned };
    is_owned.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Unmaps empty slabs of a heap and makes it unowned.
///
/// # Safety
/// This thread owns `heap`, and does not use it afterwards.
pub(super) unsafe fn release_heap(heap: *mut Heap) {
    // SAFETY: this thread is the owner until `is_owned` is false, and again if `try_acquire` succeeds (H1). An empty
    // slab has no user.
    unsafe {
        loop {
            drain_remote_frees(heap);
            slab_set::unmap_empty(set_of(heap));
            (*heap).is_owned.store(false, Ordering::Release);
            fence(Ordering::SeqCst); // H3
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
        // SAFETY: heaps are never freed (H4). The reference is to `words` alone: the owner writes the set meanwhile.
        unsafe {
            if visit(&(*heap).words) {
                return true;
            }
            heap = (*heap).next;
        }
    }
    false
}

/// Maps a page of new, unowned heaps, and returns the first. NULL: the system has no memory.
pub(super) fn map_heaps() -> *mut Heap {
    let size = sys::page_size();
    let Some(page) = sys::map(size) else { return ptr::null_mut() };
    valgrind::mark_shared(page.addr().get(), size);
    let first: *mut Heap = page.cast().as_ptr();
    let count = size / size_of::<Heap>();
    // SAFETY: the heaps are in the page mapped above, and all zero is a heap.
    unsafe {
        for index in 0..count - 1 {
            (*first.add(index)).next = first.add(index + 1);
        }
        let last = first.add(count - 1);
        let push = |head| {
            (*last).next = head;
            Some(first)
        };
        let _ = HEAPS.fetch_update(Ordering::AcqRel, Ordering::Relaxed, push);
    }
    first
}
