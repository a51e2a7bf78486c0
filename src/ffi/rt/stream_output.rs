//! Writing to a buffered stream.

use core::ffi::{c_char, c_int, c_void};

use super::streams::{acort_stream_t, live, memory};
use super::{bytes, non_null, try_status, until};
use crate::arch;
use crate::rt::stream::format::{self, VaList, va_list};
use crate::rt::stream::output;

/// Writes `n` bytes to the stream, which keeps them until its buffer is full, or acort_stream_flush()
/// comes. Raises no SIGPIPE.
///
/// # Returns
/// The bytes that the stream has taken. Fewer than `n` after an error, with its `errno`. -1 and
/// `errno` if the error comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBUSY` if another call writes to the stream.
/// - `EINVAL` if `stream` or `buf` is NULL.
/// - `EPIPE` after acort_stream_shutdown().
/// - `ENOMEM` if there is no memory.
/// - The errors of write(2), also those that an earlier call has met.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_write(
    stream: *mut acort_stream_t,
    buf: *const c_void,
    n: usize,
    deadline: i64,
) -> libc::ssize_t {
    // SAFETY: `stream` is NULL or live; `buf` is readable for `n` bytes.
    bytes(|| unsafe {
        let (stream, buf) = (live(stream)?, memory(buf, n)?);
        output::write(stream, buf, n, until(deadline)?)
    })
}

/// Writes text that it formats as printf(3) does, by the rules of acort_stream_write().
///
/// # Returns
/// The bytes that the stream has taken. Fewer than the text has after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - `EINVAL` if `format` is NULL.
/// - `EOVERFLOW` if the text has more than 2 GiB.
/// - The errors of acort_stream_write().
///
/// # Safety
/// Format and arguments are as printf(3) asks.
/// cbindgen:postfix=__attribute__((format(printf, 3, 4)))
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_printf(
    stream: *mut acort_stream_t,
    deadline: i64,
    format: *const c_char,
    args: VaList,
) -> libc::ssize_t {
    arch::variadic_body!(acort_stream_vprintf)
}

/// Does what acort_stream_printf() does, with the arguments of a variadic function.
///
/// # Returns
/// As acort_stream_printf().
///
/// # Errors
/// - The errors of acort_stream_printf().
///
/// # Safety
/// Format and arguments are as vprintf(3) asks.
/// cbindgen:postfix=__attribute__((format(printf, 3, 0)))
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_vprintf(
    stream: *mut acort_stream_t,
    deadline: i64,
    format: *const c_char,
    args: va_list,
) -> libc::ssize_t {
    // SAFETY: `stream` is NULL or live; format and arguments are as vprintf(3) asks.
    bytes(|| unsafe {
        let (stream, format) = (live(stream)?, non_null(format.cast_mut())?);
        format::print(stream, format, args, until(deadline)?)
    })
}

/// Writes what the stream has buffered. What is not written stays for the next call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_stream_write().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_flush(stream: *mut acort_stream_t, deadline: i64) -> c_int {
    // SAFETY: `stream` is NULL or live.
    try_status(|| output::flush(unsafe { live(stream) }?, until(deadline)?))
}

/// Writes what is buffered, and tells the peer that nothing follows: shutdown(2), or close(2) if the
/// file descriptor is for writing alone, as that of a pipe. Reading goes on.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ENOTSOCK` if the file descriptor is no socket, and is for reading, too, or the program's own
///   (ACORT_STREAM_KEEP_FD).
/// - The errors of acort_stream_write() and shutdown(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stream_shutdown(
    stream: *mut acort_stream_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `stream` is NULL or live.
    try_status(|| output::shutdown(unsafe { live(stream) }?, until(deadline)?))
}
