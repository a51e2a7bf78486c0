//! The poller of macOS and FreeBSD: kqueue.
//!
//! A file descriptor has a filter each way, both cleared as they are told of (EV_CLEAR): each edge comes
//! once, as from an epoll that is edge-triggered. What a filter says of the number of bytes is not used.

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::event::{BATCH, Event, close_own};
use super::kqueue_abi as c;
use crate::rt::os::{self, Result};
use crate::sys;

/// Not every system with a kqueue tells that a read ends early for something urgent (MSG_OOB). So no read
/// that gives less than it could is taken for the last one.
pub(crate) const REPORTS_OOB: bool = false;

/// The one EVFILT_USER: somebody wants the worker's attention.
const ATTENTION: usize = 0;
/// The one EVFILT_TIMER, where who waits is another event loop.
const ALARM: usize = 1;
/// macOS takes no limit of more than 100,000,000 seconds. Who is woken early waits again.
const MAX: i64 = 1_000_000 * 1_000_000_000;

/// One worker's.
pub(crate) struct Poller {
    queue: c_int,
    has_alarm: bool,
}

/// A change that says nothing but what is given.
fn change(ident: usize, filter: i16, flags: u16) -> c::kevent {
    // SAFETY: integers and a pointer that is not looked at: all zero is one.
    let mut change: c::kevent = unsafe { mem::zeroed() };
    change.ident = ident;
    change.filter = filter;
    change.flags = flags;
    change
}

impl Poller {
    pub(crate) fn new() -> Result<Poller> {
        // SAFETY: no preconditions.
        let queue = unsafe { c::kqueue() };
        if queue < 0 {
            return Err(sys::errno());
        }
        let poller = Poller { queue, has_alarm: false };
        // SAFETY: flags of a file descriptor of its own.
        let made = match unsafe { libc::fcntl(queue, libc::F_SETFD, libc::FD_CLOEXEC) } {
            0 => poller.apply(&change(ATTENTION, c::EVFILT_USER, c::EV_ADD | c::EV_CLEAR)),
            _ => Err(sys::errno()),
        };
        if made.is_err() {
            poller.close();
        }
        made.map(|()| poller)
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        close_own(self.queue);
    }

    /// Makes one change.
    fn apply(&self, change: &c::kevent) -> Result<()> {
        // SAFETY: one change; there is room for no event, so that none is taken, nor waited for.
        match unsafe { c::kevent(self.queue, change, 1, ptr::null_mut(), 0, ptr::null()) } {
            0.. => Ok(()),
            _ => Err(sys::errno()),
        }
    }

    /// Makes several changes, whichever of them fail, and has each one's errno, or 0, written to its `data`.
    fn apply_all<const COUNT: usize>(&self, changes: &mut [c::kevent; COUNT]) -> Result<()> {
        for change in changes.iter_mut() {
            // So that each is answered, and there is no room for events.
            change.flags |= c::EV_RECEIPT;
        }
        let (place, count) = (changes.as_mut_ptr(), COUNT as c_int);
        // SAFETY: so many changes, and room for as many answers, which may be the same.
        match unsafe { c::kevent(self.queue, place, count, place, count, ptr::null()) } {
            answered if answered == count => Ok(()),
            0.. => Err(libc::EINVAL),
            _ => Err(sys::errno()),
        }
    }

    /// What is readable when there is something to [`wait`](Self::wait) for.
    pub(crate) fn raw_fd(&self) -> c_int {
        self.queue
    }

    /// From now on [`arm_timer`](Self::arm_timer) can be used.
    pub(crate) fn create_timer(&mut self) -> Result<()> {
        Ok(())
    }

    /// Becomes readable at that time; None: not of itself. The timer is of another clock than the deadline,
    /// and may be early: so it is set each time.
    pub(crate) fn arm_timer(&mut self, deadline: Option<i64>) {
        // Where it has gone off there is none.
        if mem::replace(&mut self.has_alarm, deadline.is_some()) {
            let _ = self.apply(&change(ALARM, c::EVFILT_TIMER, c::EV_DELETE));
        }
        if let Some(deadline) = deadline {
            let mut alarm = change(ALARM, c::EVFILT_TIMER, c::EV_ADD | c::EV_ONESHOT);
            alarm.fflags = c::NOTE_NSECONDS;
            alarm.data = deadline.saturating_sub(os::now()).clamp(1, MAX) as _;
            // Without memory for a timer the loop is told at once, and asks again.
            if self.apply(&alarm).is_err() {
                self.wake();
            }
        }
    }

