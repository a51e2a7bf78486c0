//! Changes of files: inotify(7), on Linux.

use core::ffi::{c_char, c_int};
use core::ptr;

use super::{non_null, try_answer, try_status, until};
use crate::rt::blocking::path::{self, PathOperation};
use crate::rt::io::watch_event;
use crate::rt::model::abi::acort_watch_event_t;

/// Opens a descriptor that reports `events` of a file, or of a directory and the files in it:
/// IN_CREATE, IN_MODIFY, IN_MOVED_TO, IN_CLOSE_WRITE and the others of inotify(7). Watch more files
/// by inotify_add_watch(2). The descriptor may be a case of acort_select() (ACORT_FD_READ).
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_open(), inotify_init1(2) and inotify_add_watch(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_watch(path: *const c_char, events: u32, deadline: i64) -> c_int {
    // SAFETY: `path` is not NULL, so it ends in 0.
    try_answer(|| unsafe {
        let (path, operation) = (non_null(path.cast_mut())?, PathOperation::Watch(events));
        Ok(path::perform(operation, path, ptr::null(), until(deadline)?)?.take_fd())
    })
}

/// Takes the next event of an inotify descriptor. Waits until there is one.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `event` is NULL, or `fd` is no inotify descriptor.
/// - The errors of read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_watch_next(
    fd: c_int,
    event: *mut acort_watch_event_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `event` is not NULL, so it is writable.
    try_status(|| unsafe { watch_event::next(fd, non_null(event)?, until(deadline)?) })
}
