//! What both pollers share: the event that they report.

use core::ffi::c_int;

/// The most events of one wait.
pub(super) const MAX_EVENTS: usize = 256;

/// A change of a descriptor.
pub(crate) struct Event {
    /// The token of the registration.
    pub(crate) token: u64,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// The peer has hung up or closed one direction, or out-of-band data has come. A short read does not mean then that
    /// nothing is left to read.
    pub(crate) is_hangup: bool,
}

/// Closes a descriptor of the poller, unless it is negative.
pub(super) fn close_if_open(fd: c_int) {
    if fd >= 0 {
        // SAFETY: the descriptor is the poller's alone.
        unsafe { libc::close(fd) };
    }
}
