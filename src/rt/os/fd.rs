//! Calls on a descriptor that are the same on each system.

use core::ffi::c_int;

use super::refused::{Syscall, check};
use super::result::Result;
use crate::{sanitizer, sys};

/// close(2). After EINTR the number is free, too.
pub(crate) fn close(fd: c_int) -> Result<()> {
    // SAFETY: the call takes any number.
    match unsafe { libc::close(fd) } {
        0 => Ok(()),
        _ if sys::errno() == libc::EINTR => Ok(()),
        _ => Err(sys::errno()),
    }
}

/// Reads an option of a socket at SOL_SOCKET that is an int.
pub(crate) fn socket_option(fd: c_int, option: c_int) -> Result<c_int> {
    let (mut value, mut size): (c_int, _) = (0, size_of::<c_int>() as libc::socklen_t);
    // MemorySanitizer's getsockopt checks it, and may know this stack as another frame's.
    sanitizer::unpoison((&raw mut size).cast(), size_of::<libc::socklen_t>());
    // SAFETY: `value` has `size` bytes.
    let answer = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, option, (&raw mut value).cast(), &mut size)
    };
    if answer == 0 { Ok(value) } else { Err(sys::errno()) }
}

/// Returns true if the descriptor is open for writing alone.
pub(crate) fn is_write_only(fd: c_int) -> Result<bool> {
    // SAFETY: the call takes any number.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) }, Syscall::Fcntl)?;
    Ok(flags & libc::O_ACCMODE == libc::O_WRONLY)
}
