//! The poller of Linux: epoll (K1 to K5 of [`poller`](super)).

use core::ffi::{c_int, c_long};
use core::mem::{ManuallyDrop, MaybeUninit};

use super::event::{Event, MAX_EVENTS, close_if_open};
use crate::rt::os::{
    self, Fallback, Result, Syscall, WakeFds, abort_failed, check, last_errno, warn_if_refused,
};
use crate::{sanitizer, sys};

/// Out-of-band data (MSG_OOB), which ends a read early, is reported.
pub(crate) const REPORTS_OOB: bool = true;

/// The events of a descriptor.
const ALL_EVENTS: c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLPRI;
/// The token of a wake-up and of the timer (K4).
const WAKE_TOKEN: u64 = u64::MAX;

/// The poller of a worker.
pub(crate) struct Poller {
    epoll: c_int,
    wake_fds: ManuallyDrop<WakeFds>,
    /// A timerfd, if another event loop runs the runtime (K3); else -1.
    timer_fd: c_int,
    /// The deadline for which the timer is armed, or 0.
    timer_deadline: i64,
}

impl Poller {
    pub(crate) fn new() -> Result<Poller> {
        let (epoll, wake_fds) = (os::epoll_create(), ManuallyDrop::new(WakeFds::new()));
        let reader = wake_fds.reader();
        let poller = Poller { epoll, wake_fds, timer_fd: -1, timer_deadline: 0 };
        let outcome = match (epoll, reader) {
            (..0, _) => Err(last_errno(Syscall::EpollCreate)),
            (_, ..0) => Err(sys::errno()),
            _ => poller.epoll_ctl(libc::EPOLL_CTL_ADD, reader, libc::EPOLLIN, WAKE_TOKEN),
        };
        if outcome.is_err() {
            poller.close();
        }
        outcome.map(|()| poller)
    }

    /// Closes the descriptors.
    pub(crate) fn close(&self) {
        self.wake_fds.close();
        for fd in [self.epoll, self.timer_fd] {
            close_if_open(fd);
        }
    }

    /// epoll_ctl(2), with EPOLLET. Errors: `EPERM` if the file is always ready; `ENOSYS` if the call is refused.
    fn epoll_ctl(&self, operation: c_int, fd: c_int, events: c_int, token: u64) -> Result<()> {
        let mut event = libc::epoll_event { events: (events | libc::EPOLLET) as u32, u64: token };
        // SAFETY: the event outlives the call.
        match unsafe { libc::epoll_ctl(self.epoll, operation, fd, &mut event) } {
            0 => Ok(()),
            _ => match sys::errno() {
                libc::EPERM if os::is_unpollable(fd) => Err(libc::EPERM),
                error if os::is_refusal(error) => {
                    warn_if_refused(Syscall::EpollCtl, error);
                    Err(libc::ENOSYS)
                }
                error => Err(error),
            },
        }
    }

    /// The descriptor that is readable while [`wait`](Self::wait) would return an event.
    pub(crate) fn raw_fd(&self) -> c_int {
        self.epoll
    }

