//! Writing without SIGPIPE to files that are no sockets, and so have no flag against it.

use core::mem::MaybeUninit;
use core::ptr;

use crate::rt::os::{self, Result};
use crate::sys;

/// Calls `act`, which writes to a file that is no socket, and discards the SIGPIPE that it raises. All such files are
/// treated as pipes: other code may have put a pipe under the number.
pub(crate) fn with_sigpipe_blocked(act: &mut dyn FnMut() -> Result<usize>) -> Result<usize> {
    let (mut pipe, mut before, mut pending) =
        (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::zeroed());
    // SAFETY: each set is initialized by a call before its use; an all-zero set is valid.
    unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        let error = libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        if error != 0 {
            return Err(os::warn_if_refused(os::Syscall::SignalMask, error));
        }
        // A SIGPIPE can be pending from before only if it was blocked before.
        let was_blocked = libc::sigismember(before.as_ptr(), libc::SIGPIPE) == 1;
        let was_pending = was_blocked && {
            libc::sigpending(pending.as_mut_ptr());
            libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
        };
        let outcome = act();
        if outcome == Err(libc::EPIPE) && !was_pending {
            let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let taken = libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &no_time);
            if taken < 0 && os::is_refusal(sys::errno()) {
                // The pending signal would end the process once it is unblocked: it stays blocked.
                os::last_errno(os::Syscall::SigTimedWait);
                return outcome;
            }
        }
        if !was_blocked {
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        }
        outcome
    }
}
