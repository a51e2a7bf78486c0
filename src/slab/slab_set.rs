//! A slab: places of one class, taken from and put back by who holds its heap.
//!
//! The slabs of a class grow from 64 KiB to 2 MiB, which may be a huge page. One that is empty goes
//! back to the system, but for the one that is taken from: that gives its pages back beyond the first
//! few.

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
    /// The places freed last, linked through themselves.
    free_list: *mut c_void,
    /// The first of the places that were never taken, and the end of them.
    pub(super) bump: *mut c_void,
    end: *mut c_void,
    /// Where `bump` began, and where an empty slab is worth giving back.
    pub(super) start: *mut c_void,
    purge_limit: *mut c_void,
    /// Places in use, those on the list of returns among them.
    pub(super) used: u32,
    pub(super) class: Class,
    /// Does the holder take from it, or is it in `partial`? Full ones are in neither.
    pub(super) is_available: bool,
    pub(super) set: *mut SlabSet,
    next_partial: *mut Slab,
    /// The link that points here.
    prev_partial: *mut *mut Slab,
    pub(super) size: usize,
    /// The next one of all the heap's, and the link that points here.
    pub(super) next_slab: *mut Slab,
    prev_slab: *mut *mut Slab,
}

/// The slabs of one heap.
#[repr(C)]
pub(super) struct SlabSet {
    /// The slab of each class to take from, or NULL.
    current: [*mut Slab; CLASSES],
    /// Others with room: the heads of lists.
    partial: [*mut Slab; CLASSES],
    /// Bytes of the next slab.
    next_size: [usize; CLASSES],
    /// All slabs, full ones too: the head of a list.
    pub(super) slabs: *mut Slab,
    /// Walks that are under way (`walk`): no slab is given back meanwhile.
    pub(super) iterators: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// The link of a free place.
///
/// # Safety
/// `block` is one of this class.
#[inline(always)]
pub(super) unsafe fn next_free(block: *mut c_void, class: Class) -> *mut *mut c_void {
    // SAFETY: the link lies inside the place, aligned.
    unsafe { block.byte_add(class.link_offset()).cast() }
}

/// A place of `slab`. None: it is full.
///
/// # Safety
/// The caller holds its heap.
#[inline(always)]
pub(super) unsafe fn allocate_from(slab: *mut Slab, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise. Free places hold a link; fresh ones end at `end`.
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

/// A place from the slab that is taken from. None: it has none.
///
/// # Safety
/// The caller holds the heap of `set`.
#[inline(always)]
pub(super) unsafe fn allocate(set: *mut SlabSet, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        let slab = *current_mut(set, class);
        if slab.is_null() { None } else { allocate_from(slab, class) }
    }
}

/// The slab of this class that is taken from.
///
/// # Safety
/// The caller holds the heap of `set`.
#[inline(always)]
pub(super) unsafe fn current_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).current).cast::<*mut Slab>().add(class as usize) }
}

/// The head of the list of others.
///
/// # Safety
/// The caller holds the heap of `set`.
unsafe fn partial_mut(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).partial).cast::<*mut Slab>().add(class as usize) }
}

/// Another slab with room, off its list, or a new one. None: the system has no memory.
///
/// # Safety
/// The caller holds the heap of `set`.
pub(super) unsafe fn obtain_slab(set: *mut SlabSet, class: Class) -> Option<*mut Slab> {
    // SAFETY: the caller's promise; a region that was just mapped is nobody else's.
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

/// Puts a place back.
///
/// # Safety
/// The place is one of this slab, in use, and not used from here on; the caller holds the slab's heap.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, block: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        *next_free(block, (*slab).class) = (*slab).free_list;
        (*slab).free_list = block;
        (*slab).used -= 1;
        if !(*slab).is_available || ((*slab).used == 0 && (*slab).bump > (*slab).purge_limit) {
            update_lists(slab);
        }
    }
}

/// A slab was full, or is empty now.
///
/// # Safety
/// The caller holds its heap.
#[cold]
#[inline(never)]
unsafe fn update_lists(slab: *mut Slab) {
    // SAFETY: the caller's promise; what is empty, nobody uses. Control blocks may still be read.
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

/// Gives back what became empty during a walk.
///
/// # Safety
/// The caller holds the heap of `set`, and no walk is under way.
pub(super) unsafe fn reclaim_empty(set: *mut SlabSet) {
    // SAFETY: the caller's promise; the next one is known before a slab goes.
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

/// Gives a slab back to the system.
///
/// # Safety
/// The caller holds its heap, and it is on no list of those with room. Nothing uses it from here on.
pub(super) unsafe fn unmap_slab(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        *(*slab).prev_slab = (*slab).next_slab;
        if !(*slab).next_slab.is_null() {
            (*(*slab).next_slab).prev_slab = (*slab).prev_slab;
        }
        region::unmap(slab.cast(), (*slab).size);
    }
}

/// Puts a new slab before all of its heap's.
///
/// # Safety
/// The caller holds the heap.
unsafe fn link_slab(slab: *mut Slab) {
    // SAFETY: the caller's promise.
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

/// Gives an empty slab's pages back to the system, but for the first few. They read as zero.
///
/// # Safety
/// The caller holds its heap, and no place of it is in use.
unsafe fn purge(slab: *mut Slab) {
    // SAFETY: the caller's promise. The range is whole pages, whatever a page is, inside the slab.
    unsafe {
        let start =
            (*slab).purge_limit.map_addr(|address| address.next_multiple_of(sys::page_size()));
        let end = slab.byte_add((*slab).size);
        sys::discard(start, end.addr() - start.addr());
        (*slab).free_list = ptr::null_mut();
        (*slab).bump = (*slab).start;
    }
}

/// Puts a slab on the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on no list.
unsafe fn push_partial(slab: *mut Slab) {
    // SAFETY: the caller's promise.
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

/// Takes a slab off the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on the list.
unsafe fn remove_partial(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        *(*slab).prev_partial = (*slab).next_partial;
        if !(*slab).next_partial.is_null() {
            (*(*slab).next_partial).prev_partial = (*slab).prev_partial;
        }
        (*slab).is_available = false;
    }
}
