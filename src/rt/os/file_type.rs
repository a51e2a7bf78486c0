//! The type of a descriptor's file.

use core::ffi::c_int;
use core::mem::MaybeUninit;

#[cfg(not(target_os = "linux"))]
use libc::fstat;

#[cfg(target_os = "linux")]
use super::linux::fstat;
use super::refused::{Syscall, check};
use super::result::Result;

/// fstat(2).
pub(crate) fn file_status(fd: c_int) -> Result<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the call writes the status if it succeeds.
    unsafe {
        check(fstat(fd, status.as_mut_ptr()), Syscall::Fstat)?;
        Ok(status.assume_init())
    }
}

/// The type of a file: S_IFREG ...
pub(crate) fn file_type(fd: c_int) -> Result<libc::mode_t> {
    Ok(file_status(fd)?.st_mode & libc::S_IFMT)
}

/// Returns true for a type that no poller takes: files of it are always ready.
pub(crate) fn is_always_ready(file_type: libc::mode_t) -> bool {
    matches!(file_type, libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK)
}
