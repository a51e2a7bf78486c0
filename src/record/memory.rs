//! Memory for tables of records.
//!
//! It is mapped, because ThreadSanitizer does not know the lock of a shard: it would take malloc and free
//! by two threads for a race. Where the system has no more mappings it comes from malloc all the same. The
//! smallest tables of all shards lie in one block, which stays.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::entry::Record;
use super::hash::{SHARDS, shard_index};
use crate::abi::aco_t;
use crate::{sanitizer, sys, valgrind};

/// Places of the smallest table.
pub(super) const MIN_CAPACITY: usize = 16;

/// Memory for places, all of them free.
pub(super) struct TableMemory {
    pub(super) start: NonNull<c_void>,
    pub(super) is_mapped: bool,
}

impl TableMemory {
    /// For so many. None: the system has no more.
    pub(super) fn allocate(capacity: usize) -> Option<TableMemory> {
        let size = capacity.checked_mul(size_of::<Record>())?;
        let mapping = sys::map(size);
        let start = mapping.or_else(|| sys::allocate(size))?;
        if mapping.is_some() {
            sanitizer::register_root(start.as_ptr(), size);
        } else {
            // SAFETY: just allocated.
            unsafe { start.as_ptr().cast::<u8>().write_bytes(0, size) };
        }
        valgrind::mark_shared(start.addr().get(), size);
        Some(TableMemory { start, is_mapped: mapping.is_some() })
    }

    /// # Safety
    /// It is for so many places, and nothing uses it.
    pub(super) unsafe fn release(self, capacity: usize) {
        let (start, size) = (self.start.as_ptr(), capacity * size_of::<Record>());
        // SAFETY: the caller's promise.
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

/// The smallest table of the shard of `co`, all of whose places are free. None: the system has no memory.
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
                // SAFETY: nobody has seen it, and another thread's has its place.
                unsafe { new.release(SHARDS * MIN_CAPACITY) };
                tables = winner;
            }
        }
    }
    let offset = shard_index(co) * MIN_CAPACITY * size_of::<Record>();
    // SAFETY: a part for each shard.
    let start = NonNull::new(unsafe { tables.byte_add(offset) })?;
    Some(TableMemory { start, is_mapped: true })
}
