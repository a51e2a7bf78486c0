//! acort_open(): a file is opened on a thread of the pool. A caller whose wait ends leaves the thread alone: the pool
//! closes a file that it opens later.

use core::ffi::{c_char, c_int};
use core::mem;

use super::job::Class;
use super::run::{Cancel, run};
use crate::rt::io::fd_identity;
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// A file that is to be opened. It owns its path and its descriptor.
struct Opening {
    path: *mut c_char,
    flags: c_int,
    mode: libc::mode_t,
    /// Negative: not open.
    fd: c_int,
}

impl Drop for Opening {
    fn drop(&mut self) {
        // SAFETY: the descriptor and the copy of the path are this object's alone.
        unsafe {
            if self.fd >= 0 {
                libc::close(self.fd);
            }
            sys::free(self.path.cast());
        }
    }
}

/// open(2).
///
/// Errors: `ETIMEDOUT` and `ECANCELED`: the caller has no file, and one that a thread opens later is closed; those of
/// [`run`] and of open(2).
///
/// # Safety
/// `path` ends in 0.
pub(crate) unsafe fn open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: Deadline,
) -> Result<c_int> {
    if deadline.has_passed() {
        return Err(libc::ETIMEDOUT);
    }
    // SAFETY: `path` ends in 0.
    let (fd, errno) = unsafe {
        if task::current().is_null() {
            let fd = libc::open(path, flags, mode);
            (fd, sys::errno())
        } else {
            open_on_pool(path, flags, mode, deadline)?
        }
    };
    if fd < 0 {
        return Err(errno);
    }
    // What the entry of this number knows is about an earlier file.
    fd_identity::adopt(fd, 0);
    Ok(fd)
}

/// open(2) on a thread of the pool. Returns its result and its errno.
///
/// # Safety
/// `path` ends in 0. This is a task.
unsafe fn open_on_pool(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    deadline: Deadline,
) -> Result<(c_int, c_int)> {
    // SAFETY: `path` ends in 0, and so does its copy. An opening refers to nothing of the caller's.
    unsafe {
        let path = os::strdup(path)?;
        let opening = Opening { path, flags, mode, fd: -1 };
        let (mut opening, errno) =
            run(Class::File, Cancel::Anytime(deadline), opening, |opening| {
                opening.fd = libc::open(opening.path, opening.flags, opening.mode);
            })?;
        Ok((mem::replace(&mut opening.fd, -1), errno))
    }
}