    /// Tells of each change of `fd` from now on, and of what it is ready for now, by `token`. EPERM: it is
    /// always ready.
    pub(crate) fn register(&self, fd: c_int, token: u64) -> Result<()> {
        self.register_again(fd, token).map(drop)
    }

    /// As [`watch`](Self::watch), by the token `next`, where this file is not watched under this number. EEXIST: it
    /// is, by `token`. A file that is closed takes its filters with it.
    pub(crate) fn register_new(&self, fd: c_int, token: u64, next: u64) -> Result<()> {
        if self.register_again(fd, token)? { Err(libc::EEXIST) } else { self.register(fd, next) }
    }

    /// Gives whether something was watched under this number.
    fn register_again(&self, fd: c_int, token: u64) -> Result<bool> {
        let ident = usize::try_from(fd).map_err(|_| libc::EBADF)?;
        let add = |filter| c::kevent {
            udata: ptr::without_provenance_mut::<c_void>(token as usize),
            ..change(ident, filter, c::EV_ADD | c::EV_CLEAR)
        };
        // What is known under the number may be of one that was closed: a library does not hear of that.
        let mut changes = [
            change(ident, c::EVFILT_READ, c::EV_DELETE),
            change(ident, c::EVFILT_WRITE, c::EV_DELETE),
            add(c::EVFILT_READ),
            add(c::EVFILT_WRITE),
        ];
        self.apply_all(&mut changes)?;
        let [had_reads, had_writes, reads, writes] = changes;
        let was_watched = had_reads.data == 0 || had_writes.data == 0;
        match reads.data as c_int {
            // One way is enough of what has but one.
            0 => Ok(was_watched),
            _ if writes.data == 0 => Ok(was_watched),
            // There is no such filter for it.
            libc::EPERM | libc::EINVAL | libc::ENODEV | libc::EOPNOTSUPP => Err(libc::EPERM),
            error => Err(error),
        }
    }

    /// Tells no more of `fd`.
    pub(crate) fn deregister(&self, fd: c_int) {
        let ident = fd as usize;
        // What is not watched is not.
        let _ = self.apply_all(&mut [
            change(ident, c::EVFILT_READ, c::EV_DELETE),
            change(ident, c::EVFILT_WRITE, c::EV_DELETE),
        ]);
    }

    /// Ends a [`wait`](Self::wait), or the next one. From any thread.
    pub(crate) fn wake(&self) {
        let mut word = change(ATTENTION, c::EVFILT_USER, 0);
        word.fflags = c::NOTE_TRIGGER;
        if !matches!(self.apply(&word), Ok(()) | Err(libc::EINTR)) {
            os::broken(self, "kevent")
        }
    }

    /// Waits until something happens, at most for `limit` nanoseconds, unless that is negative, and calls
    /// `take` for each. Gives how many it were.
    pub(crate) fn wait(&self, limit: i64, take: &mut dyn FnMut(Event)) -> usize {
        let mut events = [const { MaybeUninit::<c::kevent>::uninit() }; BATCH];
        let time = os::timespec(limit.clamp(0, MAX));
        let time = if limit < 0 { ptr::null() } else { &raw const time };
        let (place, count) = (events.as_mut_ptr().cast(), BATCH as c_int);
        // SAFETY: so many events have room there; the time is there for as long as the call.
        let found = unsafe { c::kevent(self.queue, ptr::null(), 0, place, count, time) };
        let found = match usize::try_from(found) {
            Ok(found) => found,
            Err(_) if sys::errno() == libc::EINTR => 0,
            Err(_) => os::broken(self, "kevent"),
        };
        for event in events.iter().take(found) {
            // SAFETY: the call has written so many.
            let event = unsafe { event.assume_init_ref() };
            let is_reading = event.filter == c::EVFILT_READ;
            let is_writing = event.filter == c::EVFILT_WRITE;
            if event.flags & c::EV_ERROR != 0 || !is_reading && !is_writing {
                continue;
            }
            // Where all is over each filter says so itself.
            take(Event {
                token: event.udata.addr() as u64,
                is_readable: is_reading,
                is_writable: is_writing,
                is_hangup: event.flags & c::EV_EOF != 0,
            });
        }
        found
    }
}
