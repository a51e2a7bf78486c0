//! One record: what is known of one coroutine.

use core::ffi::c_char;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::values::Values;
use crate::abi::aco_t;
use crate::sys;

/// How many records name a thread: where none does, only slabs have coroutines.
#[unsafe(link_section = "aco_shared")]
pub(super) static RECORDS_WITH_THREAD: AtomicUsize = AtomicUsize::new(0);

/// What is known of one coroutine.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) co: *mut aco_t,
    /// The number of the thread that lists it; 0: the one whose slab it is in.
    pub(super) thread: u32,
    /// 0: nobody has asked for it.
    pub(super) id: u64,
    /// From malloc, or NULL.
    pub(super) name: *mut c_char,
    pub(super) locals: Values,
}

/// Bytes of a record.
pub(crate) const RECORD_SIZE: usize = size_of::<Record>();

impl Record {
    pub(super) const fn new(co: *mut aco_t) -> Record {
        Record { co, thread: 0, id: 0, name: ptr::null_mut(), locals: Values::EMPTY }
    }

    /// Says it anything?
    pub(super) fn is_empty(&self) -> bool {
        self.thread == 0 && self.id == 0 && self.name.is_null() && self.locals.is_empty()
    }

    /// Frees what it holds.
    pub(super) fn free(self) {
        // SAFETY: a record that is off the table is the last to know these.
        unsafe { sys::free(self.name.cast()) };
        self.locals.free();
    }
}

/// Writes a thread's number, or 0, into a record.
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
