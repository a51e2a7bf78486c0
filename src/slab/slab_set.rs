//! The slabs of one heap. Only the heap's owner uses them (`heap`, H1).
//!
//! ```text
//!   slab of a class   used      is_available   is in
//!   current           any       true           `current`
//!   partial           < all     true           the list `partial`
//!   full              all       false          neither
//!
//!   current ── full, another slab becomes current ──> full ── a block is freed ──> partial ── no current ──> current
//!      │                                                                              │
//!      └── empty: keeps its first 32 KiB, the rest is purged                          └── empty: unmapped
//! ```
//!
//! * SS1. All slabs are in the list `slabs`. `used` counts the blocks in use, and those in the heap's `remote_frees`.
//! * SS2. Blocks from `start` to `bump` were allocated before; the free ones are in `free_list`. Blocks from `bump` to
//!   `end` were not. `purge` makes the second kind of all blocks.
//! * SS3. A slab of stack control blocks is purged when it is empty, never unmapped (`heap`, H6).
//! * SS4. The slabs of a class grow from 64 KiB to 2 MiB, which the system may back with a huge page.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::class::{CLASSES, Class};
use super::region;
use crate::sys;

/// The size of the first slab of a class, in bytes.
const MIN_SIZE: usize = region::UNIT;
/// Bytes of an empty current slab that are not purged.
const UNPURGED_SIZE: usize = 32 * 1024;
/// Bytes before the first block: two cache lines.
const HEADER: usize = 128;

/// The header of a slab, at the start of its region.
#[repr(C)] // tools/gdb/aco.py reads `bump`, `start` and `class`
pub(super) struct Slab {
    /// Free blocks, linked through themselves; the last one freed is first.
    free_list: *mut c_void,
    /// The first block that was never allocated, and the end of the blocks (SS2).
    pub(super) bump: *mut c_void,
    end: *mut c_void,
    /// The first block. An empty slab whose `bump` is above `purge_limit` is purged or unmapped.
    pub(super) start: *mut c_void,
    purge_limit: *mut c_void,
    /// SS1.
    pub(super) used: u32,
    pub(super) class: Class,
    /// The slab is current or in `partial`.
    pub(super) is_available: bool,
    pub(super) set: *mut SlabSet,
    /// The next slab in `partial`, and the link that points to this one.
    next_partial: *mut Slab,
    prev_partial: *mut *mut Slab,
    pub(super) size: usize,
    /// The next slab in `slabs`, and the link that points to this one.
    pub(super) next_slab: *mut Slab,
    prev_slab: *mut *mut Slab,
}

/// The slabs of one heap. All zero: there are none.
#[repr(C)]
pub(super) struct SlabSet {
    /// For each class the slab to allocate from, or NULL.
    current: [*mut Slab; CLASSES],
    /// For each class the list of other slabs with free blocks.
    partial: [*mut Slab; CLASSES],
    /// For each class the size of its next slab, in bytes (SS4).
    next_size: [usize; CLASSES],
    /// The list of all slabs.
    pub(super) slabs: *mut Slab,
    /// Iterations in progress (`iter`): meanwhile no slab is unmapped or purged.
    pub(super) iterators: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// The link of a free block.
///
/// # Safety
/// `block` is a block of this class.
#[inline(always)]
pub(super) unsafe fn next_free(block: *mut c_void, class: Class) -> *mut *mut c_void {
    // SAFETY: the offset is inside the block, and aligned.
    unsafe { block.byte_add(class.link_offset()).cast() }
}

/// Allocates a block of `slab`. None: the slab is full.
///
/// # Safety
/// This thread owns the heap of `slab`, whose class is `class`.
#[inline(always)]
pub(super) unsafe fn allocate_from(slab: *mut Slab, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the slab (H1). A free block holds a link; a block below `end` is not NULL (SS2).
    unsafe {
        let mut block = (*slab).free_list;
        if !block.is_null() {
            (*slab).free_list = *next_free(block, class);
        } else if (*slab).bump < (*slab).end {
            block = (*slab).bump;
            (*slab).bump = block.byte_add(class.stride());
        } else {
            return None;
        }
        (*slab).used += 1;
        Some(NonNull::new_unchecked(block))
    }
}

/// Allocates a block of the current slab. None: there is none, or it is full.
///
/// # Safety
/// This thread owns the heap of `set`.
#[inline(always)]
pub(super) unsafe fn allocate(set: *mut SlabSet, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the heap of `set` (H1).
    unsafe {
        let slab = *current_mut(set, class);
        if slab.is_null() { None } else { allocate_from(slab, class) }
    }
}

/// The current slab of a class.
///
/// # Safety
/// `set` points to a set of slabs.
#[inline(always)]
pub(super) unsafe fn current_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a discriminant of `Class` is below `CLASSES`.
    unsafe { (&raw mut (*set).current).cast::<*mut Slab>().add(class as usize) }
}

