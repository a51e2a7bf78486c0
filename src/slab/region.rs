//! The region map: which slab an address is in, if any.
//!
//! ```text
//! address   47 .... 36  35 .... 21  20 .... 0
//!           root index  leaf index  offset in the region
//!
//! byte of a leaf: the size of the region's slab in units of 64 KiB; 0: no slab
//! ```
//!
//! The answer comes from a map, not from memory at the address: a program may pass a coroutine that it allocated
//! itself.
//!
//! * RG1. A slab is at the start of a region, and takes all or a part of it. A region is 2 MiB, and aligned to that.
//! * RG2. Leaves are created once and never freed. A lookup takes no lock.
//! * RG3. A lookup is exact for a block in use: its slab was registered before the block was allocated. For any other
//!   address it may be out of date.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use crate::{sanitizer, sys, valgrind};

/// The size and alignment of a region, in bytes: the size of a huge page.
pub(super) const SIZE: usize = 1 << SIZE_BITS;
const SIZE_BITS: u32 = 21;

/// The size of a slab is a multiple of this, in bytes: the unit of the map.
pub(super) const UNIT: usize = 1 << UNIT_BITS;
const UNIT_BITS: u32 = 16;

/// User addresses have at most so many bits, unless a program asks mmap for more.
const ADDRESS_BITS: u32 = if usize::BITS > 48 { 48 } else { usize::BITS };
/// At least 1, so that no shift is by all bits of an address.
const ROOT_BITS: u32 = if ADDRESS_BITS > 36 { ADDRESS_BITS - 36 } else { 1 };

/// A leaf covers 64 GiB, or half of the addresses of 32 bits. Its pages take memory when they are first written.
const LEAF_BITS: u32 = ADDRESS_BITS - ROOT_BITS - SIZE_BITS;
type Leaf = [AtomicU8; 1 << LEAF_BITS];
/// Exported by name for debuggers (tools/gdb/aco.py).
#[unsafe(export_name = "aco_regions")]
static ROOT: [AtomicPtr<Leaf>; 1 << ROOT_BITS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; 1 << ROOT_BITS];

/// The root entry for an address. None: the address has more than 48 bits.
#[inline(always)]
fn root_entry(address: usize) -> Option<&'static AtomicPtr<Leaf>> {
    ROOT.get(address >> (SIZE_BITS + LEAF_BITS))
}

/// The leaf byte of the region of an address.
#[inline(always)]
fn entry(leaf: &Leaf, address: usize) -> &AtomicU8 {
    // SAFETY: the index is masked by the length of the leaf, a power of two.
    unsafe { leaf.get_unchecked(address >> SIZE_BITS & (leaf.len() - 1)) }
}

/// The start of the slab that `address` is in. None: it is in no slab.
#[inline(always)]
pub(super) fn start_of(address: *mut c_void) -> Option<NonNull<c_void>> {
    // SAFETY: a leaf is never freed (RG2).
    let leaf = unsafe { root_entry(address.addr())?.load(Ordering::Acquire).as_ref()? };
    let size = usize::from(entry(leaf, address.addr()).load(Ordering::Relaxed)) << UNIT_BITS;
    let offset = address.addr() & (SIZE - 1);
    if offset < size { NonNull::new(address.wrapping_byte_sub(offset)) } else { None }
}

/// Maps `size` bytes at the start of a region and registers them. `size` is a multiple of [`UNIT`], at most [`SIZE`].
/// None: the system has no memory, or no address space.
pub(super) fn map(size: usize) -> Option<NonNull<c_void>> {
    let region = map_aligned(size)?;
    // SAFETY: the mapping was created above.
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

/// Unmaps a region.
///
/// # Safety
/// `region` is from [`map`], with this size, and nothing uses it afterwards.
pub(super) unsafe fn unmap(region: *mut c_void, size: usize) {
    let leaf =
        root_entry(region.addr()).map_or(ptr::null_mut(), |root| root.load(Ordering::Acquire));
    // SAFETY: a leaf is never freed (RG2); the caller does not use the mapping afterwards. A mapping that the system
    // refuses to unmap is lost.
    unsafe {
        if let Some(leaf) = leaf.as_ref() {
            entry(leaf, region.addr()).store(0, Ordering::Relaxed);
        }
        sanitizer::unregister_root(region, size);
        sys::unmap(region, size);
    }
}

/// Maps `size` bytes at a multiple of [`SIZE`].
///
/// It tries in turn: any mapping, which is often below the last region and so aligned; the aligned address below that
/// mapping; an aligned part of a larger mapping; aligned addresses further below. A limit on address space may refuse
/// the larger mapping.
fn map_aligned(size: usize) -> Option<NonNull<c_void>> {
    const MAX_STEPS: usize = 64;
    let mapping = sys::map(size)?;
    if mapping.addr().get().is_multiple_of(SIZE) {
        return Some(mapping);
    }
    let below = mapping.as_ptr().map_addr(|address| address & !(SIZE - 1));
    // SAFETY: the mapping was created above.
    unsafe { sys::unmap(mapping.as_ptr(), size) };
    sys::map_fixed(below, size).or_else(|| map_and_trim(size)).or_else(|| {
        let mut candidates = (1..MAX_STEPS).map(|step| below.wrapping_byte_sub(step * SIZE));
        candidates.find_map(|aligned| sys::map_fixed(aligned, size))
    })
}

/// Maps [`SIZE`] bytes more than `size`, and unmaps what is not the aligned part.
fn map_and_trim(size: usize) -> Option<NonNull<c_void>> {
    let wide = size + SIZE;
    let start = sys::map(wide)?.as_ptr();
    // SAFETY: parts of the mapping that was created above.
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

/// Registers a slab of `size` bytes. Returns false if there is no memory for a leaf, or the address has none.
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
                // SAFETY: another thread stored its leaf first; no thread uses this one.
                unsafe { sys::unmap(new.cast(), size_of::<Leaf>()) };
                leaf = winner;
            }
        }
    }
    // SAFETY: all zero is a leaf, and a leaf is never freed (RG2).
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