    /// Creates the timer, for [`arm_timer`](Self::arm_timer).
    pub(crate) fn create_timer(&mut self) -> Result<()> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: timerfd_create has no preconditions.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        self.timer_fd = check(timer, Syscall::Timerfd)?;
        self.epoll_ctl(libc::EPOLL_CTL_ADD, self.timer_fd, libc::EPOLLIN, WAKE_TOKEN)
    }

    /// Makes [`raw_fd`](Self::raw_fd) readable at `deadline`. None: disarms the timer.
    ///
    /// A deadline that has passed is armed again: a [`wait`](Self::wait) after the worker's look at the deadlines may
    /// have consumed its one edge.
    pub(crate) fn arm_timer(&mut self, deadline: Option<i64>) {
        let deadline = deadline.unwrap_or(0);
        if deadline == self.timer_deadline && (deadline == 0 || deadline > os::now()) {
            return;
        }
        self.timer_deadline = deadline;
        let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let mut time = libc::itimerspec { it_interval: never, it_value: os::timespec(deadline) };
        // MemorySanitizer's timerfd_settime checks it, and may know this stack as another frame's.
        sanitizer::unpoison((&raw mut time).cast(), size_of::<libc::itimerspec>());
        // SAFETY: the time outlives the call.
        unsafe {
            let flags = libc::TFD_TIMER_ABSTIME;
            if libc::timerfd_settime(self.timer_fd, flags, &time, core::ptr::null_mut()) != 0 {
                abort_failed(self, "timerfd_settime")
            }
        }
    }

    /// Registers `fd`: its events come with `token` (K1). Errors: `EPERM` if it is always ready; those of epoll_ctl(2).
    pub(crate) fn register(&self, fd: c_int, token: u64) -> Result<()> {
        match self.epoll_ctl(libc::EPOLL_CTL_ADD, fd, ALL_EVENTS, token) {
            Err(libc::EEXIST) => self.epoll_ctl(libc::EPOLL_CTL_MOD, fd, ALL_EVENTS, token),
            outcome => outcome,
        }
    }

    /// As [`register`](Self::register), with `new_token`, if this file is not registered under this number. Errors:
    /// `EEXIST` if it is; then its token stays.
    pub(crate) fn register_new(&self, fd: c_int, _token: u64, new_token: u64) -> Result<()> {
        self.epoll_ctl(libc::EPOLL_CTL_ADD, fd, ALL_EVENTS, new_token)
    }

    /// The eventfd that ends a [`wait`](Self::wait) as [`wake`](Self::wake) does. None: there is a pipe.
    pub(crate) fn eventfd(&self) -> Option<c_int> {
        self.wake_fds.eventfd()
    }

    /// Ends the registration of `fd`.
    pub(crate) fn deregister(&self, fd: c_int) {
        // An error says that there is none.
        let _ = self.epoll_ctl(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    /// Ends the [`wait`](Self::wait) in progress, or the next one. From any thread (K2).
    pub(crate) fn wake(&self) {
        if !self.wake_fds.try_notify() {
            abort_failed(self, "write to the eventfd")
        }
    }

    /// Waits for events, for at most `timeout` nanoseconds; negative: without a limit. Calls `on_event` for each
    /// event of a descriptor. Returns the number of events.
    pub(crate) fn wait(&self, timeout: i64, on_event: &mut dyn FnMut(Event)) -> usize {
        // Not zeroed: three kilobytes for each poll.
        let mut events = [const { MaybeUninit::<libc::epoll_event>::uninit() }; MAX_EVENTS];
        let count = self.epoll_wait(events.as_mut_ptr().cast(), timeout);
        for event in events.iter().take(count) {
            // SAFETY: the system has written `count` events.
            let event = unsafe { event.assume_init_read() };
            let (bits, token) = (event.events as c_int, event.u64);
            if token == WAKE_TOKEN {
                self.wake_fds.clear();
                continue;
            }
            let is_broken = bits & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
            let is_hangup = is_broken || bits & (libc::EPOLLRDHUP | libc::EPOLLPRI) != 0;
            on_event(Event {
                token,
                is_readable: is_hangup || bits & libc::EPOLLIN != 0,
                is_writable: is_broken || bits & libc::EPOLLOUT != 0,
                is_hangup,
            });
        }
        count
    }

    /// Writes events to `buffer`, which has room for `MAX_EVENTS`: by epoll_pwait2(2), which takes nanoseconds, or else
    /// by epoll_wait(2) or epoll_pwait(2). Returns their number; 0 after a signal.
    fn epoll_wait(&self, buffer: *mut libc::epoll_event, timeout: i64) -> usize {
        const NANOS_PER_MILLI: i64 = 1_000_000;
        #[unsafe(link_section = "aco_shared")]
        static PWAIT2: Fallback = Fallback::new();
        #[unsafe(link_section = "aco_shared")]
        static WAIT: Fallback = Fallback::new();
        let capacity = MAX_EVENTS as c_int;
        let coarse_wait = || {
            let millis = timeout.saturating_add(NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
            let millis =
                if timeout < 0 { -1 } else { c_int::try_from(millis).unwrap_or(c_int::MAX) };
            // SAFETY: `buffer` has room for `capacity` events.
            WAIT.call(
                || unsafe { libc::epoll_wait(self.epoll, buffer, capacity, millis) }.into(),
                || unsafe { os::epoll_wait_fallback(self.epoll, buffer, capacity, millis) },
            )
        };
        // The sanitizers do not intercept epoll_pwait2.
        let count = if timeout > 0 && !sanitizer::is_present() {
            PWAIT2.call(|| self.epoll_pwait2(buffer, timeout), coarse_wait)
        } else {
            coarse_wait()
        };
        match usize::try_from(count) {
            Ok(count) => count,
            Err(_) if sys::errno() == libc::EINTR => 0,
            Err(_) => abort_failed(self, "epoll_wait"),
        }
    }

    fn epoll_pwait2(&self, buffer: *mut libc::epoll_event, timeout: i64) -> c_long {
        let (time, no_mask) = (os::timespec(timeout), core::ptr::null::<libc::sigset_t>());
        let number = libc::SYS_epoll_pwait2;
        // SAFETY: `buffer` has room for `MAX_EVENTS` events. The time outlives the call.
        unsafe {
            let capacity = MAX_EVENTS as c_int;
            libc::syscall(number, self.epoll, buffer, capacity, &raw const time, no_mask, 0)
        }
    }
}
