//! Buffered streams: reading by lines and writing in blocks, above acort_read() and acort_write(). One call at a time
//! reads from a stream and one writes to it; both may be active at once.

use core::ffi::c_int;

use super::{non_null, try_answer, try_object, try_status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::acort_stream_opts_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::stream::life::{self, DEFAULT_OPTIONS};
use crate::rt::stream::object::Stream;

/// A buffered stream.
#[allow(non_camel_case_types)]
pub type acort_stream_t = Stream;

/// The stream of a function. Errors: `EINVAL` if it is NULL.
///
/// # Safety
/// `stream` is NULL or live.
pub(super) unsafe fn live<'a>(stream: *mut acort_stream_t) -> Result<&'a Stream> {
    // SAFETY: a stream that is not NULL is live. It has no field that changes but those that are shared.
    unsafe { stream.as_ref() }.ok_or(libc::EINVAL)
}

/// Memory of the program. Errors: `EINVAL` if it is NULL, but not empty.
pub(super) fn memory<T>(address: *const T, size: usize) -> Result<*const T> {
    if address.is_null() && size != 0 { Err(libc::EINVAL) } else { Ok(address) }
}

/// Opens a stream on `fd`: a socket, a pipe, a terminal or a file. `opts` NULL means all defaults. The stream owns
/// `fd`: acort_stream_close() closes it, unless `opts` has ACORT_STREAM_KEEP_FD.
///
/// One call at a time may read from a stream, and one may write to it. Another one fails with
/// EBUSY. So one task can read while another one writes.
///
/// # Returns
/// The stream, or NULL and `errno`. Then `fd` is still open.
///
/// # Errors
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if an option is not valid.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_open(
    fd: c_int,
    opts: *const acort_stream_opts_t,
) -> *mut acort_stream_t {
    // SAFETY: `opts` is NULL or has `opts->size` bytes.
    try_object(|| unsafe { life::open(fd, &size_prefixed::read(opts, &DEFAULT_OPTIONS)?) })
}

/// Writes what is buffered, closes the file descriptor, and frees the stream. It does so whatever
/// the result is, unless that is EBUSY or EINVAL. In a cancelled task it does not wait, as with a
/// deadline of 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: not all was written, and the rest is lost.
/// - `EBUSY` if another call uses the stream: nothing is done.
/// - `EINVAL` if `stream` is NULL: nothing is done.
/// - The errors of write(2) and close(2), also those that an earlier call has met.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_close(stream: *mut acort_stream_t, deadline: i64) -> c_int {
    // SAFETY: `stream` is not NULL, so it is live.
    try_status(|| unsafe { life::close(non_null(stream)?, Deadline::at(deadline)) })
}

/// Returns the file descriptor of the stream. The stream stays its owner. It does not know of bytes
/// that other calls read or write.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `stream` is NULL.
/// - `EBADF` if acort_stream_shutdown() has closed it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_fd(stream: *mut acort_stream_t) -> c_int {
    // SAFETY: `stream` is NULL or live.
    try_answer(|| match unsafe { live(stream) }?.fd() {
        ..0 => Err(libc::EBADF),
        fd => Ok(fd),
    })
}
