//! Names of files: as POSIX has them, on the threads for blocking calls where the caller is a task. With a
//! deadline of 0 or in the past they do nothing. A call that ends by its deadline or by cancellation
//! leaves its thread alone: what it asks for may be done later. A plain thread makes the call itself, and looks
//! at its deadline only before.

use core::ffi::{c_char, c_int};
use core::ptr;

use super::{non_null, try_answer, try_status, until};
use crate::rt::base::size_prefixed;
use crate::rt::blocking::path::{self, PathCall, PathOperation};
use crate::rt::os::Result;

/// Makes a call with one path.
///
/// # Safety
/// `path` is NULL or ends in 0.
unsafe fn perform(
    operation: PathOperation,
    path: *const c_char,
    deadline: i64,
) -> Result<PathCall> {
    // SAFETY: `path` is not NULL, so it ends in 0.
    unsafe { path::perform(operation, non_null(path.cast_mut())?, ptr::null(), until(deadline)?) }
}

/// Makes a call with one path that has no result.
///
/// # Safety
/// As [`perform`].
unsafe fn perform_only(operation: PathOperation, path: *const c_char, deadline: i64) -> c_int {
    // SAFETY: `path` is NULL or ends in 0.
    try_status(|| unsafe { perform(operation, path, deadline).map(drop) })
}

/// Writes the status of a file.
///
/// # Safety
/// As [`perform`]; `st` is NULL or writable.
unsafe fn status_of(
    operation: PathOperation,
    path: *const c_char,
    st: *mut libc::stat,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0; `st` is not NULL, so it is writable.
    try_status(|| unsafe {
        let st = non_null(st)?;
        perform(operation, path, deadline)?.copy_status(st);
        Ok(())
    })
}

/// Fills `st` with the status of a file as stat(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `path` or `st` is NULL.
/// - The errors of acort_open() and stat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stat(
    path: *const c_char,
    st: *mut libc::stat,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0; `st` is NULL or writable.
    unsafe { status_of(PathOperation::Status, path, st, deadline) }
}

/// Fills `st` with the status of a file as lstat(2) does: of a symbolic link, not of its target.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_stat().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_lstat(
    path: *const c_char,
    st: *mut libc::stat,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0; `st` is NULL or writable.
    unsafe { status_of(PathOperation::LinkStatus, path, st, deadline) }
}

/// Removes a name as unlink(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and unlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_unlink(path: *const c_char, deadline: i64) -> c_int {
    // SAFETY: `path` is NULL or ends in 0.
    unsafe { perform_only(PathOperation::Unlink, path, deadline) }
}

/// Renames a file as rename(2) does. A file that has the new name is replaced.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and rename(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rename(
    from: *const c_char,
    to: *const c_char,
    deadline: i64,
) -> c_int {
    // SAFETY: `from` and `to` are not NULL, so they end in 0.
    try_status(|| unsafe {
        let (from, to) = (non_null(from.cast_mut())?, non_null(to.cast_mut())?);
        path::perform(PathOperation::Rename, from, to, until(deadline)?).map(drop)
    })
}

/// Sets the size of a file as truncate(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and truncate(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_truncate(
    path: *const c_char,
    length: libc::off_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0.
    unsafe { perform_only(PathOperation::Truncate(length), path, deadline) }
}

/// Creates a directory as mkdir(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and mkdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mkdir(
    path: *const c_char,
    mode: libc::mode_t,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0.
    unsafe { perform_only(PathOperation::MakeDirectory(mode), path, deadline) }
}

/// Removes an empty directory as rmdir(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and rmdir(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_rmdir(path: *const c_char, deadline: i64) -> c_int {
    // SAFETY: `path` is NULL or ends in 0.
    unsafe { perform_only(PathOperation::RemoveDirectory, path, deadline) }
}

/// Lists the directory `path` as scandir(3) does, without "." and "..", in the order of the bytes of
/// the names. `d_type` of an entry is its type, or DT_UNKNOWN: then ask acort_lstat(). Free each
/// entry and the list by free(3).
///
/// # Returns
/// The number of entries in the list, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `path` or `list` is NULL.
/// - The errors of acort_open() and scandir(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_scandir(
    path: *const c_char,
    list: *mut *mut *mut libc::dirent,
    deadline: i64,
) -> c_int {
    // SAFETY: `path` is NULL or ends in 0; `list` is not NULL, so it is writable.
    try_answer(|| unsafe {
        let list = non_null(list)?;
        let (entries, count) = perform(PathOperation::List, path, deadline)?.take_list();
        size_prefixed::write_if_some(list, entries);
        Ok(count)
    })
}

/// Creates and opens a temporary file as mkostemp(3) does, with O_CLOEXEC. `path` ends with "XXXXXX",
/// which the call replaces. If the call ends first, a file that is made later is removed again.
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_open() and mkostemp(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_mkstemp(path: *mut c_char, deadline: i64) -> c_int {
    // SAFETY: `path` is NULL or ends in 0; the name is as long.
    try_answer(|| unsafe {
        let call = perform(PathOperation::Temporary, path, deadline)?;
        ptr::copy_nonoverlapping(call.path(), path, libc::strlen(path));
        Ok(call.take_fd())
    })
}
