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
const FIRST: usize = region::UNIT;
/// Bytes that an empty slab keeps.
const KEPT: usize = 32 * 1024;
/// Bytes before the first place: two lines, whose second is free.
const HEADER: usize = 128;

/// What a region starts with.
#[repr(C)] // tools/gdb/aco.py reads `fresh`, `first` and `class`
pub(super) struct Slab {
    /// The places freed last, linked through themselves.
    free: *mut c_void,
    /// The first of the places that were never taken, and the end of them.
    pub(super) fresh: *mut c_void,
    end: *mut c_void,
    /// Where `fresh` began, and where an empty slab is worth giving back.
    pub(super) first: *mut c_void,
    limit: *mut c_void,
    /// Places in use, those on the list of returns among them.
    pub(super) used: u32,
    pub(super) class: Class,
    /// Does the holder take from it, or is it in `others`? Full ones are in neither.
    pub(super) is_listed: bool,
    pub(super) set: *mut SlabSet,
    next: *mut Slab,
    /// The link that points here.
    previous: *mut *mut Slab,
    pub(super) size: usize,
    /// The next one of all the heap's, and the link that points here.
    pub(super) following: *mut Slab,
    preceding: *mut *mut Slab,
}

/// The slabs of one heap.
#[repr(C)]
pub(super) struct SlabSet {
    /// The slab of each class to take from, or NULL.
    current: [*mut Slab; CLASSES],
    /// Others with room: the heads of lists.
    others: [*mut Slab; CLASSES],
    /// Bytes of the next slab.
    next_size: [usize; CLASSES],
    /// All slabs, full ones too: the head of a list.
    pub(super) slabs: *mut Slab,
    /// Walks that are under way (`walk`): no slab is given back meanwhile.
    pub(super) walks: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// The link of a free place.
///
/// # Safety
/// `place` is one of this class.
#[inline(always)]
pub(super) unsafe fn link(place: *mut c_void, class: Class) -> *mut *mut c_void {
    // SAFETY: the link lies inside the place, aligned.
    unsafe { place.byte_add(class.link()).cast() }
}

/// A place of `slab`. None: it is full.
///
/// # Safety
/// The caller holds its heap.
#[inline(always)]
pub(super) unsafe fn take_from(slab: *mut Slab, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise. Free places hold a link; fresh ones end at `end`.
    unsafe {
        let mut place = (*slab).free;
        if !place.is_null() {
            (*slab).free = *link(place, class);
        } else if (*slab).fresh < (*slab).end {
            place = (*slab).fresh;
            (*slab).fresh = place.byte_add(class.stride());
        } else {
            return None;
        }
        (*slab).used += 1;
        Some(NonNull::new_unchecked(place))
    }
}

/// A place from the slab that is taken from. None: it has none.
///
/// # Safety
/// The caller holds the heap of `set`.
#[inline(always)]
pub(super) unsafe fn take(set: *mut SlabSet, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        let slab = *current_of(set, class);
        if slab.is_null() { None } else { take_from(slab, class) }
    }
}

/// The slab of this class that is taken from.
///
/// # Safety
/// The caller holds the heap of `set`.
#[inline(always)]
pub(super) unsafe fn current_of(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).current).cast::<*mut Slab>().add(class as usize) }
}

/// The head of the list of others.
///
/// # Safety
/// The caller holds the heap of `set`.
unsafe fn others_of(set: *mut SlabSet, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*set).others).cast::<*mut Slab>().add(class as usize) }
}

/// Another slab with room, off its list, or a new one. None: the system has no memory.
///
/// # Safety
/// The caller holds the heap of `set`.
pub(super) unsafe fn next_slab(set: *mut SlabSet, class: Class) -> Option<*mut Slab> {
    // SAFETY: the caller's promise; a region that was just mapped is nobody else's.
    unsafe {
        let other = *others_of(set, class);
        if !other.is_null() {
            unlist(other);
            (*other).is_listed = true;
            return Some(other);
        }
        let next_size = (&raw mut (*set).next_size).cast::<usize>().add(class as usize);
        let mut size = (*next_size).max(FIRST);
        let region = loop {
            match region::map(size) {
                Some(region) => break region,
                None if size > FIRST => size /= 2,
                None => return None,
            }
        };
        *next_size = (size * 2).min(region::SIZE);
        let slab: *mut Slab = region.cast().as_ptr();
        let first = region.as_ptr().byte_add(HEADER + class.lead());
        let places = (size - HEADER - class.lead()) / class.stride();
        slab.write(Slab {
            free: ptr::null_mut(),
            fresh: first,
            end: first.byte_add(places * class.stride()),
            first,
            limit: region.as_ptr().byte_add(KEPT),
            used: 0,
            class,
            is_listed: true,
            set,
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            size,
            following: ptr::null_mut(),
            preceding: ptr::null_mut(),
        });
        enrol(slab);
        Some(slab)
    }
}

