//! The shards of the table of records: each is a table with its own lock.

use core::cell::UnsafeCell;

use super::hash::{SHARDS, shard_index};
use super::table::Table;
use crate::abi::aco_t;
use crate::lock::Lock;

/// A table and its lock (R1), in cache lines that no other data share.
#[repr(align(64))]
pub(super) struct Shard {
    lock: Lock,
    table: UnsafeCell<Table>,
}

// SAFETY: a thread uses the table only while it holds the lock (R1).
unsafe impl Sync for Shard {}

#[unsafe(link_section = "aco_shared")]
static RECORDS: [Shard; SHARDS] =
    [const { Shard { lock: Lock::NEW, table: UnsafeCell::new(Table::EMPTY) } }; SHARDS];

/// The shard with this index. None: there is no such shard.
pub(super) fn by_index(index: usize) -> Option<&'static Shard> {
    RECORDS.get(index)
}

/// The shard that holds the record of `co`, if it has one.
pub(super) fn of(co: *mut aco_t) -> &'static Shard {
    // SAFETY: a shard index is below `SHARDS`.
    unsafe { RECORDS.get_unchecked(shard_index(co)) }
}

impl Shard {
    /// Calls `work` with the table, under the lock. `work` uses no other shard (R3).
    pub(super) fn with_table<R>(&self, work: impl FnOnce(&mut Table) -> R) -> R {
        let _guard = self.lock.guard();
        // SAFETY: this thread holds the lock (`lock`, L1).
        work(unsafe { &mut *self.table.get() })
    }
}
