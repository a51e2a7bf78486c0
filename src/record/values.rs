//! Values under keys: an array by the place of the key. A coroutine has one in its record, a task of the
//! runtime one beside its block; whoever has it sees to it that nobody else touches it meanwhile.

use core::ffi::c_void;
use core::ptr;

use super::keys::{self, Destructor};
use crate::sys;

/// How often all values are gone through for destructors that set new ones; as pthread keys.
pub(crate) const DESTRUCTOR_ROUNDS: usize = 4;
/// Places of the smallest array.
const MIN_CAPACITY: usize = 8;

/// A power of two of entries, from malloc, or none: then all zero.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Values {
    entries: *mut Entry,
    capacity: usize,
}

/// A value, and the key that it was set for.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    value: *mut c_void,
}

impl Values {
    pub(crate) const EMPTY: Values = Values { entries: ptr::null_mut(), capacity: 0 };

    /// Was no value ever set?
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.capacity == 0
    }

    /// Frees the array, not the values.
    pub(crate) fn free(self) {
        // SAFETY: the array is the caller's alone.
        unsafe { sys::free(self.entries.cast()) };
    }

    /// The entry at an index.
    fn entry(&mut self, index: usize) -> Option<&mut Entry> {
        // SAFETY: entries below the capacity are initialised.
        (index < self.capacity).then(|| unsafe { &mut *self.entries.add(index) })
    }

    /// The value for a key; NULL: there is none, or no such key.
    pub(crate) fn get(&mut self, key: u64) -> *mut c_void {
        match self.entry(keys::slot_index(key)) {
            Some(entry) if entry.key == key && keys::is_live(key) => entry.value,
            _ => ptr::null_mut(),
        }
    }

    /// Sets the value for a key that is there; NULL, where there is no place for it, changes nothing. False:
    /// there is no memory.
    pub(crate) fn set(&mut self, key: u64, value: *mut c_void) -> bool {
        let index = keys::slot_index(key);
        let is_stored = if value.is_null() { index < self.capacity } else { self.reserve(index) };
        if let Some(entry) = self.entry(index) {
            *entry = Entry { key, value };
        }
        is_stored || value.is_null()
    }

    /// Makes room for an entry at `index`. False: there is no memory.
    fn reserve(&mut self, index: usize) -> bool {
        if index < self.capacity {
            return true;
        }
        let capacity = (index + 1).next_power_of_two().max(MIN_CAPACITY);
        let Some(memory) = sys::allocate(capacity * size_of::<Entry>()) else { return false };
        let entries: *mut Entry = memory.as_ptr().cast();
        // SAFETY: the new array has room for all of the old one's entries.
        unsafe {
            entries.copy_from_nonoverlapping(self.entries_or_dangling(), self.capacity);
            for index in self.capacity..capacity {
                entries.add(index).write(Entry { key: 0, value: ptr::null_mut() });
            }
            sys::free(self.entries.cast());
        }
        *self = Values { entries, capacity };
        true
    }

    fn entries_or_dangling(&self) -> *const Entry {
        if self.entries.is_null() { ptr::dangling() } else { self.entries }
    }

    /// Takes the next value, from `index` on, that a destructor is to be called for.
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
