//! Buffered streams: reading by lines and writing in blocks, above acort_read() and acort_write(). One call at a time
//! reads from a stream and one writes to it; both may be active at once.

use core::ffi::{c_char, c_int, c_void};
use core::{ptr, slice};

use super::{bytes, count, non_null, refused, try_answer, try_object, try_status, until};
use crate::arch;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::acort_stream_opts_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::stream::format::{self, VaList, va_list};
use crate::rt::stream::life::{self, DEFAULT_OPTIONS};
use crate::rt::stream::object::Stream;
use crate::rt::stream::{input, output};
use crate::sys;

/// A buffered stream.
#[allow(non_camel_case_types)]
pub type acort_stream_t = Stream;

/// The stream of a function. Errors: `EINVAL` if it is NULL.
///
/// # Safety
/// `stream` is NULL or live.
unsafe fn live<'a>(stream: *mut acort_stream_t) -> Result<&'a Stream> {
    // SAFETY: a stream that is not NULL is live. It has no field that changes but those that are shared.
    unsafe { stream.as_ref() }.ok_or(libc::EINVAL)
}

/// Memory of the program. Errors: `EINVAL` if it is NULL, but not empty.
fn memory<T>(address: *const T, size: usize) -> Result<*const T> {
    if address.is_null() && size != 0 { Err(libc::EINVAL) } else { Ok(address) }
}

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
    try_status(|| unsafe {
        let stream = non_null(stream)?;
        match until(deadline) {
            // Cancelled or interrupted: the stream is closed all the same.
            Err(stop) if Deadline::at(deadline).is_valid() => life::close(stream, Deadline::NOW)
                .map_err(|error| if error == libc::ETIMEDOUT { stop } else { error }),
            deadline => life::close(stream, deadline?),
        }
    })
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
