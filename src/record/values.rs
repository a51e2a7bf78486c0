//! Local values: an array that is indexed by the slot of a key.
//!
//! The record of a coroutine holds one array, the cold part of a task another. The holder makes sure that one thread at
//! a time uses it.

use core::ffi::c_void;
use core::ptr;

use super::keys::{self, Destructor};
use crate::sys;

/// Rounds of destructors, because a destructor may set new values. As `PTHREAD_DESTRUCTOR_ITERATIONS`.
pub(crate) const DESTRUCTOR_ROUNDS: usize = 4;
/// Entries of the smallest array.
const MIN_CAPACITY: usize = 8;

/// An array of local values, from malloc. All zero: there is none.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Values {
    entries: *mut Entry,
    /// A power of two, or 0.
    capacity: usize,
}

/// A value, and the key that it was set for. A different key of the same slot does not match.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    value: *mut c_void,
}

impl Values {
    pub(crate) const EMPTY: Values = Values { entries: ptr::null_mut(), capacity: 0 };

    /// Returns true if no value was ever set.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.capacity == 0
    }

    /// Frees the array. The values stay as they are.
    pub(crate) fn free(self) {
        // SAFETY: `self` is the only holder of the array, which is from malloc or NULL.
        unsafe { sys::free(self.entries.cast()) };
    }

    /// The entry at an index. None: the array is shorter.
    fn entry(&mut self, index: usize) -> Option<&mut Entry> {
        // SAFETY: `reserve` initialized all entries below the capacity.
        (index < self.capacity).then(|| unsafe { &mut *self.entries.add(index) })
    }

    /// The value for a key. NULL: there is none, or no such key.
    pub(crate) fn get(&mut self, key: u64) -> *mut c_void {
        match self.entry(keys::slot_index(key)) {
            Some(entry) if entry.key == key && keys::is_live(key) => entry.value,
            _ => ptr::null_mut(),
        }
    }

    /// Sets the value for a key, which exists. NULL needs no memory. Returns false if there is no memory.
    pub(crate) fn set(&mut self, key: u64, value: *mut c_void) -> bool {
        let index = keys::slot_index(key);
        let is_stored = if value.is_null() { index < self.capacity } else { self.reserve(index) };
        if let Some(entry) = self.entry(index) {
            *entry = Entry { key, value };
        }
        is_stored || value.is_null()
    }

    /// Grows the array until it has an entry at `index`. Returns false if there is no memory.
    fn reserve(&mut self, index: usize) -> bool {
        if index < self.capacity {
            return true;
        }
        let capacity = (index + 1).next_power_of_two().max(MIN_CAPACITY);
        let Some(memory) = sys::allocate(capacity * size_of::<Entry>()) else { return false };
        let entries: *mut Entry = memory.as_ptr().cast();
        // SAFETY: the new array is longer than the old one, which is freed once. A copy of no entries may be from NULL.
        unsafe {
            entries.copy_from_nonoverlapping(self.entries, self.capacity);
            for index in self.capacity..capacity {
                entries.add(index).write(Entry { key: 0, value: ptr::null_mut() });
            }
            sys::free(self.entries.cast());
        }
        *self = Values { entries, capacity };
        true
    }

    /// Removes and returns the next value, from `index` on, whose key has a destructor.
    pub(crate) fn take_next(&mut self, index: &mut usize) -> Option<(Destructor, *mut c_void)> {
        while let Some(entry) = self.entry(*index) {
            *index += 1;
            let value = core::mem::replace(&mut entry.value, ptr::null_mut());
            if !value.is_null()
                && let Some(destructor) = keys::destructor_of(entry.key)
            {
                return Some((destructor, value));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut as value;

    unsafe extern "C" fn destructor(_: *mut c_void) {}

    fn key(destructor: Option<Destructor>) -> u64 {
        let mut key = 0;
        // SAFETY: `key` is a local variable.
        assert!(unsafe { keys::create_at(&raw mut key, destructor) });
        key
    }

    #[test]
    fn values_belong_to_their_keys_as_long_as_those_exist() {
        let _guard = keys::tests::KEY_TESTS.lock().unwrap();
        let (plain, owned) = (key(None), key(Some(destructor)));
        let mut values = Values::EMPTY;
        assert!(values.get(owned).is_null() && values.is_empty());
        assert!(values.set(owned, ptr::null_mut()) && values.is_empty(), "NULL takes no memory");
        assert!(values.set(owned, value(1)) && values.set(plain, value(2)));
        assert_eq!((values.get(owned).addr(), values.get(plain).addr()), (1, 2));
        let mut index = 0;
        let taken = values.take_next(&mut index).map(|(_, value)| value.addr());
        assert_eq!(taken, Some(1), "a value without a destructor is not returned");
        assert!(values.take_next(&mut index).is_none() && values.get(owned).is_null());
        assert!(values.set(owned, value(3)));
        assert!(keys::delete(owned) && values.get(owned).is_null());
        assert!(values.take_next(&mut 0).is_none(), "no destructor for a deleted key");
        assert!(keys::delete(plain));
        values.free();
    }
}
