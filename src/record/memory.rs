//! Memory for tables of records.
//!
//! Tables are mapped. ThreadSanitizer does not see the lock of a shard. It would report malloc and free by two threads
//! as a race. If the system has no more mappings, a table comes from malloc. The minimum tables of all shards are parts
//! of one block, which is never freed.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::entry::Record;
use super::hash::{SHARDS, shard_index};
use crate::abi::aco_t;
use crate::{sanitizer, sys, valgrind};

/// Slots of a minimum table.
pub(super) const MIN_CAPACITY: usize = 16;

/// Memory for a table, with free slots only.
pub(super) struct TableMemory {
    pub(super) start: NonNull<c_void>,
    pub(super) is_mapped: bool,
}

impl TableMemory {
    /// Allocates `capacity` slots. None: the system has no memory.
    pub(super) fn allocate(capacity: usize) -> Option<TableMemory> {
        let size = capacity.checked_mul(size_of::<Record>())?;
        let mapping = sys::map(size);
        let start = mapping.or_else(|| sys::allocate(size))?;
        if mapping.is_some() {
            sanitizer::register_root(start.as_ptr(), size);
        } else {
            // SAFETY: `size` bytes were allocated above.
            unsafe { start.as_ptr().cast::<u8>().write_bytes(0, size) };
        }
        valgrind::mark_shared(start.addr().get(), size);
        Some(TableMemory { start, is_mapped: mapping.is_some() })
    }

    /// Frees the memory.
    ///
    /// # Safety
    /// The memory has `capacity` slots, and no thread uses it afterwards.
    pub(super) unsafe fn release(self, capacity: usize) {
        let (start, size) = (self.start.as_ptr(), capacity * size_of::<Record>());
        // SAFETY: the memory is from `allocate`, of this size, and unused from here on.
        unsafe {
            if self.is_mapped {
                sanitizer::unregister_root(start, size);
                sys::unmap(start, size);
            } else {
                sys::free(start);
            }
        }
    }
}

/// The minimum table of the shard of `co`, whose slots are free. None: the system has no memory.
pub(super) fn min_table(co: *mut aco_t) -> Option<TableMemory> {
    #[unsafe(link_section = "aco_shared")]
    static MIN_TABLES: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let mut tables = MIN_TABLES.load(Ordering::Acquire);
    if tables.is_null() {
        let new = TableMemory::allocate(SHARDS * MIN_CAPACITY)?;
        let start = new.start.as_ptr();
        match MIN_TABLES.compare_exchange(tables, start, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => tables = start,
            Err(winner) => {
                // SAFETY: another thread stored its block first; no other thread has seen this one.
                unsafe { new.release(SHARDS * MIN_CAPACITY) };
                tables = winner;
            }
        }
    }
    let offset = shard_index(co) * MIN_CAPACITY * size_of::<Record>();
    // SAFETY: the block has one part for each shard, and an index is below `SHARDS`.
    let start = NonNull::new(unsafe { tables.byte_add(offset) })?;
    Some(TableMemory { start, is_mapped: true })
}
