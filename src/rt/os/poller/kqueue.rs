//! The poller of macOS and FreeBSD: kqueue.
//!
//! It keeps K1 to K5 of [`poller`](super). A descriptor has one filter each way. EV_CLEAR makes both edge-triggered.
//! The number of bytes that a filter reports is not used.

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::event::{Event, MAX_EVENTS, close_if_open};
use super::kqueue_abi as c;
use crate::rt::os::{self, Result};
use crate::sys;

/// Not every system with a kqueue reports out-of-band data (MSG_OOB), which ends a read early. So a short read does
/// not mean that nothing is left to read.
pub(crate) const REPORTS_OOB: bool = false;

/// The one EVFILT_USER: a wake-up.
const WAKE_IDENT: usize = 0;
/// The one EVFILT_TIMER (K3).
const TIMER_IDENT: usize = 1;
/// macOS takes no timeout above 100,000,000 seconds. A worker that wakes early sleeps again.
const MAX_TIMEOUT_NS: i64 = 1_000_000 * 1_000_000_000;

/// The poller of a worker.
pub(crate) struct Poller {
    queue: c_int,
    is_timer_armed: bool,
}

/// A change, in which all other fields are zero.
fn change(ident: usize, filter: i16, flags: u16) -> c::kevent {
    // SAFETY: all zero is a valid struct of integers and a pointer.
    let mut change: c::kevent = unsafe { mem::zeroed() };
    change.ident = ident;
    change.filter = filter;
    change.flags = flags;
    change
}

impl Poller {
    pub(crate) fn new() -> Result<Poller> {
        // SAFETY: kqueue has no preconditions.
        let queue = unsafe { c::kqueue() };
        if queue < 0 {
            return Err(sys::errno());
        }
        let poller = Poller { queue, is_timer_armed: false };
        // SAFETY: the call takes any number.
        let outcome = match unsafe { libc::fcntl(queue, libc::F_SETFD, libc::FD_CLOEXEC) } {
            0 => poller.apply(&change(WAKE_IDENT, c::EVFILT_USER, c::EV_ADD | c::EV_CLEAR)),
            _ => Err(sys::errno()),
        };
        if outcome.is_err() {
            poller.close();
        }
        outcome.map(|()| poller)
    }

    /// Closes the descriptor.
    pub(crate) fn close(&self) {
        close_if_open(self.queue);
    }

    /// Applies one change.
    fn apply(&self, change: &c::kevent) -> Result<()> {
        // SAFETY: one change. Without room for events the call takes none, and does not wait.
        match unsafe { c::kevent(self.queue, change, 1, ptr::null_mut(), 0, ptr::null()) } {
            0.. => Ok(()),
            _ => Err(sys::errno()),
        }
    }

    /// Applies several changes, also after one that fails. The `data` of each is its errno then, or 0.
    fn apply_all<const COUNT: usize>(&self, changes: &mut [c::kevent; COUNT]) -> Result<()> {
        for change in changes.iter_mut() {
            // Each change has a receipt, so the receipts fill the buffer, and no event is taken.
            change.flags |= c::EV_RECEIPT;
        }
        let (buffer, count) = (changes.as_mut_ptr(), COUNT as c_int);
        // SAFETY: `COUNT` changes. The receipts may overwrite them.
        match unsafe { c::kevent(self.queue, buffer, count, buffer, count, ptr::null()) } {
            answered if answered == count => Ok(()),
            0.. => Err(libc::EINVAL),
            _ => Err(sys::errno()),
        }
    }

    /// The descriptor that is readable while [`wait`](Self::wait) would return an event.
    pub(crate) fn raw_fd(&self) -> c_int {
        self.queue
    }

    /// Prepares [`arm_timer`](Self::arm_timer), which needs nothing.
    pub(crate) fn create_timer(&mut self) -> Result<()> {
        Ok(())
    }

    /// Makes [`raw_fd`](Self::raw_fd) readable at `deadline`. None: disarms the timer. The timer has another clock
    /// than the deadline, and may be early: so each call arms it again.
    pub(crate) fn arm_timer(&mut self, deadline: Option<i64>) {
        // An error says that the timer has fired.
        if mem::replace(&mut self.is_timer_armed, deadline.is_some()) {
            let _ = self.apply(&change(TIMER_IDENT, c::EVFILT_TIMER, c::EV_DELETE));
        }
        if let Some(deadline) = deadline {
            let mut timer = change(TIMER_IDENT, c::EVFILT_TIMER, c::EV_ADD | c::EV_ONESHOT);
            timer.fflags = c::NOTE_NSECONDS;
            timer.data = deadline.saturating_sub(os::now()).clamp(1, MAX_TIMEOUT_NS) as _;
            // Without memory for a timer the loop runs a step at once, and tries again.
            if self.apply(&timer).is_err() {
                self.wake();
            }
        }
    }

