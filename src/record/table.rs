//! The hash table of one shard: open addressing, linear probing, deletion by backward shift.
//!
//! * HT1. `capacity` is 0 or a power of two. At most three quarters of the slots are in use, so each search ends.
//! * HT2. A slot is free if its `co` is NULL. A free slot is all zero, as fresh memory is.
//! * HT3. No slot between a record's ideal index and its own slot is free. To keep that, `remove` moves records back.
//! * HT4. A table of [`MIN_CAPACITY`] slots is the shard's part of the block of minimum tables. A larger one has its
//!   own memory.

use core::ptr::{self, NonNull};

use super::entry::Record;
use super::hash::hash;
use super::memory::{MIN_CAPACITY, TableMemory, min_table};
use crate::abi::aco_t;
use crate::slow_path;

/// A hash table from coroutines to records.
pub(super) struct Table {
    /// NULL while `capacity` is 0.
    slots: *mut Record,
    capacity: usize,
    /// Slots in use.
    count: usize,
    is_mapped: bool,
}

/// Slots of the second smallest table: those of a page.
const SECOND_CAPACITY: usize = 64;

impl Table {
    pub(super) const EMPTY: Table =
        Table { slots: ptr::null_mut(), capacity: 0, count: 0, is_mapped: false };

    /// The index at which the search for `co` starts.
    fn ideal_index(&self, co: *mut aco_t) -> usize {
        (hash(co) >> 20) as usize & (self.capacity - 1)
    }

    /// The index after `index`; after the last one, 0.
    fn next_index(&self, index: usize) -> usize {
        (index + 1) & (self.capacity - 1)
    }

    /// The slot of `co`, or else the free slot for it. None: the table has no memory.
    fn search(&self, co: *mut aco_t) -> Option<*mut Record> {
        if self.capacity == 0 {
            return None;
        }
        let mut index = self.ideal_index(co);
        loop {
            let slot = self.slots.wrapping_add(index);
            // SAFETY: `index` is below the capacity; the loop ends by HT1.
            let found = unsafe { (*slot).co };
            if found == co || found.is_null() {
                return Some(slot);
            }
            index = self.next_index(index);
        }
    }

    /// The record of `co`, if it has one.
    pub(super) fn find(&mut self, co: *mut aco_t) -> Option<&mut Record> {
        // SAFETY: a slot of the table, which `&mut self` makes exclusive.
        let record = unsafe { &mut *self.search(co)? };
        // HT2: a search for NULL ends at a free slot.
        (record.co == co && !co.is_null()).then_some(record)
    }

    /// The record of `co`; a new one if it has none. None: there is no memory.
    pub(super) fn find_or_insert(&mut self, co: *mut aco_t) -> Option<&mut Record> {
        if self.find(co).is_none() {
            if self.count >= self.capacity / 4 * 3
                && !self.resize(co, larger_capacity(self.capacity))
            {
                return None;
            }
            // SAFETY: `co` is not in the table, so the search ends at a free slot.
            unsafe { self.search(co)?.write(Record::new(co)) };
            self.count += 1;
            slow_path::add_user();
        }
        self.find(co)
    }

    /// Removes the record of `co` and returns it. Later records of its run move back (HT3).
    pub(super) fn remove(&mut self, co: *mut aco_t) -> Option<Record> {
        let removed = *self.find(co)?;
        let mut hole = self.search(co)?;
        // SAFETY: slots of the table; the loop ends at a free slot (HT1).
        unsafe {
            let mut index = hole.offset_from_unsigned(self.slots);
            let mut gap = index;
            loop {
                index = self.next_index(index);
                let slot = self.slots.add(index);
                if (*slot).co.is_null() {
                    break;
                }
                let ideal_index = self.ideal_index((*slot).co);
                let distance = |from: usize| index.wrapping_sub(from) & (self.capacity - 1);
                if distance(ideal_index) >= distance(gap) {
                    hole.write(*slot);
                    (hole, gap) = (slot, index);
                }
            }
            hole.write(Record::new(ptr::null_mut()));
        }
        self.count -= 1;
        slow_path::remove_user();
        self.shrink(co);
        Some(removed)
    }

