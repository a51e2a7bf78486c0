//! The parts of the table of records, each with a lock of its own.

use core::cell::UnsafeCell;

use super::hash::{SHARDS, shard_index};
use super::table::Table;
use crate::abi::aco_t;
use crate::lock::Lock;

/// A table that one thread at a time uses; no two in one cache line.
#[repr(align(64))]
pub(super) struct Shard {
    lock: Lock,
    table: UnsafeCell<Table>,
}

// SAFETY: the table is used by who holds the lock.
unsafe impl Sync for Shard {}

#[unsafe(link_section = "aco_shared")]
static RECORDS: [Shard; SHARDS] =
    [const { Shard { lock: Lock::new(), table: UnsafeCell::new(Table::EMPTY) } }; SHARDS];

/// A shard by its number. None: there are no more.
pub(super) fn by_index(index: usize) -> Option<&'static Shard> {
    RECORDS.get(index)
}

/// The shard in which the record of `co` is, if there is one.
pub(super) fn of(co: *mut aco_t) -> &'static Shard {
    // SAFETY: there is one of this number.
    unsafe { RECORDS.get_unchecked(shard_index(co)) }
}

impl Shard {
    /// Calls `work` with the table, alone. It must not come back here.
    pub(super) fn with_table<R>(&self, work: impl FnOnce(&mut Table) -> R) -> R {
        let _guard = self.lock.lock_guard();
        // SAFETY: this thread holds the lock (`lock`, L1).
        work(unsafe { &mut *self.table.get() })
    }
}