    /// Registers `fd`: its events come with `token` (K1). Errors: `EPERM` if it is always ready; those of kevent(2).
    pub(crate) fn register(&self, fd: c_int, token: u64) -> Result<()> {
        self.replace_filters(fd, token).map(drop)
    }

    /// As [`register`](Self::register), with `new_token`, if this file is not registered under this number. Errors:
    /// `EEXIST` if it is: with `token`. A closed file has no filters left.
    pub(crate) fn register_new(&self, fd: c_int, token: u64, new_token: u64) -> Result<()> {
        if self.replace_filters(fd, token)? {
            Err(libc::EEXIST)
        } else {
            self.register(fd, new_token)
        }
    }

    /// Registers `fd` again. Returns true if a file was registered under this number.
    fn replace_filters(&self, fd: c_int, token: u64) -> Result<bool> {
        let ident = usize::try_from(fd).map_err(|_| libc::EBADF)?;
        let add = |filter| c::kevent {
            udata: ptr::without_provenance_mut::<c_void>(token as usize),
            ..change(ident, filter, c::EV_ADD | c::EV_CLEAR)
        };
        // A library that emulates kqueue does not see close(2): so the filters of a closed file may be left.
        let mut changes = [
            change(ident, c::EVFILT_READ, c::EV_DELETE),
            change(ident, c::EVFILT_WRITE, c::EV_DELETE),
            add(c::EVFILT_READ),
            add(c::EVFILT_WRITE),
        ];
        self.apply_all(&mut changes)?;
        let [deleted_read, deleted_write, reads, writes] = changes;
        let was_registered = deleted_read.data == 0 || deleted_write.data == 0;
        match reads.data as c_int {
            // A file that has one direction needs one filter.
            0 => Ok(was_registered),
            _ if writes.data == 0 => Ok(was_registered),
            // The file has no such filter.
            libc::EPERM | libc::EINVAL | libc::ENODEV | libc::EOPNOTSUPP => Err(libc::EPERM),
            error => Err(error),
        }
    }

    /// An eventfd that ends a [`wait`](Self::wait): there is none.
    pub(crate) fn eventfd(&self) -> Option<c_int> {
        None
    }

    /// Ends the registration of `fd`.
    pub(crate) fn deregister(&self, fd: c_int) {
        let ident = fd as usize;
        // An error says that there is none.
        let _ = self.apply_all(&mut [
            change(ident, c::EVFILT_READ, c::EV_DELETE),
            change(ident, c::EVFILT_WRITE, c::EV_DELETE),
        ]);
    }

    /// Ends the [`wait`](Self::wait) in progress, or the next one. From any thread (K2).
    pub(crate) fn wake(&self) {
        let mut wake = change(WAKE_IDENT, c::EVFILT_USER, 0);
        wake.fflags = c::NOTE_TRIGGER;
        if !matches!(self.apply(&wake), Ok(()) | Err(libc::EINTR)) {
            os::abort_failed(self, "kevent")
        }
    }

    /// Waits for events, for at most `timeout` nanoseconds; negative: without a limit. Calls `on_event` for each
    /// event of a descriptor. Returns the number of events.
    pub(crate) fn wait(&self, timeout: i64, on_event: &mut dyn FnMut(Event)) -> usize {
        let mut events = [const { MaybeUninit::<c::kevent>::uninit() }; MAX_EVENTS];
        let time = os::timespec(timeout.clamp(0, MAX_TIMEOUT_NS));
        let time = if timeout < 0 { ptr::null() } else { &raw const time };
        let (buffer, capacity) = (events.as_mut_ptr().cast(), MAX_EVENTS as c_int);
        // SAFETY: `buffer` has room for `capacity` events. The time outlives the call.
        let count = unsafe { c::kevent(self.queue, ptr::null(), 0, buffer, capacity, time) };
        let count = match usize::try_from(count) {
            Ok(count) => count,
            Err(_) if sys::errno() == libc::EINTR => 0,
            Err(_) => os::abort_failed(self, "kevent"),
        };
        for event in events.iter().take(count) {
            // SAFETY: the call has written `count` events.
            let event = unsafe { event.assume_init_ref() };
            let is_reading = event.filter == c::EVFILT_READ;
            let is_writing = event.filter == c::EVFILT_WRITE;
            if event.flags & c::EV_ERROR != 0 || !is_reading && !is_writing {
                continue;
            }
            // After a hang-up each filter reports EV_EOF itself.
            on_event(Event {
                token: event.udata.addr() as u64,
                is_readable: is_reading,
                is_writable: is_writing,
                is_hangup: event.flags & c::EV_EOF != 0,
            });
        }
        count
    }
}