    /// All records.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        // SAFETY: slots of the table, which `&self` borrows.
        let slots = (0..self.capacity).map(|index| unsafe { &*self.slots.add(index) });
        slots.filter(|record| !record.co.is_null())
    }

    /// Resizes a table that uses less than an eighth of its slots; without memory for that, does nothing. `co` is
    /// of this shard.
    fn shrink(&mut self, co: *mut aco_t) {
        if self.capacity > MIN_CAPACITY && self.count < self.capacity / 8 {
            self.resize(co, smaller_capacity(self.capacity));
        }
    }

    /// Moves the records to a table of `capacity` slots. Returns false if there is no memory. `co` is of this shard.
    fn resize(&mut self, co: *mut aco_t, capacity: usize) -> bool {
        let memory =
            if capacity == MIN_CAPACITY { min_table(co) } else { TableMemory::allocate(capacity) };
        let Some(TableMemory { start, is_mapped }) = memory else { return false };
        let new = Table { slots: start.as_ptr().cast(), capacity, count: self.count, is_mapped };
        for record in self.records() {
            if let Some(slot) = new.search(record.co) {
                // SAFETY: `search` found a free slot of the new table, which began with free slots only (HT2).
                unsafe { slot.write(*record) };
            }
        }
        self.release();
        *self = new;
        true
    }

    /// Frees the memory. A minimum table is cleared instead, for its next use (HT4).
    fn release(&mut self) {
        // SAFETY: `resize` allocated the memory with this capacity, and replaces it next.
        unsafe {
            if self.capacity > MIN_CAPACITY {
                let start = NonNull::new_unchecked(self.slots.cast());
                TableMemory { start, is_mapped: self.is_mapped }.release(self.capacity);
            } else if self.capacity > 0 {
                self.slots.write_bytes(0, self.capacity);
            }
        }
    }
}

/// The next capacity when a table grows.
fn larger_capacity(capacity: usize) -> usize {
    match capacity {
        0 => MIN_CAPACITY,
        MIN_CAPACITY => SECOND_CAPACITY,
        more => more * 2,
    }
}

/// The next capacity when a table shrinks.
fn smaller_capacity(capacity: usize) -> usize {
    if capacity == SECOND_CAPACITY { MIN_CAPACITY } else { capacity / 2 }
}

#[cfg(test)]
mod tests {
    use super::super::hash::shard_index;
    use super::*;
    use core::ptr::without_provenance_mut;
    use std::collections::HashMap;

    #[test]
    fn a_table_is_a_map() {
        let mut table = Table::EMPTY;
        let mut model = HashMap::new();
        let mut random = 0x1234_5678_u64;
        for round in 1..10_000_000_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // The table grows and shrinks in turns.
            let grows = round / 1_000_000 % 2 == 0;
            let co = without_provenance_mut((random as usize % 300_000 + 1) * 16);
            if shard_index(co) != 7 {
                continue;
            }
            if random >> 40 & 7 < if grows { 6 } else { 1 } {
                table.find_or_insert(co).unwrap().id = round;
                model.insert(co, round);
            } else {
                assert_eq!(table.remove(co).map(|record| record.id), model.remove(&co));
            }
            assert_eq!(table.count, model.len());
            let found = table.find(co).map(|record| record.id);
            assert_eq!(found, model.get(&co).copied());
        }
        let mut ids: Vec<_> = table.records().map(|record| record.id).collect();
        let mut wanted: Vec<_> = model.values().copied().collect();
        ids.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(ids, wanted);
        for co in model.into_keys() {
            assert!(table.remove(co).is_some());
        }
        assert!(table.capacity == MIN_CAPACITY && table.count == 0);
    }
}
