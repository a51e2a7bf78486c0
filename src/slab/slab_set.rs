//! Slabs: regions of places of one class, and the lists in which a heap keeps them.
//!
//! ```text
//!   current[class] ──> a slab, is_available              allocate takes from this one
//!   partial[class] ──> slabs with free places, is_available, by next_partial
//!   full slabs         in neither, not is_available
//!   slabs ──────────> all of them, by next_slab
//!
//!   slab: | Slab | places that were taken once: used, or in free_list | never taken: bump .. end |
//! ```
//!
//! The slabs of a class grow from 64 KiB to 2 MiB, the size of a huge page. An empty slab is unmapped. The current
//! slab and those of stack control blocks (H6) give back their pages instead, all but the first few.
//!
//! Only the owner of the heap uses a slab (H1 of `heap`).

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::class::{CLASSES, Class};
use super::region;
use crate::sys;

/// Bytes of the first slab of a class.
const MIN_SIZE: usize = region::UNIT;
/// Bytes that an empty slab keeps.
const UNPURGED_SIZE: usize = 32 * 1024;
/// Bytes before the first place: two lines, whose second is free.
const HEADER: usize = 128;

/// What a region starts with.
#[repr(C)] // tools/gdb/aco.py reads `bump`, `start` and `class`
pub(super) struct Slab {
    /// The places that were freed last, linked through the places.
    free_list: *mut c_void,
    /// The first place that was never taken, and the end of the places.
    pub(super) bump: *mut c_void,
    end: *mut c_void,
    /// Where `bump` began, and the `bump` beyond which an empty slab is purged or unmapped.
    pub(super) start: *mut c_void,
    purge_limit: *mut c_void,
    /// Places in use; those in `remote_frees` count (H2).
    pub(super) used: u32,
    pub(super) class: Class,
    /// True if the slab is `current` or in `partial`.
    pub(super) is_available: bool,
    pub(super) set: *mut SlabSet,
    next_partial: *mut Slab,
    /// The link that points here.
    prev_partial: *mut *mut Slab,
    pub(super) size: usize,
    /// The next one of all slabs of the heap, and the link that points here.
    pub(super) next_slab: *mut Slab,
    prev_slab: *mut *mut Slab,
}

/// The slabs of one heap.
#[repr(C)]
pub(super) struct SlabSet {
    /// The slab of each class to take from, or NULL.
    current: [*mut Slab; CLASSES],
    /// Other slabs with free places: the heads of lists.
    partial: [*mut Slab; CLASSES],
    /// Bytes of the next slab.
    next_size: [usize; CLASSES],
    /// All slabs: the head of a list.
    pub(super) slabs: *mut Slab,
    /// Iterations that have begun and not ended (`iter`, H5).
    pub(super) iterators: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// Returns the link of a free place.
///
/// # Safety
/// `block` is one of this class.
#[inline(always)]
pub(super) unsafe fn next_free(block: *mut c_void, class: Class) -> *mut *mut c_void {
    // SAFETY: the link lies inside the place, aligned.
    unsafe { block.byte_add(class.link_offset()).cast() }
}

/// Takes a place of `slab`. Returns None if the slab is full.
///
/// # Safety
/// This thread owns the slab's heap.
#[inline(always)]
pub(super) unsafe fn allocate_from(slab: *mut Slab, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the heap (H1). Free places hold a link; new ones end at `end`.
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

/// Takes a place of the current slab. Returns None if there is no slab, or it is full.
///
/// # Safety
/// This thread owns the heap of `set`.
#[inline(always)]
pub(super) unsafe fn allocate(set: *mut SlabSet, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: this thread owns the heap (H1).
    unsafe {
        let slab = *current_mut(set, class);
        if slab.is_null() { None } else { allocate_from(slab, class) }
    }
}

/// The current slab of this class.
///
/// # Safety
/// This thread owns the heap of `set`.
#[inline(always)]
pub(super) unsafe fn current_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).current).cast::<*mut Slab>().add(class as usize) }
}

/// The head of the list of other slabs with free places.
///
/// # Safety
/// This thread owns the heap of `set`.
unsafe fn partial_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).partial).cast::<*mut Slab>().add(class as usize) }
}

/// Returns a slab with free places, out of its list, or a new one. Returns None if the system has no memory.
///
/// # Safety
/// This thread owns the heap of `set`.
pub(super) unsafe fn obtain_slab(set: *mut SlabSet, class: Class) -> Option<*mut Slab> {
    // SAFETY: this thread owns the heap (H1), and no other thread knows a region that was just mapped.
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

/// Frees a place.
///
/// # Safety
/// The place is of this slab, in use, and not used afterwards. This thread owns the slab's heap.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, block: *mut c_void) {
    // SAFETY: this thread owns the heap (H1).
    unsafe {
        *next_free(block, (*slab).class) = (*slab).free_list;
        (*slab).free_list = block;
        (*slab).used -= 1;
        if !(*slab).is_available || ((*slab).used == 0 && (*slab).bump > (*slab).purge_limit) {
            update_lists(slab);
        }
    }
}

/// Puts a slab in the list that fits it, after one of its places was freed.
///
/// # Safety
/// This thread owns its heap.
#[cold]
#[inline(never)]
unsafe fn update_lists(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1). No code uses an empty slab; stack control blocks stay mapped (H6).
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

/// Unmaps the slabs that became empty during an iteration.
///
/// # Safety
/// This thread owns the heap of `set`, and no iteration is under way (H5).
pub(super) unsafe fn reclaim_empty(set: *mut SlabSet) {
    // SAFETY: this thread owns the heap (H1). The next slab is read before this one is unmapped.
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
/// This thread owns its heap. The slab is empty, not used afterwards, and neither in `partial` nor `current`.
pub(super) unsafe fn unmap_slab(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1).
    unsafe {
        *(*slab).prev_slab = (*slab).next_slab;
        if !(*slab).next_slab.is_null() {
            (*(*slab).next_slab).prev_slab = (*slab).prev_slab;
        }
        region::unmap(slab.cast(), (*slab).size);
    }
}

/// Puts a new slab at the head of all slabs of its heap.
///
/// # Safety
/// This thread owns the heap.
unsafe fn link_slab(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1).
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

/// Gives the pages of an empty slab back to the system, all but the first few. They read as zero.
///
/// # Safety
/// This thread owns its heap, and no place of it is in use.
unsafe fn purge(slab: *mut Slab) {
    // SAFETY: no place of the slab is in use. The range is whole pages inside the slab.
    unsafe {
        let start =
            (*slab).purge_limit.map_addr(|address| address.next_multiple_of(sys::page_size()));
        let end = slab.byte_add((*slab).size);
        sys::discard(start, end.addr() - start.addr());
        (*slab).free_list = ptr::null_mut();
        (*slab).bump = (*slab).start;
    }
}

/// Puts a slab in `partial`.
///
/// # Safety
/// This thread owns its heap, and the slab is neither in `partial` nor `current`.
unsafe fn push_partial(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1).
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

/// Takes a slab out of `partial`.
///
/// # Safety
/// This thread owns its heap, and the slab is in `partial`.
unsafe fn remove_partial(slab: *mut Slab) {
    // SAFETY: this thread owns the heap (H1).
    unsafe {
        *(*slab).prev_partial = (*slab).next_partial;
        if !(*slab).next_partial.is_null() {
            (*(*slab).next_partial).prev_partial = (*slab).prev_partial;
        }
        (*slab).is_available = false;
    }
}
