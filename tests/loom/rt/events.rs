//! The stand-in for events of files: pollers, eventfds, and poll(2).

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
use crate::rt::system::entries;
use crate::rt::system::has_begun;
use crate::rt::system::read_state;
use crate::rt::system::registering;
use crate::rt::system::update_state;

impl State {
    /// Returns where the file under the descriptor is registered with the poller, under that descriptor.
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
        self.registers(fd, |state| {
            state.deregister(self, fd);
            state.register(self, fd, token)
        })
    }

    pub fn register_new(&self, fd: c_int, _: u64, token: u64) -> Result<()> {
        self.registers(fd, |state| match state.watches(self, fd) {
            Some(_) => Err(libc::EEXIST),
            None => state.register(self, fd, token),
        })
    }

    pub fn deregister(&self, fd: c_int) {
        self.registers(fd, |state| state.deregister(self, fd));
    }

    /// epoll_ctl(2). Only one caller at a time registers this descriptor, and the poller is not closed.
    fn registers<T>(&self, fd: c_int, act: impl FnOnce(&mut State) -> T) -> T {
        self.is_used();
        registering(fd).add(1);
        update_state(act)
    }

    /// Returns an edge that was not delivered yet.
    fn next(&self) -> Option<Event> {
        read_state(|state| {
            let of_this = |one: &&mut Watched| std::ptr::eq(one.poller, self) && one.has_edge;
            let watched = state.watched.iter_mut().find(of_this)?;
            watched.has_edge = false;
            let token = watched.token;
            Some(Event { token, is_readable: true, is_writable: false, is_hangup: false })
        })
    }
}

/// Delivers the edges of the files that are registered with the worker.
pub(crate) fn deliver(worker: *mut Worker) {
    // SAFETY: the worker is this thread's, or is never freed.
    while let Some(mut what) = unsafe { (*worker).poller.next() } {
        if omits("token") {
            what.token = read_state(|_| token_now(what.token as u32 as c_int));
        }
        on_event(worker, what);
    }
}

/// Returns the token of what is registered under the descriptor now.
fn token_now(fd: c_int) -> u64 {
    // SAFETY: entries are never freed. This mutation may read any token.
    poll_token(unsafe { (*entries()[fd as usize].raw()).token }, fd)
}

loom::thread_local! {
    static AT_SLEEP: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// Calls `act` when this thread sleeps for the first time.
pub(crate) fn at_sleep(act: impl FnOnce() + 'static) {
    AT_SLEEP.with(|place| *place.borrow_mut() = Some(Box::new(act)));
}

/// Delivers events to this thread, if it is a worker whose task waits.
pub(crate) fn deliver_here() {
    if let Some(act) = AT_SLEEP.with(|place| place.borrow_mut().take()) {
        act();
    }
    if has_begun() && !Worker::current().is_null() {
        deliver(Worker::current());
    }
}

/// Lets eventfd(2) fail from now on.
pub(crate) fn has_no_eventfd() {
    update_state(|state| state.has_no_eventfd = true);
}

/// An eventfd.
pub(crate) struct WakeFds(c_int);

/// The first descriptor of an eventfd, beyond those of the model.
const EVENTFDS: c_int = 1000;

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        WakeFds(update_state(|state| {
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
            update_state(|state| {
                let place = &mut state.notified[(self.0 - EVENTFDS) as usize];
                *place.as_mut().expect("a thread that waits") = true;
            });
        }
    }
}

impl Drop for WakeFds {
    fn drop(&mut self) {
        if self.0 >= 0 {
            update_state(|state| state.notified[(self.0 - EVENTFDS) as usize] = None);
        }
    }
}

/// poll(2) of a file and an eventfd: of the file that the descriptor means when the call begins. A deadline has passed
/// once the file was checked.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let (fd, reader) = (files[0].fd, files[1].fd);
    let file = read_state(|state| state.file(fd));
    loop {
        let (is_ready, is_notified) = read_state(|state| {
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
