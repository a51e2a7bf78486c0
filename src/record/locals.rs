//! Coroutine-local values: those in the records of coroutines, found under the lock of a shard.

use core::ffi::c_void;
use core::ptr;

use super::keys::{self, Destructor};
use super::shard;
use super::values::{DESTRUCTOR_ROUNDS, Values};
use crate::abi::aco_t;

/// The value of `co` for a key; NULL: it has none, or there is no such key.
pub(crate) fn get(co: *mut aco_t, key: u64) -> *mut c_void {
    let value = shard::of(co).with_table(|table| Some(table.find(co)?.locals.get(key)));
    value.unwrap_or(ptr::null_mut())
}

/// Sets the value of `co` for a key. An error number: EINVAL, there is no such key; ENOMEM.
pub(crate) fn set(co: *mut aco_t, key: u64, value: *mut c_void) -> Result<(), i32> {
    if !keys::is_live(key) {
        return Err(libc::EINVAL);
    }
    shard::of(co).with_table(|table| {
        if value.is_null() {
            if let Some(record) = table.find(co) {
                record.locals.set(key, value);
            }
            return Ok(());
        }
        let record = table.find_or_insert(co).ok_or(libc::ENOMEM)?;
        if record.locals.set(key, value) {
            return Ok(());
        }
        if record.is_empty() {
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
pub(crate) unsafe fn destroy(co: *mut aco_t) {
    for _ in 0..DESTRUCTOR_ROUNDS {
        let mut index = 0;
        let mut is_done = true;
        while let Some((destructor, value)) = take_next(co, &mut index) {
            is_done = false;
            // SAFETY: the program promised that it can be called with its values.
            unsafe { destructor(value) }
        }
        if is_done {
            break;
        }
    }
    let leftover = shard::of(co).with_table(|table| {
        let record = table.find(co)?;
        Some(core::mem::replace(&mut record.locals, Values::EMPTY))
    });
    if let Some(leftover) = leftover {
        leftover.free();
    }
}

/// Takes the next value, from `index` on, that a destructor is to be called for.
fn take_next(co: *mut aco_t, index: &mut usize) -> Option<(Destructor, *mut c_void)> {
    shard::of(co).with_table(|table| table.find(co)?.locals.take_next(index))
}
