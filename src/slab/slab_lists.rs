//! The header of a slab, and the lists that the slabs of a heap are in. Only the heap's owner uses them (`heap`, H1).
//! `slab_set` has the states of a slab.
//!
//! * SL1. `slabs` has each mapped slab of the set: `link_slab` adds it, `unlink_slab` removes it before it is unmapped.
//! * SL2. `partial` of a class has each slab of the class that has a free block and is not current. `is_available` is
//!   set with `push_partial`, and cleared with `remove_partial`.
//! * SL3. Both lists are doubly linked. A slab has the address of the link that points to it, so that it is removed
//!   without a search.

use core::ffi::c_void;

use super::class::{CLASSES, Class};

/// Bytes before the first block: two cache lines.
pub(super) const HEADER: usize = 128;

/// The header of a slab, at the start of its region.
#[repr(C)] // tools/gdb/aco.py reads `bump`, `start` and `class`
pub(super) struct Slab {
    /// Free blocks, linked through themselves; the last one freed is first.
    pub(super) free_list: *mut c_void,
    /// The first block that was never allocated, and the end of the blocks (`slab_set`, SS2).
    pub(super) bump: *mut c_void,
    pub(super) end: *mut c_void,
    /// The first block. An empty slab whose `bump` is above `purge_limit` is kept, purged or unmapped.
    pub(super) start: *mut c_void,
    pub(super) purge_limit: *mut c_void,
    /// The number of blocks in use (`slab_set`, SS1).
    pub(super) used: u32,
    pub(super) class: Class,
    /// The slab is current or in `partial`.
    pub(super) is_available: bool,
    pub(super) set: *mut SlabSet,
    /// The next slab in `partial`, and the link that points to this one.
    pub(super) next_partial: *mut Slab,
    pub(super) prev_partial: *mut *mut Slab,
    pub(super) size: usize,
    /// The next slab in `slabs`, and the link that points to this one.
    pub(super) next_slab: *mut Slab,
    pub(super) prev_slab: *mut *mut Slab,
}

/// The slabs of one heap. All zero: there are none.
#[repr(C)]
pub(super) struct SlabSet {
    /// For each class the slab to allocate from, or NULL.
    pub(super) current: [*mut Slab; CLASSES],
    /// For each class the list of other slabs with free blocks.
    pub(super) partial: [*mut Slab; CLASSES],
    /// For each class the bytes of all slabs that it has mapped, also of those that are gone (`slab_set`, SS4).
    pub(super) mapped: [usize; CLASSES],
    /// The list of all slabs.
    pub(super) slabs: *mut Slab,
    /// The bytes of the slabs that are kept when they are empty (`slab_set`, SS5).
    pub(super) kept: usize,
    /// Iterations in progress (`iter`): meanwhile no slab is unmapped or purged.
    pub(super) iterators: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// The current slab of a class.
///
/// # Safety
/// `set` points to a set of slabs.
#[inline(always)]
pub(super) unsafe fn current_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a discriminant of `Class` is below `CLASSES`.
    unsafe { (&raw mut (*set).current).cast::<*mut Slab>().add(class as usize) }
}

/// Adds a new slab to `slabs`.
///
/// # Safety
/// This thread owns the heap of `slab`, which is not in the list.
pub(super) unsafe fn link_slab(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1), so the head and the first slab are its own.
    unsafe {
        let head = &raw mut (*(*slab).set).slabs;
        (*slab).next_slab = *head;
        (*slab).prev_slab = head;
        if !(*head).is_null() {
            (**head).prev_slab = &raw mut (*slab).next_slab;
        }
        *head = slab;
    }
}

/// Removes a slab from `slabs`.
///
/// # Safety
/// This thread owns the heap of `slab`, which is in the list.
pub(super) unsafe fn unlink_slab(slab: *mut Slab) {
    // SAFETY: the neighbors in `slabs` are slabs of this heap (SL1), which this thread owns.
    unsafe {
        *(*slab).prev_slab = (*slab).next_slab;
        if !(*slab).next_slab.is_null() {
            (*(*slab).next_slab).prev_slab = (*slab).prev_slab;
        }
    }
}

/// The head of the list of partial slabs of a class.
///
/// # Safety
/// `set` points to a set of slabs.
pub(super) unsafe fn partial_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a discriminant of `Class` is below `CLASSES`.
    unsafe { (&raw mut (*set).partial).cast::<*mut Slab>().add(class as usize) }
}

/// Adds a slab to the partial ones.
///
/// # Safety
/// This thread owns the heap of `slab`, which is full, so in no list.
pub(super) unsafe fn push_partial(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1), so the head and the first slab are its own.
    unsafe {
        let head = partial_mut((*slab).set, (*slab).class);
        (*slab).next_partial = *head;
        (*slab).prev_partial = head;
        if !(*head).is_null() {
            (**head).prev_partial = &raw mut (*slab).next_partial;
        }
        *head = slab;
        (*slab).is_available = true;
    }
}

/// Removes a slab from the partial ones.
///
/// # Safety
/// This thread owns the heap of `slab`, which is in the list.
pub(super) unsafe fn remove_partial(slab: *mut Slab) {
    // SAFETY: the neighbors in `partial` are slabs of this heap, which this thread owns (H1).
    unsafe {
        *(*slab).prev_partial = (*slab).next_partial;
        if !(*slab).next_partial.is_null() {
            (*(*slab).next_partial).prev_partial = (*slab).prev_partial;
        }
        (*slab).is_available = false;
    }
}
