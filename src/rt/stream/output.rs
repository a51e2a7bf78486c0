//! Writing to a stream. S1 to S5 are in `half`.

use core::ffi::c_void;
use core::ptr;

use super::half::State;
use super::object::Stream;
use crate::rt::io::rw;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::budget;
use crate::sys;

/// Writes once from the buffer. Errors: those of the descriptor.
fn drain_some(stream: &Stream, output: &mut State, deadline: Deadline) -> Result<usize> {
    let (first, length) = (output.buffer.first(), output.buffer.len());
    let mut system_error = 0;
    // SAFETY: the buffer has so many bytes.
    let outcome =
        unsafe { rw::write_noting(stream.fd(), first.cast(), length, deadline, &mut system_error) };
    let count = output.keep_error(outcome, system_error)?;
    output.buffer.consume(count);
    Ok(count)
}

/// Writes all of the buffer. Errors: those of the descriptor; what was not written stays.
pub(super) fn drain(stream: &Stream, output: &mut State, deadline: Deadline) -> Result<()> {
    output.check()?;
    while !output.buffer.is_empty() {
        let count = drain_some(stream, output, deadline)?;
        budget::charge_part(count, deadline);
    }
    Ok(())
}

/// Errors: the first lasting error; `EPIPE` after a shutdown.
pub(super) fn check(output: &State) -> Result<()> {
    output.check()?;
    if output.is_over { Err(libc::EPIPE) } else { Ok(()) }
}

/// Takes some of `size` bytes: to the buffer, or to the descriptor if they are as many as the buffer holds.
///
/// # Safety
/// `from` is readable for `size` bytes, which is not 0.
unsafe fn write_some(
    stream: &Stream,
    output: &mut State,
    from: *const u8,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    check(output)?;
    // SAFETY: `from` is readable for `size` bytes. The buffer has room for those that are copied.
    unsafe {
        if output.buffer.len() >= stream.write_size {
            drain_some(stream, output, deadline)?;
        }
        if output.buffer.is_empty() && size >= stream.write_size {
            let mut system_error = 0;
            let outcome =
                rw::write_noting(stream.fd(), from.cast(), size, deadline, &mut system_error);
            return output.keep_error(outcome, system_error);
        }
        output.buffer.make_room(stream.write_size, stream.write_size)?;
        let count = size.min(output.buffer.room());
        ptr::copy_nonoverlapping(from, output.buffer.next(), count);
        output.buffer.added(count);
        Ok(count)
    }
}

/// Writes `size` bytes in a half that the caller has entered, as [`rw::write_all`].
///
/// # Safety
/// `from` is readable for `size` bytes.
pub(super) unsafe fn write_entered(
    stream: &Stream,
    output: &mut State,
    from: *const u8,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    check(output)?;
    // SAFETY: `done` is below `size`.
    rw::transfer_all(size, deadline, &mut |done| unsafe {
        write_some(stream, output, from.wrapping_add(done), size - done, deadline)
    })
}

/// As [`write_entered`].
///
/// # Safety
/// `from` is readable for `size` bytes.
pub(crate) unsafe fn write(
    stream: &Stream,
    from: *const c_void,
    size: usize,
    deadline: Deadline,
) -> Result<usize> {
    // SAFETY: `from` is readable for `size` bytes.
    unsafe { write_entered(stream, &mut *stream.output.enter()?, from.cast(), size, deadline) }
}

/// Writes all that is buffered. Errors: those of the descriptor; what was not written stays.
pub(crate) fn flush(stream: &Stream, deadline: Deadline) -> Result<()> {
    drain(stream, &mut *stream.output.enter()?, deadline)
}

/// Flushes, then ends the output: shutdown(2), or close(2) for a descriptor that is for writing alone. Errors: those of
/// the flush; `EPIPE` if the output has ended; `ENOTSOCK` if the descriptor can do neither.
pub(crate) fn shutdown(stream: &Stream, deadline: Deadline) -> Result<()> {
    let mut output = stream.output.enter()?;
    check(&output)?;
    drain(stream, &mut output, deadline)?;
    let fd = stream.fd();
    if stream.owns_fd() && os::is_write_only(fd)? {
        stream.close_fd()?;
    } else {
        // SAFETY: the call takes any number.
        if unsafe { libc::shutdown(fd, libc::SHUT_WR) } != 0 {
            return Err(sys::errno());
        }
    }
    output.is_over = true;
    Ok(())
}
