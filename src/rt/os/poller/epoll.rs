//! The poller of Linux: epoll.

use core::ffi::{c_int, c_long};
use core::mem::ManuallyDrop;

use super::event::{BATCH, Event, close_own};
use crate::rt::os::Result;
use crate::rt::os::{self, Call, Fallback, WakeFds, broken, report, report_errno};
use crate::{sanitizer, sys};

/// Something urgent (MSG_OOB), where a read ends early, is told of.
pub(crate) const REPORTS_OOB: bool = true;

/// What is told of file descriptors.
const ALL: c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLPRI;
/// No file descriptor: somebody wants the worker's attention.
const ATTENTION: u64 = u64::MAX;

/// One worker's.
pub(crate) struct Poller {
    epoll: c_int,
    attention: ManuallyDrop<WakeFds>,
    /// A timerfd, where who waits is another event loop; or -1. Not read either.
    alarm: c_int,
    /// The deadline that it is set to, or 0.
    alarm_at: i64,
}

impl Poller {
    pub(crate) fn new() -> Result<Poller> {
        let (epoll, attention) = (os::epoll_create(), ManuallyDrop::new(WakeFds::new()));
        let reader = attention.reader();
        let poller = Poller { epoll, attention, alarm: -1, alarm_at: 0 };
        let made = match (epoll, reader) {
            (..0, _) => Err(report_errno(Call::EpollCreate)),
            (_, ..0) => Err(sys::errno()),
            _ => poller.control(libc::EPOLL_CTL_ADD, reader, libc::EPOLLIN, ATTENTION),
        };
        if made.is_err() {
            poller.close();
        }
        made.map(|()| poller)
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        self.attention.close();
        for fd in [self.epoll, self.alarm] {
            close_own(fd);
        }
    }

    /// epoll_ctl(2). EPERM: the file is always ready; a refusal of the call itself is ENOSYS.
    fn control(&self, what: c_int, fd: c_int, events: c_int, mark: u64) -> Result<()> {
        let mut event = libc::epoll_event { events: (events | libc::EPOLLET) as u32, u64: mark };
        // SAFETY: the event is there for as long as the call.
        match unsafe { libc::epoll_ctl(self.epoll, what, fd, &mut event) } {
            0 => Ok(()),
            _ => match sys::errno() {
                libc::EPERM if os::is_never_polled(fd) => Err(libc::EPERM),
                error if os::is_refusal(error) => {
                    report(Call::EpollCtl, error);
                    Err(libc::ENOSYS)
                }
                error => Err(error),
            },
        }
    }

    /// What is readable when there is something to [`wait`](Self::wait) for.
    pub(crate) fn raw_fd(&self) -> c_int {
        self.epoll
    }

