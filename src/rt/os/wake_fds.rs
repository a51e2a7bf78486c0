//! A word from one thread to another that is in poll(2) or in its poller.

use core::ffi::c_int;
use core::fmt::{self, Formatter};
use core::ptr;

use super::fd::close;
use super::refused::{Call, broken, is_refusal, report_errno};
use crate::{diag, sys};

/// A word from one thread to another that is in poll(2) or in its poller: an eventfd, or else a pipe.
pub(crate) struct WakeFds {
    reader: c_int,
    writer: c_int,
}

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        // SAFETY: no preconditions; two numbers.
        unsafe {
            let eventfd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            if eventfd >= 0 || !is_refusal(sys::errno()) {
                return WakeFds { reader: eventfd, writer: eventfd };
            }
            let mut ends = [-1; 2];
            if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
                report_errno(Call::Eventfd);
            }
            let [reader, writer] = ends;
            WakeFds { reader, writer }
        }
    }

    /// What is readable after [`notify`](Self::notify). Negative: there is none, and errno says why.
    pub(crate) fn reader(&self) -> c_int {
        self.reader
    }

    /// Returns false, and errno, where the descriptor is gone. Without one the reader looks from time to time.
    #[inline(always)]
    pub(crate) fn try_notify(&self) -> bool {
        if self.writer < 0 {
            return true;
        }
        let one = 1u64;
        // Past the interceptors of sanitizers, which know nothing of what orders this and the end.
        // SAFETY: eight bytes.
        let written = unsafe { libc::syscall(libc::SYS_write, self.writer, &raw const one, 8) };
        // A full pipe is readable already.
        written == 8 || sys::errno() == libc::EAGAIN
    }

    /// The next [`try_notify`](Self::try_notify) is an edge: of an eventfd each is, so that it is never read.
    #[cfg(not(aco_kqueue))]
    pub(crate) fn clear(&self) {
        if self.reader == self.writer {
            return;
        }
        let mut words = [0u64; 64];
        // SAFETY: so many bytes have room there.
        unsafe {
            let size = size_of_val(&words);
            let place = words.as_mut_ptr();
            while libc::syscall(libc::SYS_read, self.reader, place, size) == size as libc::c_long {}
        }
    }

    /// The same for a thread that waits, which a descriptor that is gone would never wake.
    pub(crate) fn notify(&self) {
        if !self.try_notify() {
            broken(ptr::from_ref(self), "write to a thread's eventfd")
        }
    }

    /// Closes both ends, once.
    pub(crate) fn close(&self) {
        if self.writer != self.reader {
            let _ = close(self.writer);
        }
        if self.reader >= 0 {
            let _ = close(self.reader);
        }
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
