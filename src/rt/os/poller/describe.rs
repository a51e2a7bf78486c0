//! The text of a poller in a fatal line.

use core::fmt::{self, Formatter};

use super::Poller;
use crate::diag;

impl diag::Describe for Poller {
    unsafe fn describe(poller: *const Poller, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `poller` is live.
        let descriptor = unsafe { (*poller).raw_fd() };
        write!(f, ", the loop of file descriptor {descriptor}")
    }
}
