//! Chaos in reads and writes: fewer bytes than asked for, from streams that may give fewer.

use super::fd_ref::FdRef;
use super::fd_type::{self, PIPE, SOCKET};
use crate::rt::model::chaos;
use crate::rt::model::worker::Worker;
use crate::rt::os;

/// How many of `size` bytes are to be read from `file`, or written to it.
#[inline(always)]
pub(crate) fn maybe_shorten(file: &FdRef, size: usize) -> usize {
    if chaos::is_on() { shortened_at_random(file, size) } else { size }
}

#[cold]
#[inline(never)]
fn shortened_at_random(file: &FdRef, size: usize) -> usize {
    let worker = Worker::current();
    // SAFETY: the thread's worker.
    unsafe {
        if size < 2 || worker.is_null() || !(*worker).chaos || !is_stream(file) {
            return size;
        }
        let random = &mut (*worker).random;
        if random.below(2) == 0 { size } else { 1 + random.below(size) }
    }
}

/// May a part of what is asked for come from it, or go there?
fn is_stream(file: &FdRef) -> bool {
    let kind = fd_type::type_of(file).unwrap_or(0);
    if kind & SOCKET == 0 {
        return kind & PIPE != 0;
    }
    os::socket_option(file.fd(), libc::SO_TYPE) == Ok(libc::SOCK_STREAM)
}
