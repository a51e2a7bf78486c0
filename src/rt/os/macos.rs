//! What macOS has of its own: words to sleep on (macOS 14.4), the threads of the process.

use core::ffi::c_int;
use core::fmt::{self, Formatter};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::deadline::Deadline;
use super::fd::close;
use super::refused::broken;
use super::result::Result;
use crate::{diag, sys};

const WORD: usize = size_of::<AtomicU32>();

/// Sleeps until somebody wakes `word`, which has `value`; or until `deadline`.
/// It may come back for no reason.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, deadline: Deadline) {
    let (place, value) = (word.as_ptr().cast(), u64::from(value));
    // SAFETY: the word is there for as long as this call.
    unsafe {
        let flags = libc::OS_SYNC_WAIT_ON_ADDRESS_NONE;
        let Some(left) = deadline.remaining() else {
            libc::os_sync_wait_on_address(place, value, WORD, flags);
            return;
        };
        // Of none it would not return.
        let limit = left.max(1) as u64;
        let clock = libc::OS_CLOCK_MACH_ABSOLUTE_TIME;
        libc::os_sync_wait_on_address_with_timeout(place, value, WORD, flags, clock, limit);
    }
}

/// Wakes one thread that sleeps on `word`. The word may be gone: only its address counts.
pub(crate) fn futex_wake_one(word: *const AtomicU32) {
    // SAFETY: the kernel looks for sleepers at an address.
    unsafe {
        let flags = libc::OS_SYNC_WAKE_BY_ADDRESS_NONE;
        libc::os_sync_wake_by_address_any(word.cast_mut().cast(), WORD, flags);
    }
}

/// Ties this thread to one processor, where that may be used: not on this system.
pub(crate) fn pin_to(_processor: usize) {}

/// The processors that a thread may use: this system does not say.
pub(crate) struct Processors;

impl Processors {
    pub(crate) fn of_this_thread() -> Processors {
        Processors
    }

    pub(crate) fn apply(&self) {}
}

/// How many processors the threads of this process can use at once.
pub(crate) fn usable_processors() -> Result<u32> {
    // SAFETY: sysconf has no preconditions.
    Ok(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32)
}

/// How many threads the process has. None: the system does not say.
pub(crate) fn thread_count() -> Option<usize> {
    let mut all = MaybeUninit::<libc::proc_taskinfo>::uninit();
    let size = size_of::<libc::proc_taskinfo>() as c_int;
    // SAFETY: the call writes so many bytes, and says that it did.
    unsafe {
        let (process, what) = (libc::getpid(), libc::PROC_PIDTASKINFO);
        if libc::proc_pidinfo(process, what, 0, all.as_mut_ptr().cast(), size) != size {
            return None;
        }
        usize::try_from(all.assume_init().pti_threadnum).ok()
    }
}

/// Closes the file of `fd`. The number stays taken, for a file that gives no call success, until it is closed. Without
/// a free descriptor for that the file is open until then. EBADF.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    // SAFETY: numbers, and a path that ends in 0.
    unsafe {
        if libc::fcntl(fd, libc::F_GETFD) < 0 {
            return Err(sys::errno());
        }
        // A folder is neither read nor written.
        let dead = libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if dead >= 0 {
            while libc::dup2(dead, fd) < 0 && sys::errno() == libc::EINTR {}
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            close(dead)?;
        }
    }
    Ok(())
}

/// accept(2): the connection does not block, and no program inherits it.
///
/// # Safety
/// As there.
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> c_int {
    // SAFETY: the caller's places, or NULL; flags of a new socket.
    unsafe {
        let accepted = libc::accept(fd, address, length);
        if accepted >= 0 {
            libc::fcntl(accepted, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(accepted, libc::F_SETFL, libc::O_NONBLOCK);
        }
        accepted
    }
}

/// A word from one thread to another that is in poll(2): a pipe.
pub(crate) struct WakeFds([c_int; 2]);

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        let mut ends = [-1; 2];
        // SAFETY: two numbers; flags of the system's own.
        unsafe {
            if libc::pipe(ends.as_mut_ptr()) == 0 {
                for end in ends {
                    libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC);
                    libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK);
                }
            }
        }
        WakeFds(ends)
    }

    /// What is readable after [`notify`](Self::notify). Negative: there is none.
    pub(crate) fn reader(&self) -> c_int {
        let [reader, _] = self.0;
        reader
    }

    /// Returns false, and errno, where the descriptor is gone. Without one the reader looks from time to time.
    pub(crate) fn try_notify(&self) -> bool {
        let [_, writer] = self.0;
        if writer < 0 {
            return true;
        }
        // SAFETY: one byte.
        let written = unsafe { libc::write(writer, c"x".as_ptr().cast(), 1) };
        // A full pipe is readable already.
        written == 1 || sys::errno() == libc::EAGAIN
    }

    /// The same for a thread that waits, which a descriptor that is gone would never wake.
    pub(crate) fn notify(&self) {
        if !self.try_notify() {
            broken(ptr::from_ref(self), "write to a thread's eventfd")
        }
    }

    /// Closes both ends, once.
    pub(crate) fn close(&self) {
        for end in self.0 {
            if end >= 0 {
                let _ = close(end);
            }
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
