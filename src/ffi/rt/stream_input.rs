//! Reading from a buffered stream.

use core::ffi::{c_char, c_int, c_void};
use core::{ptr, slice};

use super::streams::{acort_stream_t, live, memory};
use super::{bytes, count, non_null, refused, try_status, until};
use crate::rt::base::size_prefixed;
use crate::rt::os::Result;
use crate::rt::stream::input;
use crate::sys;

/// Makes a call that shows bytes of the stream. Returns NULL and errno 0 at the end, or NULL and errno.
///
/// # Safety
/// `length` is NULL or writable.
unsafe fn shown<T>(length: *mut usize, call: impl FnOnce() -> Result<input::View>) -> *mut T {
    let (first, size) = call().unwrap_or_else(|error| {
        refused(error);
        (ptr::dangling_mut(), usize::MAX)
    });
    if size == usize::MAX {
        return ptr::null_mut();
    }
    // SAFETY: `length` is NULL or writable.
    unsafe { size_prefixed::write_if_some(length, size) };
    if first.is_null() {
        sys::set_errno(0);
    }
    first.cast()
}

/// Returns how many bytes of input the stream holds: a read returns them without a wait.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_buffered(stream: *mut acort_stream_t) -> libc::ssize_t {
    // SAFETY: `stream` is NULL or live.
    bytes(|| input::buffered(unsafe { live(stream) }?))
}

/// Reads up to `n` bytes: those that the stream holds, else what one read(2) gives. Waits only if
/// there is nothing.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` or `buf` is NULL.
/// - `ENOMEM` if there is no memory.
/// - The errors of read(2), after the bytes that came before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_read(
    stream: *mut acort_stream_t,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `stream` is NULL or live; `buf` is writable for `n` bytes.
    count(|| unsafe {
        let (stream, _) = (live(stream)?, memory(buf, n)?);
        input::read(stream, buf, n, until(deadline)?)
    })
}

/// Reads `n` bytes, or up to the end of the input.
///
/// # Returns
/// The bytes read. Fewer than `n` at the end, with `errno` 0, or after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - The errors of acort_stream_read().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_read_full(
    stream: *mut acort_stream_t,
    buf: *mut c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `stream` is NULL or live; `buf` is writable for `n` bytes.
    bytes(|| unsafe {
        let (stream, _) = (live(stream)?, memory(buf, n)?);
        input::read_full(stream, buf, n, until(deadline)?)
    })
}

/// Reads a line, and removes its newline, "\n" or "\r\n". The last line may have none. The line
/// ends with a NUL. Its length goes to `length`, unless `length` is NULL. The line stays in the
/// stream's memory until the next call that reads from the stream; the caller may write to it.
///
/// # Returns
/// The line. NULL and `errno` 0 at the end, or NULL and `errno`. Then no byte is removed.
///
/// # Errors
/// - `EMSGSIZE` if the line has more bytes than `acort_stream_opts_t.limit`. acort_stream_read() reads
///   it in parts.
/// - The errors of acort_stream_read(): also if a part of a line came before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_read_line(
    stream: *mut acort_stream_t,
    length: *mut usize,
    deadline: i64,
) -> *mut c_char {
    // SAFETY: `stream` is NULL or live; `length` is NULL or writable.
    unsafe { shown(length, || input::read_line(live(stream)?, until(deadline)?)) }
}

/// Reads up to the `n` bytes at `delimiter`, and removes them. What was before them ends with a NUL,
/// and stays as a line of acort_stream_read_line() does. Its length goes to `length`, unless
/// `length` is NULL.
///
/// # Returns
/// The bytes before the delimiter. NULL and `errno` 0 if the input has ended, or NULL and `errno`.
/// Then no byte is removed.
///
/// # Errors
/// - `EBADMSG` if the input ends without a delimiter after some bytes. acort_stream_read() reads
///   them.
/// - `EINVAL` if `n` is 0, or `delimiter` is NULL.
/// - The errors of acort_stream_read_line().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_read_until(
    stream: *mut acort_stream_t,
    delimiter: *const c_void,
    n: usize,
    length: *mut usize,
    deadline: i64,
) -> *mut c_char {
    // SAFETY: `stream` is NULL or live; `delimiter` is not NULL, so it has `n` bytes; `length` is NULL or writable.
    unsafe {
        shown(length, || {
            let (stream, first) = (live(stream)?, non_null(delimiter.cast_mut())?);
            let delimiter = slice::from_raw_parts(first.cast(), n);
            input::read_until(stream, delimiter, until(deadline)?)
        })
    }
}

/// Waits until the stream holds `n` bytes, or the input has ended, and returns what it holds, without
/// removing it. The number of bytes, which may be more than `n`, goes to `length`. The bytes stay
/// until the next call that reads from the stream.
///
/// # Returns
/// The bytes. NULL and `errno` 0 at the end, or NULL and `errno`.
///
/// # Errors
/// - `EMSGSIZE` if `n` is more than `acort_stream_opts_t.limit`.
/// - `EINVAL` if `n` is 0.
/// - The errors of acort_stream_read(): also if there are fewer bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_peek(
    stream: *mut acort_stream_t,
    n: usize,
    length: *mut usize,
    deadline: i64,
) -> *mut c_void {
    // SAFETY: `stream` is NULL or live; `length` is NULL or writable.
    unsafe { shown(length, || input::peek(live(stream)?, n, until(deadline)?)) }
}

/// Puts `n` bytes back: the next read returns them first. They may be those that the last call has
/// returned in the stream's memory, which can always be put back.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EMSGSIZE` if the stream would hold more bytes than `acort_stream_opts_t.limit`, or than its
///   `read_size` if that is more.
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` or `bytes` is NULL.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_unread(
    stream: *mut acort_stream_t,
    bytes: *const c_void,
    n: usize,
) -> c_int {
    // SAFETY: `stream` is NULL or live; `bytes` has `n` bytes.
    try_status(|| unsafe { input::unread(live(stream)?, memory(bytes, n)?, n) })
}
