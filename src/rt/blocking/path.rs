//! Calls with the path of a file, on threads of the pool. A caller whose wait ends leaves the thread alone.
//!
//! A call owns its paths and its results: a thread that runs on without the caller uses nothing of it. What such a call
//! makes later (a descriptor, a temporary file) is closed or removed with it; other effects stay.

use core::ffi::{c_char, c_int};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::directory;
use super::job::Class;
use super::run::{Cancel, run};
use crate::rt::io::fd_identity;
use crate::rt::os::{self, Deadline, Result};
use crate::{sanitizer, sys};

/// What a call does with its path.
#[derive(Clone, Copy)]
pub(crate) enum PathOperation {
    /// open(2): flags, mode.
    Open(c_int, libc::mode_t),
    /// mkostemp(3): the path is the template, and becomes the name.
    Temporary,
    /// An inotify(7) descriptor with a watch: the events.
    Watch(u32),
    Status,
    LinkStatus,
    /// The names in a directory.
    List,
    Unlink,
    /// rename(2): the second path is the new name.
    Rename,
    Truncate(libc::off_t),
    MakeDirectory(libc::mode_t),
    RemoveDirectory,
}

impl PathOperation {
    fn opens_fd(self) -> bool {
        use PathOperation::{Open, Temporary, Watch};
        matches!(self, Open(..) | Temporary | Watch(_))
    }
}

/// A call, and its results.
pub(crate) struct PathCall {
    operation: PathOperation,
    path: *mut c_char,
    /// The second path; NULL: none.
    to: *mut c_char,
    /// What the system has returned. Negative: an error, or no descriptor any more.
    result: c_int,
    status: MaybeUninit<libc::stat>,
    list: *mut *mut libc::dirent,
}

impl PathCall {
    /// Copies the paths. Errors: `ENOMEM`.
    ///
    /// # Safety
    /// `path` ends in 0; `to`, too, or it is NULL.
    unsafe fn new(
        operation: PathOperation,
        path: *const c_char,
        to: *const c_char,
    ) -> Result<PathCall> {
        let (status, list) = (MaybeUninit::zeroed(), ptr::null_mut());
        let (path_copy, to_copy) = (ptr::null_mut(), ptr::null_mut());
        let mut call =
            PathCall { operation, path: path_copy, to: to_copy, result: -1, status, list };
        // SAFETY: the paths end in 0, or are NULL.
        unsafe {
            call.path = os::strdup(path)?;
            call.to = os::strdup(to)?;
        }
        Ok(call)
    }

    fn make(&mut self) {
        let (path, status) = (self.path, self.status.as_mut_ptr());
        // SAFETY: the copies of the paths end in 0, and the results have room.
        self.result = unsafe {
            match self.operation {
                PathOperation::Open(flags, mode) => libc::open(path, flags, mode),
                PathOperation::Temporary => libc::mkostemp(path, libc::O_CLOEXEC),
                PathOperation::Watch(events) => open_watch(path, events),
                PathOperation::Status => libc::stat(path, status),
                PathOperation::LinkStatus => libc::lstat(path, status),
                PathOperation::List => directory::list(path, &mut self.list),
                PathOperation::Unlink => libc::unlink(path),
                PathOperation::Rename => libc::rename(path, self.to),
                PathOperation::Truncate(length) => libc::truncate(path, length),
                PathOperation::MakeDirectory(mode) => libc::mkdir(path, mode),
                PathOperation::RemoveDirectory => libc::rmdir(path),
            }
        };
    }

    /// The descriptor, which is the caller's from now on.
    pub(crate) fn take_fd(mut self) -> c_int {
        let fd = mem::replace(&mut self.result, -1);
        // What the entry of this number knows is about an earlier file.
        fd_identity::adopt(fd, 0);
        fd
    }

    /// The list of names, which is the caller's from now on, and its length.
    pub(crate) fn take_list(mut self) -> (*mut *mut libc::dirent, c_int) {
        (mem::replace(&mut self.list, ptr::null_mut()), self.result)
    }

    /// Writes the status of the file to `to`.
    ///
    /// # Safety
    /// `to` is writable.
    pub(crate) unsafe fn copy_status(&self, to: *mut libc::stat) {
        // SAFETY: `to` is writable. All zero is a status, too.
        unsafe { to.write(self.status.assume_init()) };
        sanitizer::unpoison(to.cast(), size_of::<libc::stat>());
    }

    /// The path; that of a temporary file ends with what replaces the X's.
    pub(crate) fn path(&self) -> *const c_char {
        self.path
    }
}

impl Drop for PathCall {
    fn drop(&mut self) {
        // SAFETY: descriptor, list and copies are this object's alone.
        unsafe {
            if self.result >= 0 && self.operation.opens_fd() {
                libc::close(self.result);
                if matches!(self.operation, PathOperation::Temporary) {
                    libc::unlink(self.path);
                }
            }
            if !self.list.is_null() {
                directory::free(self.list, self.result);
            }
            sys::free(self.path.cast());
            sys::free(self.to.cast());
        }
    }
}

/// Opens an inotify(7) descriptor with a watch for `path`. Returns -1 and errno on an error.
///
/// # Safety
/// `path` ends in 0.
unsafe fn open_watch(path: *const c_char, events: u32) -> c_int {
    // SAFETY: `path` ends in 0. The descriptor is this call's alone.
    unsafe {
        let fd = libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC);
        if fd >= 0 && libc::inotify_add_watch(fd, path, events) < 0 {
            let error = sys::errno();
            libc::close(fd);
            sys::set_errno(error);
            return -1;
        }
        fd
    }
}

/// Makes a call on a thread of the pool; a plain thread makes it itself. `to` is the second path, or NULL.
///
/// Errors: `ETIMEDOUT` if the deadline has passed: then the call is not begun; `ETIMEDOUT` and `ECANCELED` if the wait
/// ends: then a thread may make the call later, or has; those of [`run`] and of the system's call.
///
/// # Safety
/// `path` ends in 0; `to`, too, or it is NULL.
#[inline(never)]
pub(crate) unsafe fn perform(
    operation: PathOperation,
    path: *const c_char,
    to: *const c_char,
    deadline: Deadline,
) -> Result<PathCall> {
    if deadline.has_passed() {
        return Err(libc::ETIMEDOUT);
    }
    // SAFETY: the paths end in 0. A call refers to nothing of the caller's.
    let (call, errno) = unsafe {
        let call = PathCall::new(operation, path, to)?;
        run(Class::File, Cancel::Anytime(deadline), call, PathCall::make)?
    };
    if call.result < 0 { Err(errno) } else { Ok(call) }
}
