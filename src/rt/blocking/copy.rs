//! Copies from file to file in the kernel: sendfile(2), copy_file_range(2) and what stands in for it.
//!
//! copy_file_range(2) is refused for two file systems (EXDEV), by others (EINVAL, EOPNOTSUPP), and by old kernels and
//! sandboxes (ENOSYS, EPERM). It copies nothing of the files of /proc. Then the bytes go through a buffer. EINVAL also
//! means a file that is not regular, or ranges of one file that overlap: such copies fail with a buffer, too.

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;

use libc::off_t;

use crate::rt::io::sigpipe::with_sigpipe_blocked;
use crate::rt::os::{self, Result};
use crate::sys;

/// The size of the buffer.
const BUFFER: usize = 1 << 16;
/// Its alignment: at least that of the blocks of any disk.
const ALIGNMENT: usize = 4096;
/// The most bytes that go through the buffer in one call.
const MAX_BUFFERED: usize = 1 << 22;

/// A descriptor, and a place in its file. None: the file's own position, which the copy moves.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) fd: c_int,
    pub(crate) offset: Option<off_t>,
}

impl Place {
    /// The offset of the place. Errors: `ESPIPE`.
    pub(super) fn position(self) -> Result<off_t> {
        self.offset.map_or_else(|| self.seek(0), Ok)
    }

    /// Moves the file's own position, and returns it. Errors: `ESPIPE`.
    fn seek(self, by: off_t) -> Result<off_t> {
        // SAFETY: the call takes any number.
        match unsafe { libc::lseek(self.fd, by, libc::SEEK_CUR) } {
            ..0 => Err(sys::errno()),
            position => Ok(position),
        }
    }
}

/// The value of an outcome; -1 and errno.
fn answer(outcome: Result<usize>) -> isize {
    outcome.map_or_else(
        |error| {
            sys::set_errno(error);
            -1
        },
        |count| count as isize,
    )
}

/// The address of an offset; null: none.
fn address<T>(offset: &mut Option<T>) -> *mut T {
    offset.as_mut().map_or(ptr::null_mut(), ptr::from_mut)
}

/// sendfile(2), without SIGPIPE. Returns -1 and errno on an error.
pub(super) fn send(mut from: Place, to: c_int, size: usize) -> isize {
    let offset = address(&mut from.offset);
    answer(with_sigpipe_blocked(&mut || {
        // SAFETY: the offset outlives the call.
        let sent = unsafe { libc::sendfile(to, from.fd, offset, size) };
        usize::try_from(sent).map_err(|_| sys::errno())
    }))
}

/// copy_file_range(2), or what stands in for it. Returns -1 and errno on an error.
pub(super) fn copy(from: Place, to: Place, size: usize) -> isize {
    // The kernel takes offsets of 64 bits, whatever `off_t` is.
    let in_64_bits = |place: Place| place.offset.map(|offset| offset as libc::loff_t);
    let (mut source, mut target, no_flags) = (in_64_bits(from), in_64_bits(to), 0 as c_uint);
    let (source, target) = (address(&mut source), address(&mut target));
    // SAFETY: the offsets outlive the call.
    let copied = unsafe {
        libc::syscall(libc::SYS_copy_file_range, from.fd, source, to.fd, target, size, no_flags)
    };
    let stands_in = match copied {
        0 => size != 0,
        1.. => false,
        _ => matches!(
            sys::errno(),
            libc::EXDEV | libc::EINVAL | libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM
        ),
    };
    if stands_in { answer(copy_buffered(from, to, size)) } else { copied as isize }
}

/// Copies through a buffer.
#[cold]
fn copy_buffered(from: Place, to: Place, size: usize) -> Result<usize> {
    let (source, target) = (os::file_status(from.fd)?, os::file_status(to.fd)?);
    for mode in [source.st_mode, target.st_mode] {
        if mode & libc::S_IFMT != libc::S_IFREG {
            return Err(libc::EINVAL);
        }
    }
    // SAFETY: the call takes any number.
    if unsafe { libc::fcntl(to.fd, libc::F_GETFL) } & libc::O_APPEND != 0 {
        return Err(libc::EBADF);
    }
    let (read_at, write_at) = (from.position()?, to.position()?);
    if (source.st_dev, source.st_ino) == (target.st_dev, target.st_ino) {
        let left = usize::try_from(source.st_size - read_at).unwrap_or(0);
        if (read_at.abs_diff(write_at) as usize) < size.min(left) {
            return Err(libc::EINVAL);
        }
    }
    let mut buffer = ptr::null_mut();
    // SAFETY: the call writes the address. O_DIRECT wants an aligned buffer.
    if unsafe { libc::posix_memalign(&raw mut buffer, ALIGNMENT, BUFFER) } != 0 {
        return Err(libc::ENOMEM);
    }
    let (mut done, mut outcome) = (0, Ok(0));
    while done < size.min(MAX_BUFFERED) {
        // SAFETY: the buffer has room for a part.
        outcome = unsafe {
            let (at, part) = (done as off_t, (size - done).min(BUFFER));
            copy_part(buffer, part, (from.fd, read_at + at), (to.fd, write_at + at))
        };
        match outcome {
            Ok(count) if count != 0 => done += count,
            _ => break,
        }
    }
    // SAFETY: the buffer is this call's alone.
    unsafe { sys::free(buffer) };
    for place in [from, to] {
        if place.offset.is_none() && done != 0 {
            place.seek(done as off_t)?;
        }
    }
    if done != 0 { Ok(done) } else { outcome }
}

/// Copies up to `size` bytes through the buffer.
///
/// # Safety
/// The buffer has `size` bytes.
unsafe fn copy_part(
    buffer: *mut c_void,
    size: usize,
    (from, read_at): (c_int, off_t),
    (to, write_at): (c_int, off_t),
) -> Result<usize> {
    // SAFETY: the buffer has `size` bytes.
    unsafe {
        let count =
            usize::try_from(libc::pread(from, buffer, size, read_at)).map_err(|_| sys::errno())?;
        if count == 0 {
            return Ok(0);
        }
        usize::try_from(libc::pwrite(to, buffer, count, write_at)).map_err(|_| sys::errno())
    }
}
