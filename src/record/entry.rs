//! One record of the table.

use core::ffi::c_char;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::values::Values;
use crate::abi::aco_t;
use crate::sys;

/// The number of records whose `thread` is not 0 (R4 of `record`).
#[unsafe(link_section = "aco_shared")]
pub(super) static RECORDS_WITH_THREAD: AtomicUsize = AtomicUsize::new(0);

/// What the table holds for one coroutine. All zero: a free slot of the table.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) co: *mut aco_t,
    /// The id of the thread that lists the coroutine. 0: the thread that owns its slab.
    pub(super) thread: u32,
    /// The id of the coroutine. 0: it has none yet.
    pub(super) id: u64,
    /// The name, from malloc, or NULL.
    pub(super) name: *mut c_char,
    pub(super) locals: Values,
}

/// The size of a record, in bytes.
pub(crate) const RECORD_SIZE: usize = size_of::<Record>();

impl Record {
    pub(super) const fn new(co: *mut aco_t) -> Record {
        Record { co, thread: 0, id: 0, name: ptr::null_mut(), locals: Values::EMPTY }
    }

    /// Returns true if the record holds no data.
    pub(super) fn is_empty(&self) -> bool {
        self.thread == 0 && self.id == 0 && self.name.is_null() && self.locals.is_empty()
    }

    /// Frees the name and the array of local values.
    pub(super) fn free(self) {
        // SAFETY: the record is off the table, so it holds the last pointer to its name.
        unsafe { sys::free(self.name.cast()) };
        self.locals.free();
    }
}

/// Sets the thread of a record, and counts the record (R4). 0: no thread.
pub(super) fn set_thread(record: &mut Record, thread: u32) {
    match (record.thread, thread) {
        (0, 1..) => {
            RECORDS_WITH_THREAD.fetch_add(1, Ordering::Relaxed);
        }
        (1.., 0) => {
            RECORDS_WITH_THREAD.fetch_sub(1, Ordering::Relaxed);
        }
        _ => {}
    }
    record.thread = thread;
}
