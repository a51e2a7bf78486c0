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
//!      └── empty: kept; or all but its first 32 KiB is purged                         └── empty: kept; or unmapped
//! ```
//!
//! * SS1. `used` counts the blocks in use, and those in the heap's `remote_frees`.
//! * SS2. Blocks from `start` to `bump` were allocated before; the free ones are in `free_list`. Blocks from `bump` to
//!   `end` were not. `purge` makes the second kind of all blocks.
//! * SS3. A slab of stack control blocks is purged when it is empty, never unmapped (`heap`, H6).
//! * SS4. A new slab has at most a quarter of the bytes that its class has mapped so far, and at least 64 KiB. From
//!   2 MiB on, the most, the system may back it with a huge page. So little of a class is in slabs that are not used
//!   yet, and a class whose slabs come and go takes few large ones.
//! * SS5. An empty slab is kept as it is while the kept ones have at most [`MAX_KEPT`] bytes. Its `purge_limit` is
//!   `end` from then on, also while it has blocks in use again, until the heap is released. So coroutines that come and
//!   go cost no system call.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::class::Class;
use super::region;
use super::slab_lists::{
    HEADER, Slab, SlabSet, current_mut, link_slab, partial_mut, push_partial, remove_partial,
    unlink_slab,
};
use crate::sys;

/// The size of the first slab of a class, in bytes.
const MIN_SIZE: usize = region::UNIT;
/// Bytes of an empty current slab that are not purged.
const UNPURGED_SIZE: usize = 32 * 1024;
/// The most bytes of slabs that a set keeps (SS5).
const MAX_KEPT: usize = 1 << 20;

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
        let mapped = mapped_mut(set, class);
        let mut size = MIN_SIZE;
        while size < region::SIZE && size * 8 <= *mapped {
            size *= 2;
        }
        let region = loop {
            match region::map(size) {
                Some(region) => break region,
                None if size > MIN_SIZE => size /= 2,
                None => return None,
            }
        };
        *mapped += size;
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

/// The bytes of all slabs that a class has mapped.
///
/// # Safety
/// `set` points to a set of slabs.
unsafe fn mapped_mut(set: *mut SlabSet, class: Class) -> *mut usize {
    // SAFETY: a discriminant of `Class` is below `CLASSES`.
    unsafe { (&raw mut (*set).mapped).cast::<usize>().add(class as usize) }
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
        if (*slab).used > 0 || (*slab).bump <= (*slab).purge_limit || (*set).iterators > 0 {
            return;
        }
        if (*set).kept + (*slab).size <= MAX_KEPT {
            (*set).kept += (*slab).size;
            (*slab).purge_limit = (*slab).end;
        } else if class == Class::StackBlock || slab == *current_mut(set, class) {
            purge(slab);
        } else {
            unmap_slab(slab);
        }
    }
}

/// Unmaps all empty slabs, also the kept ones. Those of stack control blocks are purged (SS3).
///
/// # Safety
/// This thread owns the heap of `set`, and `iterators` counts no iteration that goes on.
pub(super) unsafe fn unmap_empty(set: *mut SlabSet) {
    // SAFETY: this thread owns the slabs (H1); `next_slab` is read before a slab is unmapped.
    unsafe {
        let mut slab = (*set).slabs;
        while !slab.is_null() {
            let next_slab = (*slab).next_slab;
            if (*slab).used == 0 {
                if (*slab).purge_limit == (*slab).end {
                    (*set).kept -= (*slab).size;
                    (*slab).purge_limit = slab.cast::<c_void>().byte_add(UNPURGED_SIZE);
                }
                if (*slab).class != Class::StackBlock {
                    unmap_slab(slab);
                } else if (*slab).bump > (*slab).purge_limit {
                    purge(slab);
                }
            }
            slab = next_slab;
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
/// This thread owns the heap of `slab`, which is empty and not kept. Nothing uses the slab afterwards.
unsafe fn unmap_slab(slab: *mut Slab) {
    // SAFETY: this thread owns the heap of `slab` (H1). A mapped slab is in `slabs`, and an empty one is current or in
    // `partial` (`slab_lists`, SL1 and SL2).
    unsafe {
        let current = current_mut((*slab).set, (*slab).class);
        if slab == *current {
            *current = ptr::null_mut();
        } else {
            remove_partial(slab);
        }
        unlink_slab(slab);
        region::unmap(slab.cast(), (*slab).size);
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

#[cfg(test)]
mod tests;
