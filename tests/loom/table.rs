//! The table of entries: the first use of a descriptor creates its piece, once.

use std::ptr::NonNull;

use loom::thread;

use crate::check;

#[path = "../../src/rt/io/fd_table.rs"]
mod fd_table;

/// An entry that finds a thread that sees it before it was initialized.
mod fd_entry {
    pub(crate) use crate::ground::Own as FdEntry;
}

/// Allocates a piece. A model uses its first entry.
pub(crate) fn allocate_array<T>(count: usize) -> Option<NonNull<T>> {
    let memory = crate::sys::allocate(count * size_of::<T>())?;
    let entry = fd_entry::FdEntry::default();
    entry.add(1);
    // SAFETY: the memory is for entries, and has one at least.
    unsafe { memory.cast::<fd_entry::FdEntry>().write(entry) };
    Some(memory.cast())
}

/// Two threads use a descriptor of the same piece for the first time: both get the same entry, initialized.
#[test]
fn piece_is_made_once() {
    check(3, || {
        fd_table::for_each(|_| unreachable!("there is no piece"));
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
