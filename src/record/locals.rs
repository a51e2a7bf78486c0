//! Coroutine-local values: an array in the record, by the place of the key.

use core::ffi::c_void;
use core::ptr;

use super::{Destructor, Record, keys, shard};
use crate::abi::aco_t;
use crate::sys;

/// How often all values are gone through for destructors that set new ones; as pthread keys.
const ROUNDS: usize = 4;
/// Places of the smallest array.
const LEAST: usize = 8;

/// The values of one coroutine: a power of two of entries, from malloc, or none.
#[derive(Clone, Copy)]
pub(super) struct Locals {
    entries: *mut Entry,
    capacity: usize,
}

/// A value, and the key that it was set for.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    value: *mut c_void,
}

impl Locals {
    pub(super) const NONE: Locals = Locals { entries: ptr::null_mut(), capacity: 0 };

    pub(super) fn is_none(&self) -> bool {
        self.capacity == 0
    }

    pub(super) fn free(self) {
        // SAFETY: the array is the record's alone, and that is gone.
        unsafe { sys::free(self.entries.cast()) };
    }

    /// The entry at an index.
    fn entry(&mut self, index: usize) -> Option<&mut Entry> {
        // SAFETY: entries below the capacity are initialised.
        (index < self.capacity).then(|| unsafe { &mut *self.entries.add(index) })
    }

    /// Makes room for an entry at `index`. False: there is no memory.
    fn grow(&mut self, index: usize) -> bool {
        if index < self.capacity {
            return true;
        }
        let capacity = (index + 1).next_power_of_two().max(LEAST);
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
        *self = Locals { entries, capacity };
        true
    }

    fn entries_or_dangling(&self) -> *const Entry {
        if self.entries.is_null() { ptr::dangling() } else { self.entries }
    }
}

/// The value of `co` for a key; NULL: it has none, or there is no such key.
pub(crate) fn get(co: *mut aco_t, key: u64) -> *mut c_void {
    if !keys::is_live(key) {
        return ptr::null_mut();
    }
    let find = |record: &mut Record| {
        let entry = record.locals.entry(keys::index_of(key))?;
        (entry.key == key).then_some(entry.value)
    };
    let value = shard::of(co).with(|table| table.find(co).and_then(find));
    value.unwrap_or(ptr::null_mut())
}

/// Sets the value of `co` for a key. An error number: EINVAL, there is no such key; ENOMEM.
pub(crate) fn set(co: *mut aco_t, key: u64, value: *mut c_void) -> Result<(), i32> {
    if !keys::is_live(key) {
        return Err(libc::EINVAL);
    }
    let index = keys::index_of(key);
    shard::of(co).with(|table| {
        if value.is_null() {
            let entry = table.find(co).and_then(|record| record.locals.entry(index));
            if let Some(entry) = entry {
                *entry = Entry { key, value };
            }
            return Ok(());
        }
        let record = table.find_or_insert(co).ok_or(libc::ENOMEM)?;
        let entry = if record.locals.grow(index) { record.locals.entry(index) } else { None };
        if let Some(entry) = entry {
            *entry = Entry { key, value };
            return Ok(());
        }
        if record.is_blank() {
            table.remove(co);
        }
        Err(libc::ENOMEM)
    })
}

/// Ends the values of `co`, with their destructors, in rounds while those set new ones. What the last
/// round leaves is forgotten.
///
/// # Safety
/// Nothing uses the values from here on but the destructors.
pub(crate) unsafe fn end(co: *mut aco_t) {
    for _ in 0..ROUNDS {
        let mut index = 0;
        let mut is_over = true;
        while let Some((destructor, value)) = take_next(co, &mut index) {
            is_over = false;
            // SAFETY: the program promised that it can be called with its values.
            unsafe { destructor(value) }
        }
        if is_over {
            break;
        }
    }
    let left = shard::of(co).with(|table| {
        let record = table.find(co)?;
        Some(core::mem::replace(&mut record.locals, Locals::NONE))
    });
    if let Some(left) = left {
        left.free();
    }
}

/// Takes the next value, from `index` on, that a destructor is to be called for.
fn take_next(co: *mut aco_t, index: &mut usize) -> Option<(Destructor, *mut c_void)> {
    shard::of(co).with(|table| {
        let locals = &mut table.find(co)?.locals;
        while let Some(entry) = locals.entry(*index) {
            *index += 1;
            let value = core::mem::replace(&mut entry.value, ptr::null_mut());
            if !value.is_null()
                && let Some(destructor) = keys::destructor_of(entry.key)
            {
                return Some((destructor, value));
            }
        }
        None
    })
}
