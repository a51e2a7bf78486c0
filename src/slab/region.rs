//! Where slabs lie: each at the start of a region of its own, and the map that knows the regions.
//!
//! Any address is asked for its slab, that of a coroutine which a program allocated, too: so the
//! answer comes from a map and not from the memory. The map has one byte for each region of the
//! address space, in two levels: how much of the region is the slab's. A thread that asks takes no
//! lock.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use crate::{sanitizer, sys, valgrind};

/// Bytes of a region, and what it is aligned to: the size of a huge page.
pub(super) const SIZE: usize = 1 << SIZE_BITS;
const SIZE_BITS: u32 = 21;

/// What slabs are a multiple of: the map counts in it.
pub(super) const UNIT: usize = 1 << UNIT_BITS;
const UNIT_BITS: u32 = 16;

/// A leaf is for 64 GiB. Its pages take memory when they are first written.
const LEAF_BITS: u32 = 15;
type Leaf = [AtomicU8; 1 << LEAF_BITS];

/// User addresses fit 48 bits on either architecture unless a program asks mmap for more.
const ADDRESS_BITS: u32 = 48;
const ROOT_BITS: u32 = ADDRESS_BITS - LEAF_BITS - SIZE_BITS;
/// Known by a name of its own to debuggers (tools/gdb/aco.py).
#[unsafe(export_name = "aco_regions")]
static ROOT: [AtomicPtr<Leaf>; 1 << ROOT_BITS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; 1 << ROOT_BITS];

/// The place of a region's leaf in the root; None beyond the address space.
#[inline(always)]
fn root_entry(address: usize) -> Option<&'static AtomicPtr<Leaf>> {
    ROOT.get(address >> (SIZE_BITS + LEAF_BITS))
}

/// A region's byte in its leaf.
#[inline(always)]
fn entry(leaf: &Leaf, address: usize) -> &AtomicU8 {
    // SAFETY: masked by the length of the leaf, a power of two.
    unsafe { leaf.get_unchecked(address >> SIZE_BITS & (leaf.len() - 1)) }
}

/// The slab that `address` lies in: the start of its region.
#[inline(always)]
pub(super) fn start_of(address: *mut c_void) -> Option<NonNull<c_void>> {
    // SAFETY: a leaf stays for ever.
    let leaf = unsafe { root_entry(address.addr())?.load(Ordering::Acquire).as_ref()? };
    let size = usize::from(entry(leaf, address.addr()).load(Ordering::Relaxed)) << UNIT_BITS;
    let offset = address.addr() & (SIZE - 1);
    if offset < size { NonNull::new(address.wrapping_byte_sub(offset)) } else { None }
}

/// Maps `size` bytes, a multiple of [`UNIT`], at the start of a region, at most all of it. None: the
/// system has no memory or no room for so many.
pub(super) fn map(size: usize) -> Option<NonNull<c_void>> {
    let region = map_aligned(size)?;
    // SAFETY: the mapping was just made.
    unsafe {
        if size == SIZE {
            sys::enable_huge_pages(region.as_ptr(), size);
        }
        if !register(region.as_ptr(), size) {
            sys::unmap(region.as_ptr(), size);
            return None;
        }
    }
    sanitizer::register_root(region.as_ptr(), size);
    valgrind::mark_shared(region.addr().get(), size);
    Some(region)
}

/// Gives a region back to the system.
///
/// # Safety
/// It is from [`map`], with this size, and nothing uses it from here on.
pub(super) unsafe fn unmap(region: *mut c_void, size: usize) {
    let leaf =
        root_entry(region.addr()).map_or(ptr::null_mut(), |root| root.load(Ordering::Acquire));
    // SAFETY: a leaf stays for ever; the mapping is the caller's. One that the system does not
    // take back is lost.
    unsafe {
        if let Some(leaf) = leaf.as_ref() {
            entry(leaf, region.addr()).store(0, Ordering::Relaxed);
        }
        sanitizer::unregister_root(region, size);
        sys::unmap(region, size);
    }
}

