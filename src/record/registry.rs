//! The life of a record: registered, moved to another thread, destroyed.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::by_thread::thread_id;
use super::entry::{RECORDS_WITH_THREAD, set_thread};
use super::locals::destroy as destroy_locals;
use super::shard;
use crate::abi::aco_t;
use crate::slab;

/// Registers a coroutine that this thread creates at `block`, which is in no slab. Returns false if there is no memory.
pub(crate) fn register(block: NonNull<c_void>) -> bool {
    let co: *mut aco_t = block.as_ptr().cast();
    let thread = thread_id();
    // R6: the program may have freed the last coroutine's block itself.
    remove(co);
    shard::of(co).with_table(|table| {
        table.find_or_insert(co).map(|record| set_thread(record, thread)).is_some()
    })
}

/// Makes this thread the one that lists `co`. Returns false if there is no memory.
///
/// # Safety
/// `co` points to a coroutine that is not destroyed.
pub(crate) unsafe fn move_to_this_thread(co: *mut aco_t) -> bool {
    // SAFETY: the coroutine is not destroyed, so its block is in use.
    let thread = if unsafe { slab::is_own(co.cast()) } { 0 } else { thread_id() };
    shard::of(co).with_table(|table| {
        if thread == 0 && table.find(co).is_none() {
            return true;
        }
        table.find_or_insert(co).map(|record| set_thread(record, thread)).is_some()
    })
}

/// Returns true if another thread lists `co`, which is in a slab of this thread.
pub(crate) fn is_listed_elsewhere(co: *mut aco_t) -> bool {
    RECORDS_WITH_THREAD.load(Ordering::Relaxed) != 0
        && shard::of(co).with_table(|table| {
            table.find(co).is_some_and(|record| record.thread != 0 && record.thread != thread_id())
        })
}

/// Passes the local values of `co` to their destructors and removes its record, if it has one.
///
/// # Safety
/// Only the destructors use the local values afterwards.
pub(crate) unsafe fn destroy(co: *mut aco_t) {
    if shard::of(co).with_table(|table| table.find(co).is_some()) {
        // SAFETY: only the destructors use the values from here on.
        unsafe { destroy_locals(co) };
        remove(co);
    }
}

/// Removes the record of `co`, if it has one. Destructors do not get its local values.
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
    fn a_coroutine_is_listed_by_the_thread_it_moved_to() {
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
            // SAFETY: the block is not in a slab, and its bytes are not read.
            assert!(unsafe { move_to_this_thread(co) });
            assert_eq!(count_listed(), 1);
        });
        co.expose_provenance();
        other.join().unwrap();
        assert_eq!(count_listed(), 0);
        assert!(is_listed_elsewhere(co));
        // SAFETY: the block is not in a slab, and its bytes are not read.
        assert!(unsafe { move_to_this_thread(co) });
        assert!(count_listed() == 1 && !is_listed_elsewhere(co));
        remove(co);
        assert_eq!(count_listed(), 0);
        // SAFETY: allocated above.
        unsafe { sys::free(block.as_ptr()) };
    }
}
