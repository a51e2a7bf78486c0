//! The names in a directory, as scandir(3) lists them.

use core::ffi::{CStr, c_char, c_int};

use crate::sys;

type Entry = *const libc::dirent;

unsafe extern "C" {
    fn scandir(
        path: *const c_char,
        list: *mut *mut *mut libc::dirent,
        select: unsafe extern "C" fn(Entry) -> c_int,
        compare: unsafe extern "C" fn(*mut Entry, *mut Entry) -> c_int,
    ) -> c_int;
}

/// The name of an entry, which may lie beyond the 256 bytes of the type.
///
/// # Safety
/// `entry` is an entry of a directory.
unsafe fn name<'a>(entry: Entry) -> &'a CStr {
    // SAFETY: a name ends in 0.
    unsafe { CStr::from_ptr((&raw const (*entry).d_name).cast()) }
}

unsafe extern "C" fn is_listed(entry: Entry) -> c_int {
    // SAFETY: scandir(3) passes an entry.
    let name = unsafe { name(entry) }.to_bytes();
    c_int::from(name != b"." && name != b"..")
}

/// The order of the bytes, which depends on no locale.
unsafe extern "C" fn compare(one: *mut Entry, other: *mut Entry) -> c_int {
    // SAFETY: scandir(3) passes two entries.
    unsafe { name(*one).cmp(name(*other)) as c_int }
}

/// Lists the names in the directory `path`, but "." and "..", and returns how many. Returns -1 and errno on an error.
///
/// # Safety
/// `path` ends in 0.
pub(super) unsafe fn list(path: *const c_char, list: &mut *mut *mut libc::dirent) -> c_int {
    // SAFETY: `path` ends in 0. The list is written if the call succeeds.
    unsafe { scandir(path, list, is_listed, compare) }
}

/// Frees a list of `count` entries.
///
/// # Safety
/// The list is from [`list`](list()), and not used afterwards.
pub(super) unsafe fn free(list: *mut *mut libc::dirent, count: c_int) {
    // SAFETY: the list has `count` entries, each from malloc.
    unsafe {
        for index in 0..usize::try_from(count).unwrap_or(0) {
            sys::free((*list.add(index)).cast());
        }
        sys::free(list.cast());
    }
}
