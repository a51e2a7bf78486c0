//! Coroutine-local values: the values in a coroutine's record, used under the lock of its shard.

use core::ffi::c_void;
use core::ptr;

use super::keys::{self, Destructor};
use super::shard;
use super::values::{DESTRUCTOR_ROUNDS, Values};
use crate::abi::aco_t;

/// The value of `co` for a key. NULL: it has none, or there is no such key.
pub(crate) fn get(co: *mut aco_t, key: u64) -> *mut c_void {
    let value = shard::of(co).with_table(|table| Some(table.find(co)?.locals.get(key)));
    value.unwrap_or(ptr::null_mut())
}

/// Sets the value of `co` for a key. Errors: EINVAL if there is no such key; ENOMEM.
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

/// Passes the values of `co` to their destructors and frees the array. Destructors may set new values: a further round
/// passes those, up to [`DESTRUCTOR_ROUNDS`] rounds. Values that the last round leaves are dropped.
///
/// # Safety
/// Only the destructors use the values afterwards.
pub(crate) unsafe fn destroy(co: *mut aco_t) {
    for _ in 0..DESTRUCTOR_ROUNDS {
        let mut index = 0;
        let mut is_done = true;
        while let Some((destructor, value)) = take_next(co, &mut index) {
            is_done = false;
            // SAFETY: the program gave the destructor for values of this key; no lock is held (R2).
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

/// Removes and returns the next value, from `index` on, whose key has a destructor.
fn take_next(co: *mut aco_t, index: &mut usize) -> Option<(Destructor, *mut c_void)> {
    shard::of(co).with_table(|table| table.find(co)?.locals.take_next(index))
}