    /// From now on [`arm_timer`](Self::arm_timer) can be used.
    pub(crate) fn create_timer(&mut self) -> Result<()> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: no preconditions.
        self.alarm = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if self.alarm < 0 {
            return Err(report_errno(Call::Timerfd));
        }
        self.control(libc::EPOLL_CTL_ADD, self.alarm, libc::EPOLLIN, ATTENTION)
    }

    /// Becomes readable at that time; None: never by itself. A time that has passed is set again: a
    /// [`wait`](Self::wait) may have taken its one edge after the worker looked for deadlines.
    pub(crate) fn arm_timer(&mut self, deadline: Option<i64>) {
        let deadline = deadline.unwrap_or(0);
        if deadline == self.alarm_at && (deadline == 0 || deadline > os::now()) {
            return;
        }
        self.alarm_at = deadline;
        let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let mut time = libc::itimerspec { it_interval: never, it_value: os::timespec(deadline) };
        // A tool's timerfd_settime looks at it; the stack here may have been another's.
        sanitizer::unpoison((&raw mut time).cast(), size_of::<libc::itimerspec>());
        // SAFETY: the time is there for as long as the call.
        unsafe {
            let flags = libc::TFD_TIMER_ABSTIME;
            if libc::timerfd_settime(self.alarm, flags, &time, core::ptr::null_mut()) != 0 {
                broken(self, "timerfd_settime")
            }
        }
    }

    /// Tells of each change of `fd` from now on, and of what it is ready for now, by `mark`. EPERM: it is
    /// always ready.
    pub(crate) fn register(&self, fd: c_int, mark: u64) -> Result<()> {
        match self.control(libc::EPOLL_CTL_ADD, fd, ALL, mark) {
            Err(libc::EEXIST) => self.control(libc::EPOLL_CTL_MOD, fd, ALL, mark),
            outcome => outcome,
        }
    }

    /// As [`watch`](Self::watch), by the mark `next`, where this file is not watched under this number. EEXIST: it
    /// is, by the mark that it has.
    pub(crate) fn register_new(&self, fd: c_int, _mark: u64, next: u64) -> Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, ALL, next)
    }

    /// Tells no more of `fd`.
    pub(crate) fn deregister(&self, fd: c_int) {
        // What is not watched is not.
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    /// Ends a [`wait`](Self::wait), or the next one. From any thread.
    pub(crate) fn wake(&self) {
        if !self.attention.try_notify() {
            broken(self, "write to the eventfd")
        }
    }

    /// Waits until something happens, at most for `limit` nanoseconds, unless that is negative, and calls
    /// `take` for each. Gives how many it were.
    pub(crate) fn wait(&self, limit: i64, take: &mut dyn FnMut(Event)) -> usize {
        let mut events = [const { libc::epoll_event { events: 0, u64: 0 } }; BATCH];
        let found = self.sleep(&mut events, limit);
        for event in events.iter().take(found) {
            let (bits, token) = (event.events as c_int, event.u64);
            if token == ATTENTION {
                self.attention.clear();
                continue;
            }
            let is_broken = bits & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
            let is_hangup = is_broken || bits & (libc::EPOLLRDHUP | libc::EPOLLPRI) != 0;
            take(Event {
                token,
                is_readable: is_hangup || bits & libc::EPOLLIN != 0,
                is_writable: is_broken || bits & libc::EPOLLOUT != 0,
                is_hangup,
            });
        }
        found
    }

    /// epoll_pwait2, or epoll_wait, or epoll_pwait. Gives how many events there are; none where a signal came.
    fn sleep(&self, events: &mut [libc::epoll_event; BATCH], limit: i64) -> usize {
        const MILLISECOND: i64 = 1_000_000;
        #[unsafe(link_section = "aco_shared")]
        static FINE_WAIT: Fallback = Fallback::new();
        #[unsafe(link_section = "aco_shared")]
        static WAIT: Fallback = Fallback::new();
        let (place, count) = (events.as_mut_ptr(), BATCH as c_int);
        let coarse_wait = || {
            let up = limit.saturating_add(MILLISECOND - 1) / MILLISECOND;
            let limit = if limit < 0 { -1 } else { c_int::try_from(up).unwrap_or(c_int::MAX) };
            // SAFETY: so many events have room there.
            WAIT.call(
                || unsafe { libc::epoll_wait(self.epoll, place, count, limit) }.into(),
                || unsafe { os::epoll_wait_fallback(self.epoll, place, count, limit) },
            )
        };
        // Tools that watch do not know the finer call.
        let found = if limit > 0 && !sanitizer::is_present() {
            FINE_WAIT.call(|| self.fine_wait(place, limit), coarse_wait)
        } else {
            coarse_wait()
        };
        match usize::try_from(found) {
            Ok(found) => found,
            Err(_) if sys::errno() == libc::EINTR => 0,
            Err(_) => broken(self, "epoll_wait"),
        }
    }

    fn fine_wait(&self, place: *mut libc::epoll_event, limit: i64) -> c_long {
        let (time, no_mask) = (os::timespec(limit), core::ptr::null::<libc::sigset_t>());
        let number = libc::SYS_epoll_pwait2;
        // SAFETY: `BATCH` events have room at `place`; the time is there for as long as the call.
        unsafe {
            let count = BATCH as c_int;
            libc::syscall(number, self.epoll, place, count, &raw const time, no_mask, 0)
        }
    }
}
