//! Calls on a descriptor that are the same on each system.

use core::ffi::c_int;

use super::result::Result;
use crate::{sanitizer, sys};

/// close(2), after which the number is free whatever it says of a signal.
pub(crate) fn close(fd: c_int) -> Result<()> {
    // SAFETY: a number of the program's.
    match unsafe { libc::close(fd) } {
        0 => Ok(()),
        _ if sys::errno() == libc::EINTR => Ok(()),
        _ => Err(sys::errno()),
    }
}

/// An option of a socket, of those at SOL_SOCKET that are one number.
pub(crate) fn socket_option(fd: c_int, option: c_int) -> Result<c_int> {
    let (mut value, mut size): (c_int, _) = (0, size_of::<c_int>() as libc::socklen_t);
    // A tool's getsockopt looks at it; the stack here may have been another's.
    sanitizer::unpoison((&raw mut size).cast(), size_of::<libc::socklen_t>());
    // SAFETY: the option has that size.
    let answer = unsafe {
        let place = (&raw mut value).cast();
        libc::getsockopt(fd, libc::SOL_SOCKET, option, place, &mut size)
    };
    if answer == 0 { Ok(value) } else { Err(sys::errno()) }
}

/// Writes all of `text` to `fd`, as far as that takes it.
pub(crate) fn write_all(fd: c_int, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        // SAFETY: `text` is readable for its length.
        let written = unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => text = text.get(written..).unwrap_or_default(),
            _ if sys::errno() == libc::EINTR => {}
            _ => return false,
        }
    }
    true
}