/// The head of the list of partial slabs of a class.
///
/// # Safety
/// `set` points to a set of slabs.
unsafe fn partial_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a discriminant of `Class` is below `CLASSES`.
    unsafe { (&raw mut (*set).partial).cast::<*mut Slab>().add(class as usize) }
}

/// Removes a slab from the partial ones, or maps a new slab. The caller makes it current. None: the system has no
/// memory.
///
/// # Safety
/// This thread owns the heap of `set`.
pub(super) unsafe fn obtain_slab(set: *mut SlabSet, class: Class) -> Option<*mut Slab> {
    // SAFETY: this thread owns the heap of `set` (H1); no other thread knows a region that was just mapped.
    unsafe {
        let other = *partial_mut(set, class);
        if !other.is_null() {
            remove_partial(other);
            (*other).is_available = true;
            return Some(other);
        }
        let next_size = (&raw mut (*set).next_size).cast::<usize>().add(class as usize);
        let mut size = (*next_size).max(MIN_SIZE);
        let region = loop {
            match region::map(size) {
                Some(region) => break region,
                None if size > MIN_SIZE => size /= 2,
                None => return None,
            }
        };
        *next_size = (size * 2).min(region::SIZE);
        let slab: *mut Slab = region.cast().as_ptr();
        let start = region.as_ptr().byte_add(HEADER + class.first_offset());
        let blocks = (size - HEADER - class.first_offset()) / class.stride();
        slab.write(Slab {
            free_list: ptr::null_mut(),
            bump: start,
            end: start.byte_add(blocks * class.stride()),
            start,
            purge_limit: region.as_ptr().byte_add(UNPURGED_SIZE),
            used: 0,
            class,
            is_available: true,
            set,
            next_partial: ptr::null_mut(),
            prev_partial: ptr::null_mut(),
            size,
            next_slab: ptr::null_mut(),
            prev_slab: ptr::null_mut(),
        });
        link_slab(slab);
        Some(slab)
    }
}

/// Frees a block.
///
/// # Safety
/// This thread owns the heap of `slab`. `block` is a block of `slab`, in use, and not used afterwards.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, block: *mut c_void) {
    // SAFETY: this thread owns the slab (H1), and `block` is no longer used.
    unsafe {
        *next_free(block, (*slab).class) = (*slab).free_list;
        (*slab).free_list = block;
        (*slab).used -= 1;
        if !(*slab).is_available || ((*slab).used == 0 && (*slab).bump > (*slab).purge_limit) {
            update_lists(slab);
        }
    }
}

/// Changes the state of a slab that was full or is empty now.
///
/// # Safety
/// This thread owns the heap of `slab`.
#[cold]
#[inline(never)]
unsafe fn update_lists(slab: *mut Slab) {
    // SAFETY: this thread owns the slab (H1). An empty slab has no user, except that stack control blocks may be read
    // (SS3).
    unsafe {
        let (set, class) = ((*slab).set, (*slab).class);
        if !(*slab).is_available {
            push_partial(slab);
        }
        if (*slab).used > 0 || (*set).iterators > 0 {
            return;
        }
        if class == Class::StackBlock || slab == *current_mut(set, class) {
            purge(slab);
        } else {
            remove_partial(slab);
            unmap_slab(slab);
        }
    }
}

/// Purges or unmaps the slabs that became empty during an iteration.
///
/// # Safety
/// This thread owns the heap of `set`, and `iterators` is 0.
pub(super) unsafe fn reclaim_empty(set: *mut SlabSet) {
    // SAFETY: this thread owns the slabs (H1); `next_slab` is read before a slab is unmapped.
    unsafe {
        let mut slab = (*set).slabs;
        while !slab.is_null() {
            let next_slab = (*slab).next_slab;
            if (*slab).used == 0 && (*slab).bump > (*slab).purge_limit {
                update_lists(slab);
            }
            slab = next_slab;
        }
    }
}