/// Maps `size` bytes at a multiple of [`SIZE`]. Several ways, for a program may have a limit on its
/// address space: the next mapping may lie right, as the one below a region does; the place under
/// it may be free; a piece is cut out of twice as much; one of the places farther below is free.
fn map_aligned(size: usize) -> Option<NonNull<c_void>> {
    const MAX_STEPS: usize = 64;
    let mapping = sys::map(size)?;
    if mapping.addr().get().is_multiple_of(SIZE) {
        return Some(mapping);
    }
    let below = mapping.as_ptr().map_addr(|address| address & !(SIZE - 1));
    // SAFETY: the mapping that was just made.
    unsafe { sys::unmap(mapping.as_ptr(), size) };
    sys::map_fixed(below, size).or_else(|| map_and_trim(size)).or_else(|| {
        let mut candidates = (1..MAX_STEPS).map(|step| below.wrapping_byte_sub(step * SIZE));
        candidates.find_map(|aligned| sys::map_fixed(aligned, size))
    })
}

/// [`map_aligned`], at the price of [`SIZE`] bytes more of address space for a moment.
fn map_and_trim(size: usize) -> Option<NonNull<c_void>> {
    let wide = size + SIZE;
    let start = sys::map(wide)?.as_ptr();
    // SAFETY: parts of the mapping that was just made.
    unsafe {
        let aligned = start.map_addr(|address| address.next_multiple_of(SIZE));
        let before = aligned.addr() - start.addr();
        if before > 0 {
            sys::unmap(start, before);
        }
        sys::unmap(aligned.byte_add(size), wide - size - before);
        NonNull::new(aligned)
    }
}

/// Enters a slab of `size` bytes in the map. False: there is no memory for it, or no place in it.
fn register(region: *mut c_void, size: usize) -> bool {
    let Some(root) = root_entry(region.addr()) else { return false };
    let mut leaf = root.load(Ordering::Acquire);
    if leaf.is_null() {
        let Some(new) = sys::map(size_of::<Leaf>()) else { return false };
        valgrind::mark_shared(new.addr().get(), size_of::<Leaf>());
        valgrind::mark_shared((&raw const ROOT).addr(), size_of_val(&ROOT));
        let new = new.as_ptr().cast();
        match root.compare_exchange(leaf, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => leaf = new,
            Err(winner) => {
                // SAFETY: just mapped, and another thread's leaf has its place.
                unsafe { sys::unmap(new.cast(), size_of::<Leaf>()) };
                leaf = winner;
            }
        }
    }
    // SAFETY: zeroed memory is a leaf, and a leaf stays for ever.
    entry(unsafe { &*leaf }, region.addr()).store((size >> UNIT_BITS) as u8, Ordering::Release);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_from_map_to_unmap() {
        for size in [64 << 10, 1 << 20, SIZE] {
            let regions: Vec<_> = (0..20).map(|_| map(size).unwrap().as_ptr()).collect();
            for &region in &regions {
                assert!(region.addr().is_multiple_of(SIZE));
                for at in [0, 1, size / 2, size - 1] {
                    let address = region.wrapping_byte_add(at);
                    assert_eq!(start_of(address), NonNull::new(region), "{size} {at}");
                }
                if size < SIZE {
                    assert_eq!(start_of(region.wrapping_byte_add(size)), None, "what follows");
                }
                // SAFETY: mapped above, with this size.
                unsafe { region.cast::<u8>().add(size - 1).write(1) };
            }
            for &region in &regions {
                // SAFETY: mapped above, with this size.
                unsafe { unmap(region, size) };
            }
        }
    }

    #[test]
    fn other_addresses_have_no_region() {
        let mut here = 0;
        assert_eq!(start_of(ptr::null_mut()), None);
        assert_eq!(start_of((&raw mut here).cast()), None);
        for address in [1 << ADDRESS_BITS, usize::MAX, 1 << 63] {
            assert_eq!(start_of(ptr::without_provenance_mut(address)), None, "{address:#x}");
        }
    }
}
