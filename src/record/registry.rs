//! Records made, moved to another thread, and ended.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::entry::{HOMED, set_home};
use super::homed::this_thread;
use super::locals::end as end_locals;
use super::shard;
use crate::abi::aco_t;
use crate::slab;

/// A coroutine is made at `place`, which is in no slab: this thread's. False: there is no memory.
pub(crate) fn enter(place: NonNull<c_void>) -> bool {
    let co: *mut aco_t = place.as_ptr().cast();
    let home = this_thread();
    // What a program that freed the block by itself has left there.
    forget(co);
    shard::of(co)
        .with(|table| table.find_or_insert(co).map(|record| set_home(record, home)).is_some())
}

/// `co` belongs to this thread from here on. False: there is no memory.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn move_to_this_thread(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    let home = if unsafe { slab::is_own(co.cast()) } { 0 } else { this_thread() };
    shard::of(co).with(|table| {
        if home == 0 && table.find(co).is_none() {
            return true;
        }
        table.find_or_insert(co).map(|record| set_home(record, home)).is_some()
    })
}

/// Does `co`, which is in a slab of this thread's, belong to another thread?
pub(crate) fn has_moved_away(co: *mut aco_t) -> bool {
    HOMED.load(Ordering::Relaxed) != 0
        && shard::of(co).with(|table| {
            table.find(co).is_some_and(|record| record.home != 0 && record.home != this_thread())
        })
}

/// Ends what `co` has: its local values, with their destructors, and its record, if there is one.
///
/// # Safety
/// As [`end_locals`].
pub(crate) unsafe fn end(co: *mut aco_t) {
    if shard::of(co).with(|table| table.find(co).is_some()) {
        // SAFETY: the caller's promise.
        unsafe { end_locals(co) };
        forget(co);
    }
}

/// Forgets `co`: no destructor of a local value is called.
pub(crate) fn forget(co: *mut aco_t) {
    let removed = shard::of(co).with(|table| table.remove(co));
    if let Some(mut record) = removed {
        set_home(&mut record, 0);
        record.free();
    }
}

#[cfg(test)]
mod tests {
    use super::super::homed::Homed;
    use super::*;
    use crate::sys;
    use core::ptr;

    #[test]
    fn who_moves_is_listed_where_it_is() {
        let place = sys::allocate(size_of::<aco_t>()).unwrap();
        let co: *mut aco_t = place.as_ptr().cast();
        let listed = || Homed::new().filter(|found| *found == co).count();
        assert!(enter(place));
        assert_eq!(listed(), 1);
        let address = co.addr();
        let other = std::thread::spawn(move || {
            let co: *mut aco_t = ptr::with_exposed_provenance_mut(address);
            let listed = || Homed::new().filter(|found| *found == co).count();
            assert_eq!(listed(), 0);
            // SAFETY: the place is not in a slab, and is not looked into.
            assert!(unsafe { move_to_this_thread(co) });
            assert_eq!(listed(), 1);
        });
        co.expose_provenance();
        other.join().unwrap();
        assert_eq!(listed(), 0);
        assert!(has_moved_away(co));
        // SAFETY: as there.
        assert!(unsafe { move_to_this_thread(co) });
        assert!(listed() == 1 && !has_moved_away(co));
        forget(co);
        assert_eq!(listed(), 0);
        // SAFETY: allocated above.
        unsafe { sys::free(place.as_ptr()) };
    }
}
