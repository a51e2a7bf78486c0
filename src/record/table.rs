//! One shard's records: open addressing by the coroutine's address, without marks for what was removed.

use core::ptr::{self, NonNull};

use super::entry::Record;
use super::hash::hash;
use super::memory::{MIN_CAPACITY, TableMemory, min_table};
use crate::abi::aco_t;
use crate::slow_path;

/// A power of two of places, at most three quarters of them in use; none: no memory.
pub(super) struct Table {
    slots: *mut Record,
    capacity: usize,
    count: usize,
    is_mapped: bool,
}

/// Places of the table that is larger than the smallest: a page.
const SECOND_CAPACITY: usize = 64;

impl Table {
    pub(super) const EMPTY: Table =
        Table { slots: ptr::null_mut(), capacity: 0, count: 0, is_mapped: false };

    /// Where the search for `co` begins.
    fn ideal_index(&self, co: *mut aco_t) -> usize {
        (hash(co) >> 20) as usize & (self.capacity - 1)
    }

    fn next_index(&self, index: usize) -> usize {
        (index + 1) & (self.capacity - 1)
    }

    /// The place of `co`, or the free one where it would be. None: the table has no memory.
    fn search(&self, co: *mut aco_t) -> Option<*mut Record> {
        if self.capacity == 0 {
            return None;
        }
        let mut index = self.ideal_index(co);
        loop {
            let slot = self.slots.wrapping_add(index);
            // SAFETY: an index below the capacity; a quarter of the places is free.
            let found = unsafe { (*slot).co };
            if found == co || found.is_null() {
                return Some(slot);
            }
            index = self.next_index(index);
        }
    }

    /// The record of `co`.
    pub(super) fn find(&mut self, co: *mut aco_t) -> Option<&mut Record> {
        // SAFETY: a place of the table, which the caller has alone.
        let record = unsafe { &mut *self.search(co)? };
        // NULL is what a free place has.
        (record.co == co && !co.is_null()).then_some(record)
    }

    /// The record of `co`, a new one if there is none. None: there is no memory.
    pub(super) fn find_or_insert(&mut self, co: *mut aco_t) -> Option<&mut Record> {
        if self.find(co).is_none() {
            if self.count >= self.capacity / 4 * 3
                && !self.resize(co, larger_capacity(self.capacity))
            {
                return None;
            }
            // SAFETY: a free place.
            unsafe { self.search(co)?.write(Record::new(co)) };
            self.count += 1;
            slow_path::add_user();
        }
        self.find(co)
    }

    /// Takes a record off. The records behind it that are not where their search begins move up.
    pub(super) fn remove(&mut self, co: *mut aco_t) -> Option<Record> {
        let removed = *self.find(co)?;
        let mut hole = self.search(co)?;
        // SAFETY: places of the table, up to a free one.
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
        // SAFETY: places of the table, which the caller has alone.
        let slots = (0..self.capacity).map(|index| unsafe { &*self.slots.add(index) });
        slots.filter(|record| !record.co.is_null())
    }

    /// Gives memory back of which little is in use. Without memory for less it stays. `co` is of this
    /// shard.
    fn shrink(&mut self, co: *mut aco_t) {
        if self.capacity > MIN_CAPACITY && self.count < self.capacity / 8 {
            self.resize(co, smaller_capacity(self.capacity));
        }
    }

    /// Moves the records into a table of so many places. False: there is no memory. `co` is of this shard.
    fn resize(&mut self, co: *mut aco_t, capacity: usize) -> bool {
        let memory =
            if capacity == MIN_CAPACITY { min_table(co) } else { TableMemory::allocate(capacity) };
        let Some(TableMemory { start, is_mapped }) = memory else { return false };
        let new = Table { slots: start.as_ptr().cast(), capacity, count: self.count, is_mapped };
        for record in self.records() {
            if let Some(slot) = new.search(record.co) {
                // SAFETY: a free place of the new table: free places are zero, as all of it was.
                unsafe { slot.write(*record) };
            }
        }
        self.release();
        *self = new;
        true
    }

    /// Gives the memory back; the smallest table is cleared for the next time.
    fn release(&mut self) {
        // SAFETY: the memory that `resize` got, of this size, and nobody looks at it any more.
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

fn larger_capacity(capacity: usize) -> usize {
    match capacity {
        0 => MIN_CAPACITY,
        MIN_CAPACITY => SECOND_CAPACITY,
        more => more * 2,
    }
}

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
            // Grows, and falls to nothing, again and again.
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
