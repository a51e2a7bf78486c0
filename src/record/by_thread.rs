//! An iterator over the coroutines that this thread finds by their records alone.

use core::sync::atomic::{AtomicU32, Ordering};

use super::entry::RECORDS_WITH_THREAD;
use super::{hash, shard};
use crate::abi::aco_t;
use crate::tls;

/// The id of this thread; never 0.
pub(super) fn thread_id() -> u32 {
    #[unsafe(link_section = "aco_shared")]
    static LAST: AtomicU32 = AtomicU32::new(0);
    let state = tls::thread_state();
    // SAFETY: `state` points to this thread's state, which no other thread uses.
    unsafe {
        if (*state).thread_id == 0 {
            // Ids repeat after 2^32 threads.
            (*state).thread_id = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        }
        (*state).thread_id
    }
}

/// The coroutines whose records name this thread: shard by shard, by ascending address.
///
/// Coroutines may be created and destroyed during the iteration. So the iterator copies a few addresses from the table
/// at a time. It looks each up again before it returns the address.
pub(crate) struct ThreadRecords {
    /// The index of the current shard.
    shard: usize,
    /// The last address that the iterator returned from this shard; 0: none.
    after: usize,
    /// The index in `batch` of the next address.
    next: usize,
    batch: Batch,
}

/// The lowest of the inserted addresses, at most [`Batch::MAX`], in ascending order.
pub(super) struct Batch {
    entries: [*mut aco_t; Batch::MAX],
    count: usize,
}

impl Batch {
    const MAX: usize = 32;

    const fn new() -> Batch {
        Batch { entries: [core::ptr::null_mut(); Batch::MAX], count: 0 }
    }

    /// Inserts an address at its place. A full batch drops the highest address.
    pub(super) fn insert(&mut self, co: *mut aco_t) {
        let mut carried = co;
        for entry in self.entries.iter_mut().take(self.count) {
            if carried.addr() < entry.addr() {
                core::mem::swap(&mut carried, entry);
            }
        }
        if let Some(entry) = self.entries.get_mut(self.count) {
            *entry = carried;
            self.count += 1;
        }
    }
}

impl ThreadRecords {
    pub(crate) fn new() -> ThreadRecords {
        let is_empty = RECORDS_WITH_THREAD.load(Ordering::Relaxed) == 0;
        let shard = if is_empty { hash::SHARDS } else { 0 };
        ThreadRecords { shard, after: 0, next: 0, batch: Batch::new() }
    }

    /// Copies the next addresses from the table. Returns false if there are no more.
    fn refill(&mut self) -> bool {
        (self.batch.count, self.next) = (0, 0);
        while let Some(shard) = shard::by_index(self.shard) {
            let (after, batch) = (self.after, &mut self.batch);
            shard.with_table(|table| {
                let records = table.records().filter(|record| record.thread == thread_id());
                let records = records.filter(|record| record.co.addr() > after);
                records.for_each(|record| batch.insert(record.co));
            });
            if self.batch.count > 0 {
                return true;
            }
            (self.shard, self.after) = (self.shard + 1, 0);
        }
        false
    }
}

impl Iterator for ThreadRecords {
    type Item = *mut aco_t;

    fn next(&mut self) -> Option<*mut aco_t> {
        loop {
            if self.next >= self.batch.count && !self.refill() {
                return None;
            }
            let co = *self.batch.entries.get(self.next)?;
            self.next += 1;
            self.after = co.addr();
            let thread =
                shard::of(co).with_table(|table| table.find(co).map(|record| record.thread));
            if thread == Some(thread_id()) {
                return Some(co);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut;

    #[test]
    fn a_batch_keeps_the_first_few_in_order() {
        let mut batch = Batch::new();
        for number in 0..200_usize {
            batch.insert(without_provenance_mut((number * 77 % 199 + 1) * 16));
        }
        assert_eq!(batch.count, Batch::MAX);
        // 0 and 199 both give 1.
        let entries = batch.entries.map(|entry| entry.addr() / 16);
        assert!(entries.is_sorted() && entries[0] == 1 && entries[31] == 31, "{entries:?}");
    }
}