/// Unmaps a slab.
///
/// # Safety
/// This thread owns the heap of `slab`, which is empty and not in `partial`. Nothing uses the slab afterwards.
pub(super) unsafe fn unmap_slab(slab: *mut Slab) {
    // SAFETY: the neighbors in `slabs` are slabs of this heap (SS1), which this thread owns.
    unsafe {
        *(*slab).prev_slab = (*slab).next_slab;
        if !(*slab).next_slab.is_null() {
            (*(*slab).next_slab).prev_slab = (*slab).prev_slab;
        }
        region::unmap(slab.cast(), (*slab).size);
    }
}

/// Adds a new slab to `slabs`.
///
/// # Safety
/// This thread owns the heap of `slab`, which is not in the list.
unsafe fn link_slab(slab: *mut Slab) {
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

/// Purges an empty slab: the system takes all pages but the first 32 KiB, and reads give zero.
///
/// # Safety
/// This thread owns the heap of `slab`, and no block of it is in use.
unsafe fn purge(slab: *mut Slab) {
    // SAFETY: the range is whole pages inside the slab, which has no block in use.
    unsafe {
        let start =
            (*slab).purge_limit.map_addr(|address| address.next_multiple_of(sys::page_size()));
        let end = slab.byte_add((*slab).size);
        sys::discard(start, end.addr() - start.addr());
        (*slab).free_list = ptr::null_mut();
        (*slab).bump = (*slab).start;
    }
}

/// Adds a slab to the partial ones.
///
/// # Safety
/// This thread owns the heap of `slab`, which is full, so in no list.
unsafe fn push_partial(slab: *mut Slab) {
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
unsafe fn remove_partial(slab: *mut Slab) {
    // SAFETY: the neighbors in `partial` are slabs of this heap, which this thread owns (H1).
    unsafe {
        *(*slab).prev_partial = (*slab).next_partial;
        if !(*slab).next_partial.is_null() {
            (*(*slab).next_partial).prev_partial = (*slab).prev_partial;
        }
        (*slab).is_available = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const CLASS: Class = Class::Area512;

    /// Allocates `count` blocks, from as many slabs as that takes.
    fn allocate_blocks(set: *mut SlabSet, count: usize) -> Vec<*mut c_void> {
        let next = || unsafe {
            // SAFETY: the set is this test's.
            allocate(set, CLASS).unwrap_or_else(|| {
                let slab = obtain_slab(set, CLASS).unwrap();
                if let Some(full) = current_mut(set, CLASS).replace(slab).as_mut() {
                    full.is_available = false;
                }
                allocate_from(slab, CLASS).unwrap()
            })
        };
        (0..count).map(|_| next().as_ptr()).collect()
    }

    fn free_blocks(blocks: &[*mut c_void]) {
        // SAFETY: blocks in use, of slabs of this test's set.
        blocks.iter().for_each(|&block| unsafe {
            free(region::start_of(block).unwrap().cast().as_ptr(), block);
        });
    }

    fn count_slabs(set: &SlabSet) -> usize {
        let (mut slab, mut count) = (set.slabs, 0);
        while !slab.is_null() {
            // SAFETY: slabs of the list are mapped.
            slab = unsafe { (*slab).next_slab };
            count += 1;
        }
        count
    }

    #[test]
    fn empty_slabs_are_unmapped_but_not_during_an_iteration() {
        for iterators in [0, 1] {
            // SAFETY: all zero is a set without slabs.
            let mut set: SlabSet = unsafe { core::mem::zeroed() };
            let blocks = allocate_blocks(&raw mut set, 800);
            let distinct: HashSet<_> = blocks.iter().collect();
            assert_eq!((distinct.len(), count_slabs(&set)), (800, 3), "64, 128 and 256 KiB");
            set.iterators = iterators;
            free_blocks(&blocks);
            assert_eq!(count_slabs(&set), if iterators == 0 { 1 } else { 3 });
            set.iterators = 0;
            // SAFETY: the set is this test's.
            unsafe { reclaim_empty(&raw mut set) };
            assert_eq!(count_slabs(&set), 1, "the current slab stays");
            assert_eq!(allocate_blocks(&raw mut set, 1).len() + count_slabs(&set), 2);
        }
    }
}
