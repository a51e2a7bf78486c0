//! A poller, in a line.

use core::fmt::{self, Formatter};

use super::Poller;
use crate::diag;

impl diag::Describe for Poller {
    unsafe fn describe(poller: *const Poller, f: &mut Formatter) -> fmt::Result {
        // SAFETY: a poller.
        let descriptor = unsafe { (*poller).raw_fd() };
        write!(f, ", the loop of file descriptor {descriptor}")
    }
}
