//! Records made, moved to another thread, and ended.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::by_thread::thread_id;
use super::entry::{RECORDS_WITH_THREAD, set_thread};
use super::locals::destroy as destroy_locals;
use super::shard;
use crate::abi::aco_t;
use crate::slab;

/// A coroutine is made at `block`, which is in no slab: this thread's. False: there is no memory.
pub(crate) fn register(block: NonNull<c_void>) -> bool {
    let co: *mut aco_t = block.as_ptr().cast();
    let thread = thread_id();
    // What a program that freed the block by itself has left there.
    remove(co);
    shard::of(co).with_table(|table| {
        table.find_or_insert(co).map(|record| set_thread(record, thread)).is_some()
    })
}

/// `co` belongs to this thread from here on. False: there is no memory.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn move_to_this_thread(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    let thread = if unsafe { slab::is_own(co.cast()) } { 0 } else { thread_id() };
    shard::of(co).with_table(|table| {
        if thread == 0 && table.find(co).is_none() {
            return true;
        }
        table.find_or_insert(co).map(|record| set_thread(record, thread)).is_some()
    })
}

/// Does `co`, which is in a slab of this thread's, belong to another thread?
pub(crate) fn is_listed_elsewhere(co: *mut aco_t) -> bool {
    RECORDS_WITH_THREAD.load(Ordering::Relaxed) != 0
        && shard::of(co).with_table(|table| {
            table.find(co).is_some_and(|record| record.thread != 0 && record.thread != thread_id())
        })
}

/// Ends what `co` has: its local values, with their destructors, and its record, if there is one.
///
/// # Safety
/// As [`destroy_locals`].
pub(crate) unsafe fn destroy(co: *mut aco_t) {
    if shard::of(co).with_table(|table| table.find(co).is_some()) {
        // SAFETY: the caller's promise.
        unsafe { destroy_locals(co) };
        remove(co);
    }
}

/// Forgets `co`: no destructor of a local value is called.
pub(crate) fn remove(co: *mut aco_t) {
    let removed = shard::of(co).with_table(|table| table.remove(co));
    if let Some(mut record) = removed {
        set_thread(&mut record, 0);
        record.free();
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_thread::ThreadRecords;
    use super::*;
    use crate::sys;
    use core::ptr;

    #[test]
    fn who_moves_is_listed_where_it_is() {
        let block = sys::allocate(size_of::<aco_t>()).unwrap();
        let co: *mut aco_t = block.as_ptr().cast();
        let count_listed = || ThreadRecords::new().filter(|found| *found == co).count();
        assert!(register(block));
        assert_eq!(count_listed(), 1);
        let address = co.addr();
        let other = std::thread::spawn(move || {
            let co: *mut aco_t = ptr::with_exposed_provenance_mut(address);
            let count_listed = || ThreadRecords::new().filter(|found| *found == co).count();
            assert_eq!(count_listed(), 0);
            // SAFETY: the place is not in a slab, and is not looked into.
            assert!(unsafe { move_to_this_thread(co) });
            assert_eq!(count_listed(), 1);
        });
        co.expose_provenance();
        other.join().unwrap();
        assert_eq!(count_listed(), 0);
        assert!(is_listed_elsewhere(co));
        // SAFETY: as there.
        assert!(unsafe { move_to_this_thread(co) });
        assert!(count_listed() == 1 && !is_listed_elsewhere(co));
        remove(co);
        assert_eq!(count_listed(), 0);
        // SAFETY: allocated above.
        unsafe { sys::free(block.as_ptr()) };
    }
}
