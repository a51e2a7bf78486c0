//! Who is told that a file is ready: pollers, and threads in poll(2).

use std::cell::RefCell;
use std::ffi::c_int;

use crate::mutations::omits;
use crate::rt::io::fd_entry::poll_token;
use crate::rt::io::readiness::on_event;
use crate::rt::model::worker::Worker;
use crate::rt::os::poller::Event;
use crate::rt::os::poller::Poller;
use crate::rt::os::{Deadline, Result};
use crate::rt::system::DEAD;
use crate::rt::system::State;
use crate::rt::system::Watched;
use crate::rt::system::changes;
use crate::rt::system::entries;
use crate::rt::system::has_begun;
use crate::rt::system::looks;
use crate::rt::system::telling;

impl State {
    /// Does the poller watch the file that stands under the number, under that one?
    fn watches(&self, poller: *const Poller, fd: c_int) -> Option<usize> {
        let file = self.file(fd).ok()?;
        self.watched.iter().position(|one| (one.poller, one.fd, one.file) == (poller, fd, file))
    }

    fn deregister(&mut self, poller: *const Poller, fd: c_int) {
        if let Some(place) = self.watches(poller, fd) {
            self.watched.remove(place);
        }
    }

    fn register(&mut self, poller: *const Poller, fd: c_int, token: u64) -> Result<()> {
        let file = self.file(fd)?;
        let has_edge = self.readable.contains(&file);
        self.watched.push(Watched { poller, fd, file, token, has_edge });
        Ok(())
    }
}

impl Poller {
    pub fn register(&self, fd: c_int, token: u64) -> Result<()> {
        self.tells(fd, |state| {
            state.deregister(self, fd);
            state.register(self, fd, token)
        })
    }

    pub fn register_new(&self, fd: c_int, _: u64, token: u64) -> Result<()> {
        self.tells(fd, |state| match state.watches(self, fd) {
            Some(_) => Err(libc::EEXIST),
            None => state.register(self, fd, token),
        })
    }

    pub fn deregister(&self, fd: c_int) {
        self.tells(fd, |state| state.deregister(self, fd));
    }

    /// epoll_ctl: the caller is alone in it for this number, and the poller is not closed.
    fn tells<T>(&self, fd: c_int, act: impl FnOnce(&mut State) -> T) -> T {
        self.is_used();
        telling(fd).add(1);
        changes(act)
    }

    /// An edge that its worker has not been told of.
    fn next(&self) -> Option<Event> {
        looks(|state| {
            let of_this = |one: &&mut Watched| std::ptr::eq(one.poller, self) && one.has_edge;
            let watched = state.watched.iter_mut().find(of_this)?;
            watched.has_edge = false;
            let token = watched.token;
            Some(Event { token, is_readable: true, is_writable: false, is_hangup: false })
        })
    }
}

/// The worker is told of the edges of what it watches.
pub(crate) fn tell(worker: *mut Worker) {
    // SAFETY: the calling thread's, or one that stays.
    while let Some(mut what) = unsafe { (*worker).poller.next() } {
        if omits("mark") {
            what.token = looks(|_| mark_now(what.token as u32 as c_int));
        }
        on_event(worker, what);
    }
}

/// The mark of what is watched under the number now.
fn mark_now(fd: c_int) -> u64 {
    // SAFETY: entries are never freed; this mutation may find any token.
    poll_token(unsafe { (*entries()[fd as usize].raw()).token }, fd)
}

loom::thread_local! {
    static AT_SLEEP: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// `act` happens while this thread sleeps for the first time.
pub(crate) fn at_sleep(act: impl FnOnce() + 'static) {
    AT_SLEEP.with(|place| *place.borrow_mut() = Some(Box::new(act)));
}

/// A worker whose task waits looks at its poller.
pub(crate) fn tell_here() {
    if let Some(act) = AT_SLEEP.with(|place| place.borrow_mut().take()) {
        act();
    }
    if has_begun() && !Worker::current().is_null() {
        tell(Worker::current());
    }
}

/// No eventfd can be made from here on.
pub(crate) fn has_no_eventfd() {
    changes(|state| state.has_no_eventfd = true);
}

/// An eventfd.
pub(crate) struct WakeFds(c_int);

/// Its number is beyond those of the model.
const EVENTFDS: c_int = 1000;

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        WakeFds(changes(|state| {
            if state.has_no_eventfd {
                return -1;
            }
            state.notified.push(Some(false));
            EVENTFDS + state.notified.len() as c_int - 1
        }))
    }

    pub(crate) fn reader(&self) -> c_int {
        self.0
    }

    pub(crate) fn notify(&self) {
        if self.0 >= 0 && !omits("notify") {
            changes(|state| {
                let place = &mut state.notified[(self.0 - EVENTFDS) as usize];
                *place.as_mut().expect("a thread that waits") = true;
            });
        }
    }
}

impl Drop for WakeFds {
    fn drop(&mut self) {
        if self.0 >= 0 {
            changes(|state| state.notified[(self.0 - EVENTFDS) as usize] = None);
        }
    }
}

/// poll(2), of a file and an eventfd: of the file that the number stands for when it begins. A deadline has passed when
/// that was looked at once.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let (fd, reader) = (files[0].fd, files[1].fd);
    let file = looks(|state| state.file(fd));
    loop {
        let (is_ready, is_notified) = looks(|state| {
            let eventfd = state.notified.get((reader - EVENTFDS) as usize);
            let is_ready = file.is_ok_and(|file| state.readable.contains(&file));
            (is_ready, eventfd == Some(&Some(true)))
        });
        files[0].revents = match file {
            Err(_) | Ok(DEAD) => libc::POLLNVAL,
            Ok(_) if is_ready => libc::POLLIN,
            Ok(_) => 0,
        };
        if files[0].revents != 0 || is_notified {
            return Ok(1);
        }
        loom::thread::yield_now();
        if deadline.has_passed() {
            return Ok(0);
        }
    }
}
