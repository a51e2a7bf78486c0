//! The operations on files that block: what a thread of the pool does, or a plain thread.

use core::ffi::{c_int, c_void};

use libc::off_t;

use super::copy::{self, Place};
use crate::rt::os::{self, Entry, Opcode, Result};
use crate::{sanitizer, sys};

/// The most bytes that Linux transfers in one call.
pub(super) const MAX_TRANSFER: usize = 0x7fff_f000;

/// One operation on a file.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Read(*mut c_void, usize, off_t),
    Write(*const c_void, usize, off_t),
    Sync,
    Truncate(off_t),
    Status(*mut libc::stat),
    /// sendfile(2): the source, and the number of bytes. The file is the destination.
    Send(Place, usize),
    /// copy_file_range(2): the source, where in the file, and the number of bytes.
    Copy(Place, Option<off_t>, usize),
}

/// Returns true if reads and writes of the file pass the page cache by (O_DIRECT). preadv2(2) with RWF_NOWAIT waits for
/// the disk then.
pub(super) fn is_direct(fd: c_int) -> bool {
    // SAFETY: the call takes any number.
    unsafe { libc::fcntl(fd, libc::F_GETFL) & libc::O_DIRECT != 0 }
}

impl Operation {
    /// The entry of the worker's ring that does the same. None: there is none (R3 of `ring`). A pipe has no offsets,
    /// which only the system's calls check.
    pub(super) fn entry(self, fd: c_int) -> Option<Entry> {
        let (opcode, buffer, size, offset) = match self {
            Operation::Read(buffer, size, offset) => {
                (Opcode::Read, buffer.cast_const(), size, offset)
            }
            Operation::Write(buffer, size, offset) => (Opcode::Write, buffer, size, offset),
            _ => return None,
        };
        let offset = u64::try_from(offset).ok()?;
        let size = size.min(MAX_TRANSFER) as u32;
        let may_wait = || matches!(os::file_type(fd), Ok(libc::S_IFREG | libc::S_IFBLK));
        (is_direct(fd) && may_wait()).then(|| Entry::new(opcode, fd, (buffer, size), offset))
    }

    /// The result of [`perform`](Self::perform), for that of an entry: negative: an errno.
    pub(super) fn complete(self, result: c_int) -> isize {
        if let (Operation::Read(buffer, ..), Ok(count)) = (self, usize::try_from(result)) {
            sanitizer::unpoison(buffer, count);
        }
        result as isize
    }

    /// As [`perform`](Self::perform). Returns the bytes, or errno.
    ///
    /// # Safety
    /// As [`perform`](Self::perform).
    pub(super) unsafe fn perform_here(self, fd: c_int) -> Result<usize> {
        // SAFETY: the buffer is as the system's calls ask.
        usize::try_from(unsafe { self.perform(fd) }).map_err(|_| sys::errno())
    }

    /// Calls the system, and again after a signal. Returns -1 and errno on an error.
    ///
    /// # Safety
    /// The buffer is as pread(2) or pwrite(2) ask.
    pub(super) unsafe fn perform(self, fd: c_int) -> isize {
        loop {
            // SAFETY: the buffer has that size.
            let result = unsafe {
                match self {
                    Operation::Read(buffer, size, offset) => libc::pread(fd, buffer, size, offset),
                    Operation::Write(buffer, size, offset) => {
                        libc::pwrite(fd, buffer, size, offset)
                    }
                    Operation::Sync => libc::fsync(fd) as isize,
                    Operation::Truncate(length) => libc::ftruncate(fd, length) as isize,
                    Operation::Status(status) => libc::fstat(fd, status) as isize,
                    Operation::Send(from, size) => copy::send(from, fd, size),
                    Operation::Copy(from, offset, size) => {
                        copy::copy(from, Place { fd, offset }, size)
                    }
                }
            };
            if result >= 0 || sys::errno() != libc::EINTR {
                return result;
            }
        }
    }
}
