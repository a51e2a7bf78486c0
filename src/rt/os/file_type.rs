//! What sort of file a descriptor stands for.

use core::ffi::c_int;
use core::mem::MaybeUninit;

#[cfg(not(target_os = "linux"))]
use libc::fstat;

#[cfg(target_os = "linux")]
use super::linux::fstat;
use super::refused::{Call, report_errno};
use super::result::Result;

/// What the system says of a file.
pub(crate) fn file_status(fd: c_int) -> Result<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the status is written on success.
    unsafe {
        match fstat(fd, status.as_mut_ptr()) {
            0 => Ok(status.assume_init()),
            _ => Err(report_errno(Call::Fstat)),
        }
    }
}

/// The sort of a file: S_IFREG ...
pub(crate) fn file_type(fd: c_int) -> Result<libc::mode_t> {
    Ok(file_status(fd)?.st_mode & libc::S_IFMT)
}

/// Returns true for files of a sort that no poller takes: they are always ready.
pub(crate) fn is_always_ready(sort: libc::mode_t) -> bool {
    matches!(sort, libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK)
}
