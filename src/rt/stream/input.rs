//! Reading from a stream. S1 to S5 are in `half`.

use core::ffi::c_void;
use core::ptr;

use super::half::State;
use super::object::Stream;
use crate::rt::io::rw;
use crate::rt::os::{Deadline, Result};
use crate::{sanitizer, sys};

/// Reads once from the descriptor to the buffer, which has no more than `most` bytes then. Returns the number of bytes;
/// 0: the input has ended. Errors: `EMSGSIZE` if the buffer has so many already; those of the descriptor.
fn fill(stream: &Stream, input: &mut State, most: usize, deadline: Deadline) -> Result<usize> {
    if input.is_over {
        return Ok(0);
    }
    input.check()?;
    input.buffer.make_room(stream.read_size, most)?;
    let (next, room) = (input.buffer.next(), input.buffer.room());
    let mut system_error = 0;
    // SAFETY: the buffer has so much room.
    let outcome =
        unsafe { rw::read_noting(stream.fd(), next.cast(), room, deadline, &mut system_error) };
    let count = input.keep_error(outcome, system_error)?;
    input.is_over = count == 0;
    input.buffer.added(count);
    Ok(count)
}

/// Gives up to `size` bytes: those of the buffer, or of one read. Returns 0 at the end.
///
/// # Safety
/// `to` is writable for `size` bytes.
unsafe fn read_some(
    stream: &Stream,
    input: &mut State,
    to: *mut u8,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: `to` is writable for `size` bytes. The buffer has the bytes that are copied.
    unsafe {
        if input.buffer.is_empty() {
            if size >= stream.read_size && !input.is_over {
                input.check()?;
                let mut system_error = 0;
                let outcome =
                    rw::read_noting(stream.fd(), to.cast(), size, deadline, &mut system_error);
                let count = input.keep_error(outcome, system_error)?;
                input.is_over = count == 0;
                return Ok(count);
            }
            fill(stream, input, stream.most_input(0), deadline)?;
        }
        let count = size.min(input.buffer.len());
        if count != 0 {
            ptr::copy_nonoverlapping(input.buffer.first(), to, count);
            input.buffer.consume(count);
            sanitizer::unpoison(to.cast(), count);
        }
        Ok(count)
    }
}

/// Reads up to `size` bytes, and waits only if none is there. Returns 0 at the end.
///
/// # Safety
/// `to` is writable for `size` bytes.
pub(crate) unsafe fn read(
    stream: &Stream,
    to: *mut c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    let mut input = stream.input.enter()?;
    if size == 0 {
        return Ok(0);
    }
    // SAFETY: `to` is writable for `size` bytes.
    unsafe { read_some(stream, &mut input, to.cast(), size, deadline) }
}

/// Reads `size` bytes, or up to the end, as [`rw::read_full`].
///
/// # Safety
/// `to` is writable for `size` bytes.
pub(crate) unsafe fn read_full(
    stream: &Stream,
    to: *mut c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    let mut input = stream.input.enter()?;
    let to: *mut u8 = to.cast();
    // SAFETY: `done` is below `size`.
    rw::transfer_all(size, deadline, &mut |done| unsafe {
        read_some(stream, &mut input, to.wrapping_add(done), size - done, deadline)
    })
}

/// The bytes that a call shows: the first one, and how many. NULL: the input has ended.
pub(crate) type View = (*mut u8, usize);

/// Waits for `size` bytes, and shows what is there. Fewer than `size` are there only at the end. Errors: `EMSGSIZE` if
/// `size` is more than the limit, `EINVAL` if it is 0; those of the descriptor.
pub(crate) fn peek(stream: &Stream, size: usize, deadline: Deadline) -> Result<View> {
    if size == 0 || size > stream.limit {
        return Err(if size == 0 { libc::EINVAL } else { libc::EMSGSIZE });
    }
    let mut input = stream.input.enter()?;
    while input.buffer.len() < size
        && fill(stream, &mut input, stream.most_input(0), deadline)? != 0
    {}
    let length = input.buffer.len();
    Ok(if length == 0 { (ptr::null_mut(), 0) } else { (input.buffer.first(), length) })
}

