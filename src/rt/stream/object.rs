//! A stream: its descriptor, its sizes and its halves.

use core::ffi::c_int;

use super::half::Half;
use crate::rt::base::atomic::{AtomicI32, Ordering};
use crate::rt::io::fd_ref;
use crate::rt::os::Result;

/// A stream.
pub struct Stream {
    /// Negative once the descriptor was closed to end the output.
    pub(super) fd: AtomicI32,
    /// The program closes the descriptor.
    pub(super) keeps_fd: bool,
    /// The most bytes of a line, without its newline.
    pub(super) limit: usize,
    pub(super) read_size: usize,
    pub(super) write_size: usize,
    pub(crate) input: Half,
    pub(crate) output: Half,
}

impl Stream {
    /// The descriptor.
    pub(crate) fn fd(&self) -> c_int {
        self.fd.load(Ordering::Relaxed)
    }

    /// The most bytes of input that the stream holds: a line of `limit` bytes and a `delimiter`.
    pub(super) fn most_input(&self, delimiter: usize) -> usize {
        self.limit.saturating_add(delimiter).max(self.read_size)
    }

    /// Closes the descriptor, unless it is the program's to close.
    pub(super) fn close_fd(&self) -> Result<()> {
        let fd = self.fd.swap(-1, Ordering::Relaxed);
        if fd < 0 || self.keeps_fd { Ok(()) } else { fd_ref::close(fd) }
    }

    /// Returns true if the stream closes its descriptor.
    pub(super) fn owns_fd(&self) -> bool {
        !self.keeps_fd
    }
}
