//! The table of file descriptors: one entry a number, for the whole process, in pieces that stay (E1).

use core::ffi::c_int;
use core::ptr;

use super::fd_entry::FdEntry;
use crate::rt::base::atomic::{AtomicPtr, Ordering};
use crate::rt::os::{self, Result};
use crate::sys;

/// Entries in a piece of the table.
const CHUNK: usize = 1024;
const CHUNKS: usize = 1024;

#[unsafe(link_section = "aco_shared")]
static TABLE: [AtomicPtr<FdEntry>; CHUNKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS];

/// The entry of `fd`. EBADF: there is no such number; EMFILE: too large a one; ENOMEM.
pub(crate) fn entry(fd: c_int) -> Result<*mut FdEntry> {
    let fd = usize::try_from(fd).map_err(|_| libc::EBADF)?;
    let place = TABLE.get(fd / CHUNK).ok_or(libc::EMFILE)?;
    let mut chunk = place.load(Ordering::Acquire);
    if chunk.is_null() {
        let new = os::allocate_array::<FdEntry>(CHUNK).ok_or(libc::ENOMEM)?.as_ptr();
        let orders = (Ordering::AcqRel, Ordering::Acquire);
        chunk = match place.compare_exchange(ptr::null_mut(), new, orders.0, orders.1) {
            Ok(_) => new,
            Err(first) => {
                // SAFETY: the table has not taken it: no other thread knows it.
                unsafe { sys::free(new.cast()) };
                first
            }
        };
    }
    // SAFETY: a chunk has so many entries.
    Ok(unsafe { chunk.add(fd % CHUNK) })
}

/// Calls `act` with each entry of the pieces that are there.
pub(super) fn for_each(mut act: impl FnMut(*mut FdEntry)) {
    for chunk in &TABLE {
        let chunk = chunk.load(Ordering::Acquire);
        for index in 0..if chunk.is_null() { 0 } else { CHUNK } {
            // SAFETY: a chunk has so many entries.
            act(unsafe { chunk.add(index) });
        }
    }
}