/// Puts a place back.
///
/// # Safety
/// The place is one of this slab, in use, and not used from here on; the caller holds the slab's heap.
#[inline(always)]
pub(super) unsafe fn put(slab: *mut Slab, place: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        *link(place, (*slab).class) = (*slab).free;
        (*slab).free = place;
        (*slab).used -= 1;
        if !(*slab).is_listed || ((*slab).used == 0 && (*slab).fresh > (*slab).limit) {
            sort(slab);
        }
    }
}

/// A slab was full, or is empty now.
///
/// # Safety
/// The caller holds its heap.
#[cold]
#[inline(never)]
unsafe fn sort(slab: *mut Slab) {
    // SAFETY: the caller's promise; what is empty, nobody uses. Control blocks may still be read.
    unsafe {
        let (set, class) = ((*slab).set, (*slab).class);
        if !(*slab).is_listed {
            list(slab);
        }
        if (*slab).used > 0 || (*set).walks > 0 {
            return;
        }
        if class == Class::Control || slab == *current_of(set, class) {
            clear(slab);
        } else {
            unlist(slab);
            unmap(slab);
        }
    }
}

/// Gives back what became empty during a walk.
///
/// # Safety
/// The caller holds the heap of `set`, and no walk is under way.
pub(super) unsafe fn sweep(set: *mut SlabSet) {
    // SAFETY: the caller's promise; the next one is known before a slab goes.
    unsafe {
        let mut slab = (*set).slabs;
        while !slab.is_null() {
            let following = (*slab).following;
            if (*slab).used == 0 && (*slab).fresh > (*slab).limit {
                sort(slab);
            }
            slab = following;
        }
    }
}

/// Gives a slab back to the system.
///
/// # Safety
/// The caller holds its heap, and it is on no list of those with room. Nothing uses it from here on.
pub(super) unsafe fn unmap(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        *(*slab).preceding = (*slab).following;
        if !(*slab).following.is_null() {
            (*(*slab).following).preceding = (*slab).preceding;
        }
        region::unmap(slab.cast(), (*slab).size);
    }
}

/// Puts a new slab before all of its heap's.
///
/// # Safety
/// The caller holds the heap.
unsafe fn enrol(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        let head = &raw mut (*(*slab).set).slabs;
        (*slab).following = *head;
        (*slab).preceding = head;
        if !(*head).is_null() {
            (**head).preceding = &raw mut (*slab).following;
        }
        *head = slab;
    }
}

/// Gives an empty slab's pages back to the system, but for the first few. They read as zero.
///
/// # Safety
/// The caller holds its heap, and no place of it is in use.
unsafe fn clear(slab: *mut Slab) {
    // SAFETY: the caller's promise. The range is whole pages, whatever a page is, inside the slab.
    unsafe {
        let start = (*slab).limit.map_addr(|address| address.next_multiple_of(sys::page_size()));
        let end = slab.byte_add((*slab).size);
        sys::discard(start, end.addr() - start.addr());
        (*slab).free = ptr::null_mut();
        (*slab).fresh = (*slab).first;
    }
}

/// Puts a slab on the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on no list.
unsafe fn list(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        let head = others_of((*slab).set, (*slab).class);
        (*slab).next = *head;
        (*slab).previous = head;
        if !(*head).is_null() {
            (**head).previous = &raw mut (*slab).next;
        }
        *head = slab;
        (*slab).is_listed = true;
    }
}

/// Takes a slab off the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on the list.
unsafe fn unlist(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        *(*slab).previous = (*slab).next;
        if !(*slab).next.is_null() {
            (*(*slab).next).previous = (*slab).previous;
        }
        (*slab).is_listed = false;
    }
}
