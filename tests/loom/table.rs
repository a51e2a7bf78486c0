//! The table of entries: the first use of a number creates its chunk, once.

use std::ptr::NonNull;

use loom::thread;

use crate::check;

#[path = "../../src/rt/io/fd_table.rs"]
mod fd_table;

/// An entry that detects a thread which does not see it as it was written.
mod fd_entry {
    pub(crate) use crate::ground::Own as FdEntry;
}

/// Allocates a chunk. The model uses its first entry.
pub(crate) fn allocate_array<T>(count: usize) -> Option<NonNull<T>> {
    let memory = crate::sys::allocate(count * size_of::<T>())?;
    let entry = fd_entry::FdEntry::default();
    entry.add(1);
    // SAFETY: the memory has room for entries.
    unsafe { memory.cast::<fd_entry::FdEntry>().write(entry) };
    Some(memory.cast())
}

/// Two threads use a number of the same chunk for the first time: both get the same entry, and see all of it.
#[test]
fn chunk_is_created_once() {
    check(3, || {
        fd_table::for_each(|_| unreachable!("there is no chunk"));
        let uses = || {
            let entry = fd_table::entry(0).expect("there is memory");
            // SAFETY: entries are never freed.
            assert_eq!(unsafe { (*entry).get() }, 1);
            entry.addr()
        };
        let other = thread::spawn(uses);
        assert_eq!(uses(), other.join().expect("no panic"));
    });
}
