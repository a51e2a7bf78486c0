//! Read or write: the direction of I/O on a file descriptor.

use crate::rt::base::WaitReason;

/// Read or write. Arrays with an element for each direction have them in this order.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// The element of a pair for this direction.
    #[inline(always)]
    pub(super) fn select<T>(self, [read, write]: [T; 2]) -> T {
        if self == Direction::Read { read } else { write }
    }

    /// The event of poll(2).
    pub(crate) fn poll_event(self) -> i16 {
        if self == Direction::Read { libc::POLLIN } else { libc::POLLOUT }
    }

    /// What a task in a call of this direction waits for.
    pub(super) fn wait_reason(self) -> WaitReason {
        if self == Direction::Read { WaitReason::Read } else { WaitReason::Write }
    }
}
