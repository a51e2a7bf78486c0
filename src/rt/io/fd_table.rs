//! The table of file descriptor entries: one for each number, for the whole process. Its chunks are never freed (E1).

use core::ffi::c_int;
use core::ptr;

use super::fd_entry::FdEntry;
use crate::rt::base::atomic::{AtomicPtr, Ordering};
use crate::rt::os::{self, Result};
use crate::{sys, valgrind};

/// The number of entries in a chunk.
const CHUNK: usize = 1024;
const CHUNKS: usize = 1024;

/// Not in `aco_shared`, where its 8 KiB of zeros would be in the library's file.
static TABLE: [AtomicPtr<FdEntry>; CHUNKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS];

/// The entry of `fd`. Errors: `EBADF` if `fd` is negative; `EMFILE` if it is beyond the table; `ENOMEM`.
pub(crate) fn entry(fd: c_int) -> Result<*mut FdEntry> {
    let fd = usize::try_from(fd).map_err(|_| libc::EBADF)?;
    let slot = TABLE.get(fd / CHUNK).ok_or(libc::EMFILE)?;
    let mut chunk = slot.load(Ordering::Acquire);
    if chunk.is_null() {
        valgrind::mark_shared((&raw const TABLE).addr(), size_of_val(&TABLE));
        let new = os::allocate_array::<FdEntry>(CHUNK).ok_or(libc::ENOMEM)?.as_ptr();
        let orders = (Ordering::AcqRel, Ordering::Acquire);
        chunk = match slot.compare_exchange(ptr::null_mut(), new, orders.0, orders.1) {
            Ok(_) => new,
            Err(first) => {
                // SAFETY: the chunk is not in the table: no other thread knows it.
                unsafe { sys::free(new.cast()) };
                first
            }
        };
    }
    // SAFETY: a chunk has CHUNK entries.
    Ok(unsafe { chunk.add(fd % CHUNK) })
}

/// Calls `act` with each entry of the chunks that exist.
pub(super) fn for_each(mut act: impl FnMut(*mut FdEntry)) {
    for chunk in &TABLE {
        let chunk = chunk.load(Ordering::Acquire);
        for index in 0..if chunk.is_null() { 0 } else { CHUNK } {
            // SAFETY: a chunk has CHUNK entries.
            act(unsafe { chunk.add(index) });
        }
    }
}
