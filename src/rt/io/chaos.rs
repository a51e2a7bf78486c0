//! Chaos mode for reads and writes: on a stream, transfers fewer bytes than the caller asks for.

use super::fd_entry::{PIPE, SOCKET};
use super::fd_ref::FdRef;
use super::fd_type;
use crate::rt::model::{Worker, chaos};
use crate::rt::os;

/// The number of bytes to transfer, of the `size` bytes that the caller asks for.
#[inline(always)]
pub(crate) fn maybe_shorten(file: &FdRef, size: usize) -> usize {
    if chaos::is_on() { shorten_at_random(file, size) } else { size }
}

#[cold]
#[inline(never)]
fn shorten_at_random(file: &FdRef, size: usize) -> usize {
    let worker = Worker::current();
    // SAFETY: the worker is NULL or this thread's.
    unsafe {
        if size < 2 || worker.is_null() || !(*worker).chaos || !is_stream(file) {
            return size;
        }
        let random = &mut (*worker).random;
        if random.below(2) == 0 { size } else { 1 + random.below(size) }
    }
}

/// Returns true if a transfer may be partial: the file is a pipe or a stream socket.
fn is_stream(file: &FdRef) -> bool {
    let file_type = fd_type::type_of(file).unwrap_or(0);
    if file_type & SOCKET == 0 {
        return file_type & PIPE != 0;
    }
    os::socket_option(file.fd(), libc::SO_TYPE) == Ok(libc::SOCK_STREAM)
}
