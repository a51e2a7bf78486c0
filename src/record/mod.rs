//! What a coroutine has of its own beside its control block, which has no room for it: a record in a
//! table of the process, for coroutines that need one.
//!
//! ```text
//! control block                 shard of the address       record
//! +-----------+                 +---------------+          +---------------------------+
//! | 160 bytes | ── hash ──────> | lock, table   | ───────> | co  home  id  name locals |
//! +-----------+                 +---------------+          +---------------------------+
//! ```
//!
//! | who needs one | why |
//! |---|---|
//! | has a name, an id, local values | they stand there ([`names`], [`locals`], [`values`]) |
//! | is not in a slab | its thread finds it by its record alone |
//! | was moved to another thread | that one finds it by its record, and who made it no longer lists it |
//!
//! A coroutine may be destroyed by another thread than it was made by, so the table is the process's. It
//! is in shards, each with a lock that is held for a few instructions and, where it grows, a malloc.

mod homed;
mod keys;
mod locals;
mod memory;
mod names;
mod shard;
mod table;
mod values;

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::abi::aco_t;
use crate::{slab, sys, tls};

pub(crate) use homed::Homed;
#[cfg(feature = "rt")]
pub(crate) use keys::is_live as is_key;
pub(crate) use keys::{Destructor, create_at as create_key_at, delete as delete_key};
pub(crate) use locals::{end as end_locals, get as local, set as set_local};
pub(crate) use names::{id, known, name, set_name};
#[cfg(feature = "rt")]
pub(crate) use values::ROUNDS;
pub(crate) use values::Values;

/// What is known of one coroutine.
#[derive(Clone, Copy)]
struct Record {
    co: *mut aco_t,
    /// The number of the thread that lists it; 0: the one whose slab it is in.
    home: u32,
    /// 0: nobody has asked for it.
    id: u64,
    /// From malloc, or NULL.
    name: *mut c_char,
    locals: Values,
}

/// Bytes of a record.
pub(crate) const SIZE: usize = size_of::<Record>();

impl Record {
    const fn new(co: *mut aco_t) -> Record {
        Record { co, home: 0, id: 0, name: ptr::null_mut(), locals: Values::NONE }
    }

    /// Says it anything?
    fn is_blank(&self) -> bool {
        self.home == 0 && self.id == 0 && self.name.is_null() && self.locals.is_none()
    }

    /// Frees what it holds.
    fn free(self) {
        // SAFETY: a record that is off the table is the last to know these.
        unsafe { sys::free(self.name.cast()) };
        self.locals.free();
    }
}

/// How many records name a thread: where none does, only slabs have coroutines.
#[unsafe(link_section = "aco_shared")]
static HOMED: AtomicUsize = AtomicUsize::new(0);

/// This thread's number.
fn this_thread() -> u32 {
    #[unsafe(link_section = "aco_shared")]
    static LAST: AtomicU32 = AtomicU32::new(0);
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    unsafe {
        if (*state).number == 0 {
            // After four thousand million threads numbers come again.
            (*state).number = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        }
        (*state).number
    }
}

/// Writes a thread's number, or 0, into a record.
fn set_home(record: &mut Record, home: u32) {
    match (record.home, home) {
        (0, 1..) => {
            HOMED.fetch_add(1, Ordering::Relaxed);
        }
        (1.., 0) => {
            HOMED.fetch_sub(1, Ordering::Relaxed);
        }
        _ => {}
    }
    record.home = home;
}

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
    use super::*;

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