/// Puts bytes back before the next one. Errors: `EMSGSIZE` if the stream would hold more than it may; `ENOMEM`.
///
/// # Safety
/// `from` has `size` bytes, of other memory or of what the last call has shown.
pub(crate) unsafe fn unread(stream: &Stream, from: *const c_void, size: usize) -> Result<()> {
    let mut input = stream.input.enter()?;
    let buffer = &mut input.buffer;
    // What was removed lies before the first byte: there is room for it, and it is not moved (S4).
    if size > buffer.room_before().max(stream.most_input(0).saturating_sub(buffer.len())) {
        return Err(libc::EMSGSIZE);
    }
    if size == 0 {
        return Ok(());
    }
    // SAFETY: there is room for the bytes. The copy has `size` of them, and is freed here alone.
    unsafe {
        if size <= buffer.room_before() {
            buffer.prepend(from.cast(), size);
            return Ok(());
        }
        // The bytes may lie in the buffer, whose memory is replaced: those of `peek` were not removed.
        let copy = sys::allocate(size).ok_or(libc::ENOMEM)?.as_ptr();
        ptr::copy_nonoverlapping(from.cast::<u8>(), copy.cast(), size);
        let outcome = buffer.make_room_before(size);
        if outcome.is_ok() {
            buffer.prepend(copy.cast_const().cast(), size);
        }
        sys::free(copy.cast());
        outcome
    }
}

/// The number of bytes in the buffer. Errors: `EBUSY`.
pub(crate) fn buffered(stream: &Stream) -> Result<usize> {
    Ok(stream.input.enter()?.buffer.len())
}

/// The bytes up to a delimiter.
enum Found {
    /// So many bytes, then the delimiter.
    Delimiter(usize),
    /// So many bytes, then the end.
    End(usize),
}

/// Waits for a delimiter. Errors: `EMSGSIZE` if more bytes than the limit come before it; those of the descriptor.
///
/// With `may_have_return` a carriage return before the delimiter does not count for the limit.
fn find(
    stream: &Stream,
    input: &mut State,
    delimiter: &[u8],
    may_have_return: bool,
    deadline: Deadline,
) -> Result<Found> {
    let most = stream.most_input(delimiter.len() + usize::from(may_have_return));
    let mut searched = 0;
    loop {
        let length = input.buffer.len();
        // SAFETY: the buffer has more bytes than the limit.
        let has_return = may_have_return
            && length > stream.limit
            && unsafe { input.buffer.first().wrapping_add(stream.limit).read() } == b'\r';
        let limit = stream.limit + usize::from(has_return);
        let from = input.buffer.first().wrapping_add(searched);
        let (needle, size) = (delimiter.as_ptr(), delimiter.len());
        if length - searched >= size {
            // SAFETY: the buffer has the bytes from `searched` on.
            let found =
                unsafe { libc::memmem(from.cast(), length - searched, needle.cast(), size) };
            let found: *const u8 = found.cast_const().cast();
            if !found.is_null() {
                let at = found.addr() - input.buffer.first().addr();
                return if at > limit { Err(libc::EMSGSIZE) } else { Ok(Found::Delimiter(at)) };
            }
            searched = length - (size - 1);
        }
        if searched > limit {
            return Err(libc::EMSGSIZE);
        }
        if fill(stream, input, most, deadline)? == 0 {
            return if length > limit { Err(libc::EMSGSIZE) } else { Ok(Found::End(length)) };
        }
    }
}

/// Removes the first `length` bytes and `more`, and shows the former, with a NUL after them.
fn show(input: &mut State, length: usize, more: usize) -> View {
    let first = input.buffer.first();
    // SAFETY: the memory has the byte: the delimiter's first one, or the one that is left for a NUL.
    unsafe { first.wrapping_add(length).write(0) };
    input.buffer.consume(length + more);
    (first, length)
}

/// Shows the bytes up to `delimiter`, and removes them and it. Errors: `EBADMSG` if the input ends first, with bytes
/// that stay; `EINVAL` if the delimiter is empty; those of [`find`].
pub(crate) fn read_until(stream: &Stream, delimiter: &[u8], deadline: Deadline) -> Result<View> {
    if delimiter.is_empty() {
        return Err(libc::EINVAL);
    }
    let mut input = stream.input.enter()?;
    match find(stream, &mut input, delimiter, false, deadline)? {
        Found::Delimiter(length) => Ok(show(&mut input, length, delimiter.len())),
        Found::End(0) => Ok((ptr::null_mut(), 0)),
        Found::End(_) => Err(libc::EBADMSG),
    }
}

/// Shows the next line without its newline, and removes both. The last line may have no newline.
pub(crate) fn read_line(stream: &Stream, deadline: Deadline) -> Result<View> {
    let mut input = stream.input.enter()?;
    let (first, length) = match find(stream, &mut input, b"\n", true, deadline)? {
        Found::Delimiter(length) => show(&mut input, length, 1),
        Found::End(0) => return Ok((ptr::null_mut(), 0)),
        Found::End(length) => show(&mut input, length, 0),
    };
    let last = first.wrapping_add(length.wrapping_sub(1));
    // SAFETY: the line has a byte if `length` is not 0.
    unsafe {
        if length == 0 || last.read() != b'\r' {
            return Ok((first, length));
        }
        last.write(0);
    }
    Ok((first, length - 1))
}
