//! Wakes a thread that sleeps in poll(2) or in its poller.

use core::ffi::c_int;
use core::fmt::{self, Formatter};
use core::ptr;

use super::fd::close;
#[cfg(target_os = "macos")]
use super::macos::open_wake_fds;
use super::refused::abort_failed;
#[cfg(target_os = "linux")]
use super::refused::{Syscall, is_refusal, last_errno};
use crate::{diag, sys};

/// An eventfd; a pipe if eventfd2 is refused, and on macOS. For an eventfd both ends are the same number.
pub(crate) struct WakeFds {
    reader: c_int,
    writer: c_int,
}

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        let [reader, writer] = open_wake_fds();
        WakeFds { reader, writer }
    }

    /// The descriptor that is readable after [`notify`](Self::notify). Negative: there is none; errno has the reason.
    pub(crate) fn reader(&self) -> c_int {
        self.reader
    }

    /// The eventfd. None: there is a pipe, or nothing.
    #[cfg(all(target_os = "linux", not(aco_kqueue)))]
    pub(crate) fn eventfd(&self) -> Option<c_int> {
        (self.reader >= 0 && self.reader == self.writer).then_some(self.reader)
    }

    /// Makes the reader readable. Returns false, with errno, if the program has closed the descriptor. Returns true
    /// if there never was one: then the reader checks from time to time.
    #[inline(always)]
    pub(crate) fn try_notify(&self) -> bool {
        if self.writer < 0 {
            return true;
        }
        let one = 1u64;
        // Not by write(): ThreadSanitizer would see a race with close(2), since it does not see what orders the two.
        // SAFETY: `one` has eight bytes.
        #[cfg(target_os = "linux")]
        let written = unsafe { libc::syscall(libc::SYS_write, self.writer, &raw const one, 8) };
        // SAFETY: `one` has eight bytes.
        #[cfg(not(target_os = "linux"))]
        let written = unsafe { libc::write(self.writer, (&raw const one).cast(), 8) };
        // EAGAIN: a full pipe is readable.
        written == 8 || sys::errno() == libc::EAGAIN
    }

    /// Makes the next [`try_notify`](Self::try_notify) an edge. For an eventfd each write is one, so it is never read.
    #[cfg(all(target_os = "linux", not(aco_kqueue)))]
    pub(crate) fn clear(&self) {
        if self.reader == self.writer {
            return;
        }
        let mut words = [0u64; 64];
        // SAFETY: `words` has `size` bytes.
        unsafe {
            let size = size_of_val(&words);
            let buffer = words.as_mut_ptr();
            while libc::syscall(libc::SYS_read, self.reader, buffer, size) == size as libc::c_long {
            }
        }
    }

    /// As [`try_notify`](Self::try_notify). Aborts if the descriptor is closed: the thread would sleep permanently
    /// (S3).
    pub(crate) fn notify(&self) {
        if !self.try_notify() {
            abort_failed(ptr::from_ref(self), "write to a thread's eventfd")
        }
    }

    /// Closes both ends. The caller calls it once.
    pub(crate) fn close(&self) {
        if self.writer != self.reader {
            let _ = close(self.writer);
        }
        if self.reader >= 0 {
            let _ = close(self.reader);
        }
    }
}

/// An eventfd, twice, or the ends of a pipe. Negative: there is neither.
#[cfg(target_os = "linux")]
fn open_wake_fds() -> [c_int; 2] {
    // SAFETY: eventfd has no preconditions; pipe2 writes two numbers.
    unsafe {
        let eventfd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
        if eventfd >= 0 || !is_refusal(sys::errno()) {
            return [eventfd; 2];
        }
        let mut ends = [-1; 2];
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
            last_errno(Syscall::Eventfd);
        }
        ends
    }
}

impl Drop for WakeFds {
    fn drop(&mut self) {
        self.close()
    }
}

impl diag::Describe for WakeFds {
    unsafe fn describe(_: *const WakeFds, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}
