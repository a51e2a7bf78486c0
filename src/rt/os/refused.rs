//! Calls that a kernel does not know (ENOSYS), or that a sandbox refuses (EPERM).
//!
//! Each call of the runtime's own has one row. docs/sandbox.md has the same table for users, and the lane `sandbox`
//! refuses each of them.
//!
//! | call | where it is refused |
//! |---|---|
//! | epoll_pwait2 | epoll_wait, epoll_pwait: sleeps end on whole milliseconds |
//! | epoll_wait, epoll_pwait | each for the other |
//! | epoll_create1 | epoll_create, where the architecture has it |
//! | eventfd2 | a pipe |
//! | accept4 | accept, fcntl |
//! | dup3 | dup2, fcntl, where the architecture has it |
//! | newfstatat, fstat | each for the other |
//! | poll, ppoll | each for the other |
//! | preadv2 | a thread for blocking calls reads |
//! | signalfd4, pidfd_open | the call looks from time to time |
//! | epoll_create, epoll_ctl, timerfd_create, pthread_create | set-up gives the errno to its caller, and one line |
//! | epoll_wait, epoll_pwait, timerfd_settime, futex, clock_gettime, write to the eventfd | one line, and SIGABRT |
//!
//! Invariants:
//!
//! * S1. ENOSYS and EPERM mean the same for a call that has a stand-in: the stand-in is called at once. Its answer
//!   counts, whatever it is. Once it has succeeded, the refused call is not made again.
//! * S2. A call that is refused, and has no stand-in, is named in one line, once a process.
//! * S3. Every answer of a call that a loop depends on is looked at. Those that the call's page lists for a loop that
//!   is well (EINTR, EAGAIN, ETIMEDOUT) go on; each other ends the process with one line. So no loop spins.
//! * S4. EPERM of epoll_ctl has two meanings. The sort of the file tells them apart: `is_never_polled`.

use core::ffi::{c_int, c_long};
use core::fmt::{self, Formatter};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::{diag, sys};

/// What a line says to do.
const ADVICE: &str = "docs/sandbox.md lists the calls that a sandbox must allow";

/// A call that the runtime itself needs, and that nothing stands in for.
#[derive(Clone, Copy)]
#[cfg_attr(aco_kqueue, allow(dead_code))]
pub(crate) enum Call {
    EpollCreate,
    EpollCtl,
    Eventfd,
    Timerfd,
    Thread,
    SigTimedWait,
    SignalMask,
    Poll,
    Fstat,
    Fcntl,
    Getsockopt,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Call::EpollCreate => "epoll_create1",
            Call::EpollCtl => "epoll_ctl",
            Call::Eventfd => "eventfd2",
            Call::Timerfd => "timerfd_create",
            Call::Thread => "pthread_create",
            Call::SigTimedWait => "rt_sigtimedwait",
            Call::SignalMask => "rt_sigprocmask",
            Call::Poll => "poll",
            Call::Fstat => "fstat",
            Call::Fcntl => "fcntl",
            Call::Getsockopt => "getsockopt",
        }
    }
}

/// Returns true for what a kernel or a sandbox answers that refuses the call itself.
pub(crate) fn is_refusal(error: c_int) -> bool {
    matches!(error, libc::ENOSYS | libc::EPERM)
}

/// Gives `error`, which `budget` has failed with, and says once if that is a refusal (S2).
#[cold]
#[inline(never)]
pub(crate) fn report(call: Call, error: c_int) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static SAID: AtomicU32 = AtomicU32::new(0);
    let bit = 1 << call as u32;
    if is_refusal(error) && SAID.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        let this = AtomicBool::new(false);
        let name = call.name();
        diag::warn_once(&this, format_args!("acort: {name} is refused: errno {error}"), ADVICE);
    }
    error
}

/// The same for the last call of this thread.
pub(crate) fn report_errno(call: Call) -> c_int {
    report(call, sys::errno())
}

/// A loop cannot go on without `budget`, which has failed with this thread's errno: says so, and aborts (S3).
#[cold]
#[inline(never)]
pub(crate) fn broken<T: diag::Describe>(object: *const T, call: &str) -> ! {
    let error = sys::errno();
    #[unsafe(link_section = "aco_shared")]
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    if IS_SAID.swap(true, Ordering::Relaxed) {
        // Another thread writes the line, and ends the process.
        // SAFETY: no files.
        unsafe { libc::poll(ptr::null_mut(), 0, 1000) };
        sys::abort()
    }
    if is_refusal(error) {
        diag::fatal("acort", object, format_args!("{call} is refused: errno {error}"), ADVICE)
    }
    let advice = "a program closes no file descriptor that it has not opened";
    diag::fatal("acort", object, format_args!("{call} fails: errno {error}"), advice)
}

/// A word that threads sleep on, in a line.
impl diag::Describe for AtomicU32 {
    unsafe fn describe(_: *const AtomicU32, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// A call for which another one can stand in.
pub(crate) struct Fallback(AtomicBool);

impl Fallback {
    pub(crate) const fn new() -> Fallback {
        Fallback(AtomicBool::new(false))
    }

    /// Calls `first`, and `other` where that is refused (S1). Both give -1 and errno where they fail.
    #[inline(always)]
    pub(crate) fn call(
        &self,
        first: impl FnOnce() -> c_long,
        other: impl FnOnce() -> c_long,
    ) -> c_long {
        if !self.0.load(Ordering::Relaxed) {
            let answer = first();
            if answer >= 0 || !is_refusal(sys::errno()) {
                return answer;
            }
        }
        self.call_other(other)
    }

    #[cold]
    #[inline(never)]
    fn call_other(&self, other: impl FnOnce() -> c_long) -> c_long {
        let answer = other();
        if answer >= 0 {
            self.0.store(true, Ordering::Relaxed);
        }
        answer
    }
}
