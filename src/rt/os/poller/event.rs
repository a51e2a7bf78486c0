//! What a poller tells.

use core::ffi::c_int;

/// Events that are taken at once.
pub(super) const BATCH: usize = 256;

/// What has happened to a file descriptor.
pub(crate) struct Event {
    /// What [`Poller::watch`] was given.
    pub(crate) token: u64,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// The other side is gone, or half of it, or something urgent has come: what was read says nothing
    /// about what is left to read.
    pub(crate) is_hangup: bool,
}

/// Closes a file descriptor of the poller's own; a negative one is none.
pub(super) fn close_own(fd: c_int) {
    if fd >= 0 {
        // SAFETY: nobody else has it.
        unsafe { libc::close(fd) };
    }
}
