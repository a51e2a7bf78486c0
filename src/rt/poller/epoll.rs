//! The poller of Linux: epoll.

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};

use super::super::{Outcome, os};
use super::{AT_ONCE, Happened, close_own};
use crate::{sanitizer, sys};

/// Something urgent (MSG_OOB), where a read ends early, is told of.
pub(crate) const TELLS_OF_URGENT: bool = true;

/// What is told of file descriptors.
const ALL: c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLPRI;
/// No file descriptor: somebody wants the worker's attention.
const ATTENTION: u64 = u64::MAX;

/// One worker's.
pub(crate) struct Poller {
    epoll: c_int,
    /// An eventfd. It is never read: each write is an edge.
    attention: c_int,
    /// A timerfd, where who waits is another event loop; or -1. Not read either.
    alarm: c_int,
    /// The deadline that it is set to, or 0.
    alarm_at: i64,
}

impl Poller {
    pub(crate) fn new() -> Outcome<Poller> {
        // SAFETY: neither call has preconditions.
        let (epoll, attention) = unsafe {
            (
                libc::epoll_create1(libc::EPOLL_CLOEXEC),
                libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK),
            )
        };
        let poller = Poller { epoll, attention, alarm: -1, alarm_at: 0 };
        if epoll < 0 || attention < 0 {
            let error = sys::errno();
            poller.close();
            return Err(error);
        }
        poller.control(libc::EPOLL_CTL_ADD, attention, libc::EPOLLIN, ATTENTION)?;
        Ok(poller)
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        for fd in [self.epoll, self.attention, self.alarm] {
            close_own(fd);
        }
    }

    fn control(&self, what: c_int, fd: c_int, events: c_int, mark: u64) -> Outcome<()> {
        let mut event = libc::epoll_event { events: (events | libc::EPOLLET) as u32, u64: mark };
        // SAFETY: the event is there for as long as the call.
        match unsafe { libc::epoll_ctl(self.epoll, what, fd, &mut event) } {
            0 => Ok(()),
            _ => Err(sys::errno()),
        }
    }

    /// What is readable when there is something to [`wait`](Self::wait) for.
    pub(crate) fn descriptor(&self) -> c_int {
        self.epoll
    }

    /// From now on [`set_alarm`](Self::set_alarm) can be used.
    pub(crate) fn make_alarm(&mut self) -> Outcome<()> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: no preconditions.
        self.alarm = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if self.alarm < 0 {
            return Err(sys::errno());
        }
        self.control(libc::EPOLL_CTL_ADD, self.alarm, libc::EPOLLIN, ATTENTION)
    }

    /// Becomes readable at that time; None: not of itself.
    pub(crate) fn set_alarm(&mut self, deadline: Option<i64>) {
        let deadline = deadline.unwrap_or(0);
        if deadline == self.alarm_at {
            return;
        }
        self.alarm_at = deadline;
        let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let time = libc::itimerspec { it_interval: never, it_value: os::timespec(deadline) };
        // SAFETY: the time is there for as long as the call.
        unsafe {
            let flags = libc::TFD_TIMER_ABSTIME;
            libc::timerfd_settime(self.alarm, flags, &time, core::ptr::null_mut());
        }
    }

    /// Tells of each change of `fd` from now on, and of what it is ready for now, by `mark`. EPERM: it is
    /// always ready.
    pub(crate) fn watch(&self, fd: c_int, mark: u64) -> Outcome<()> {
        match self.control(libc::EPOLL_CTL_ADD, fd, ALL, mark) {
            Err(libc::EEXIST) => self.control(libc::EPOLL_CTL_MOD, fd, ALL, mark),
            outcome => outcome,
        }
    }

    /// As [`watch`](Self::watch), by the mark `next`, where this file is not watched under this number. EEXIST: it
    /// is, by the mark that it has.
    pub(crate) fn watch_new(&self, fd: c_int, _mark: u64, next: u64) -> Outcome<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, ALL, next)
    }

    /// Tells no more of `fd`.
    pub(crate) fn forget(&self, fd: c_int) {
        // What is not watched is not.
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    /// Ends a [`wait`](Self::wait), or the next one. From any thread.
    pub(crate) fn rouse(&self) {
        let one = 1u64;
        // Past the interceptors of sanitizers, which know nothing of what orders this and the end.
        // SAFETY: eight bytes.
        unsafe { libc::syscall(libc::SYS_write, self.attention, &raw const one, 8) };
    }

    /// Waits until something happens, at most for `limit` nanoseconds, unless that is negative, and calls
    /// `take` for each. Gives how many it were.
    pub(crate) fn wait(&self, limit: i64, take: &mut dyn FnMut(Happened)) -> usize {
        let mut events = [const { libc::epoll_event { events: 0, u64: 0 } }; AT_ONCE];
        let found = usize::try_from(self.sleep(&mut events, limit)).unwrap_or(0);
        for event in events.iter().take(found) {
            let (bits, mark) = (event.events as c_int, event.u64);
            if mark == ATTENTION {
                continue;
            }
            let is_broken = bits & (libc::EPOLLERR | libc::EPOLLHUP) != 0;
            let is_over = is_broken || bits & (libc::EPOLLRDHUP | libc::EPOLLPRI) != 0;
            take(Happened {
                mark,
                is_readable: is_over || bits & libc::EPOLLIN != 0,
                is_writable: is_broken || bits & libc::EPOLLOUT != 0,
                is_over,
            });
        }
        found
    }

    /// epoll_pwait2, or epoll_wait where the kernel has no such thing.
    fn sleep(&self, events: &mut [libc::epoll_event; AT_ONCE], limit: i64) -> c_int {
        const MILLISECOND: i64 = 1_000_000;
        #[unsafe(link_section = "aco_shared")]
        static HAS_NO_FINE_WAIT: AtomicBool = AtomicBool::new(false);
        let (place, count) = (events.as_mut_ptr(), AT_ONCE as c_int);
        // SAFETY: so many events have room there; the time is there for as long as the call.
        unsafe {
            // Tools that watch do not know the finer call.
            let is_fine = !sanitizer::is_present() && !HAS_NO_FINE_WAIT.load(Ordering::Relaxed);
            if limit > 0 && is_fine {
                let time = os::timespec(limit);
                let no_mask = core::ptr::null::<libc::sigset_t>();
                let number = libc::SYS_epoll_pwait2;
                let found =
                    libc::syscall(number, self.epoll, place, count, &raw const time, no_mask, 0);
                if found >= 0 || sys::errno() != libc::ENOSYS {
                    return found as c_int;
                }
                HAS_NO_FINE_WAIT.store(true, Ordering::Relaxed);
            }
            let up = limit.saturating_add(MILLISECOND - 1) / MILLISECOND;
            let limit = if limit < 0 { -1 } else { c_int::try_from(up).unwrap_or(c_int::MAX) };
            libc::epoll_wait(self.epoll, place, count, limit)
        }
    }
}
