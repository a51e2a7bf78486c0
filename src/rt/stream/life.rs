//! How a stream is opened and closed.

use core::ffi::c_int;
use core::ptr;

use super::half::Half;
use super::object::Stream;
use super::output;
use crate::rt::base::atomic::AtomicI32;
use crate::rt::model::Caller;
use crate::rt::model::abi::{ACORT_STREAM_KEEP_FD, acort_stream_opts_t};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::budget;
use crate::sys;

/// The bytes that a buffer has at first.
const DEFAULT_SIZE: usize = 8192;
/// The most bytes of a line.
const DEFAULT_LIMIT: usize = 65536;

/// The options of a stream that is opened without options.
pub(crate) const DEFAULT_OPTIONS: acort_stream_opts_t = acort_stream_opts_t {
    size: size_of::<acort_stream_opts_t>(),
    limit: 0,
    read_size: 0,
    write_size: 0,
    flags: 0,
    reserved: 0,
};

/// Opens a stream on `fd`. Errors: `EINVAL` if an option is none; `EBADF`; `ENOMEM`.
pub(crate) fn open(fd: c_int, options: &acort_stream_opts_t) -> Result<*mut Stream> {
    let acort_stream_opts_t { limit, read_size, write_size, flags, reserved, .. } = *options;
    if flags & !ACORT_STREAM_KEEP_FD != 0 || reserved != 0 {
        return Err(libc::EINVAL);
    }
    os::file_type(fd)?;
    let or = |value: usize, default| if value == 0 { default } else { value };
    let stream: *mut Stream =
        sys::allocate(size_of::<Stream>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: so much was allocated.
    unsafe {
        stream.write(Stream {
            fd: AtomicI32::new(fd),
            keeps_fd: flags & ACORT_STREAM_KEEP_FD != 0,
            limit: or(limit, DEFAULT_LIMIT),
            read_size: or(read_size, DEFAULT_SIZE),
            write_size: or(write_size, DEFAULT_SIZE),
            input: Half::new(),
            output: Half::new(),
        });
    }
    Ok(stream)
}

/// Begins a call that ends with `deadline`. Flushes, closes the descriptor, and frees the stream, whatever comes of the
/// flush. A caller that is canceled or interrupted does not wait for the flush. Errors: `EBUSY` or `EINVAL`: nothing
/// was done; those of the flush, then those of close(2).
///
/// # Safety
/// The stream is live, and not used afterwards, unless nothing was done.
pub(crate) unsafe fn close(stream: *mut Stream, deadline: Deadline) -> Result<()> {
    let (deadline, late) = match budget::enter_call(Caller::current(), deadline) {
        Ok(deadline) => (deadline, libc::ETIMEDOUT),
        Err(stop) if deadline.is_valid() => (Deadline::NOW, stop),
        Err(error) => return Err(error),
    };
    // SAFETY: the stream is live. No call is inside when it is dropped, and none comes.
    unsafe {
        let input = (*stream).input.enter()?;
        let mut output = (*stream).output.enter()?;
        let flushed = output::drain(&*stream, &mut output, deadline);
        let closed = (*stream).close_fd();
        drop((input, output));
        ptr::drop_in_place(stream);
        sys::free(stream.cast());
        flushed.map_err(|error| if error == libc::ETIMEDOUT { late } else { error }).and(closed)
    }
}
