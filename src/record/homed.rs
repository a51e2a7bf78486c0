//! The coroutines that a thread finds by their records alone.

use core::sync::atomic::{AtomicU32, Ordering};

use super::entry::HOMED;
use super::{hash, shard};
use crate::abi::aco_t;
use crate::tls;

/// This thread's number.
pub(super) fn this_thread() -> u32 {
    #[unsafe(link_section = "aco_shared")]
    static LAST: AtomicU32 = AtomicU32::new(0);
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    unsafe {
        if (*state).number == 0 {
            // After four thousand million threads numbers come again.
            (*state).number = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        }
        (*state).number
    }
}

/// The coroutines whose records name this thread, shard by shard, in the order of their addresses. Others
/// may be made and destroyed meanwhile: a few addresses are taken from the table at a time, and each is
/// asked for again before it is given out.
pub(crate) struct Homed {
    shard: usize,
    /// The last address that was given out.
    after: usize,
    next: usize,
    batch: Batch,
}

/// The first few of the addresses that were put in, in ascending order.
pub(super) struct Batch {
    places: [*mut aco_t; Batch::MOST],
    count: usize,
}

impl Batch {
    const MOST: usize = 32;

    const fn new() -> Batch {
        Batch { places: [core::ptr::null_mut(); Batch::MOST], count: 0 }
    }

    /// Puts an address where it belongs; of too many the largest falls out.
    pub(super) fn insert(&mut self, co: *mut aco_t) {
        let mut carried = co;
        for place in self.places.iter_mut().take(self.count) {
            if carried.addr() < place.addr() {
                core::mem::swap(&mut carried, place);
            }
        }
        if let Some(place) = self.places.get_mut(self.count) {
            *place = carried;
            self.count += 1;
        }
    }
}

impl Homed {
    pub(crate) fn new() -> Homed {
        let nothing_to_see = HOMED.load(Ordering::Relaxed) == 0;
        let shard = if nothing_to_see { hash::SHARDS } else { 0 };
        Homed { shard, after: 0, next: 0, batch: Batch::new() }
    }

    /// Takes the next few from the table. False: there are no more.
    fn refill(&mut self) -> bool {
        (self.batch.count, self.next) = (0, 0);
        while let Some(shard) = shard::at(self.shard) {
            let (after, batch) = (self.after, &mut self.batch);
            shard.with(|table| {
                let records = table.records().filter(|record| record.home == this_thread());
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

impl Iterator for Homed {
    type Item = *mut aco_t;

    fn next(&mut self) -> Option<*mut aco_t> {
        loop {
            if self.next >= self.batch.count && !self.refill() {
                return None;
            }
            let co = *self.batch.places.get(self.next)?;
            self.next += 1;
            self.after = co.addr();
            let home = shard::of(co).with(|table| table.find(co).map(|record| record.home));
            if home == Some(this_thread()) {
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
        assert_eq!(batch.count, Batch::MOST);
        // 0 and 199 both give 1.
        let places = batch.places.map(|place| place.addr() / 16);
        assert!(places.is_sorted() && places[0] == 1 && places[31] == 31, "{places:?}");
    }
}
