//! How the model's system reports that a file is ready: to pollers, and to threads in poll(2).

use std::cell::RefCell;
use std::ffi::c_int;

use crate::mutations::omits;
use crate::rt::io::fd_entry::poll_token;
use crate::rt::io::readiness::on_event;
use crate::rt::model::worker::Worker;
use crate::rt::os::poller::Event;
use crate::rt::os::poller::Poller;
use crate::rt::os::{Deadline, Result};
use crate::rt::system::PLACEHOLDER;
use crate::rt::system::Registration;
use crate::rt::system::State;
use crate::rt::system::change;
use crate::rt::system::control_call;
use crate::rt::system::entries;
use crate::rt::system::is_running;
use crate::rt::system::observe;

impl State {
    /// The poller's registration of the number, with the file that the number means now.
    fn find(&self, poller: *const Poller, fd: c_int) -> Option<usize> {
        let file = self.file(fd).ok()?;
        self.registrations
            .iter()
            .position(|one| (one.poller, one.fd, one.file) == (poller, fd, file))
    }

    fn deregister(&mut self, poller: *const Poller, fd: c_int) {
        if let Some(index) = self.find(poller, fd) {
            self.registrations.remove(index);
        }
    }

    fn register(&mut self, poller: *const Poller, fd: c_int, token: u64) -> Result<()> {
        let file = self.file(fd)?;
        let has_edge = self.readable.contains(&file);
        self.registrations.push(Registration { poller, fd, file, token, has_edge });
        Ok(())
    }
}

impl Poller {
    pub fn register(&self, fd: c_int, token: u64) -> Result<()> {
        self.control(fd, |state| {
            state.deregister(self, fd);
            state.register(self, fd, token)
        })
    }

    pub fn register_new(&self, fd: c_int, _: u64, token: u64) -> Result<()> {
        self.control(fd, |state| match state.find(self, fd) {
            Some(_) => Err(libc::EEXIST),
            None => state.register(self, fd, token),
        })
    }

    pub fn deregister(&self, fd: c_int) {
        self.control(fd, |state| state.deregister(self, fd));
    }

    /// epoll_ctl(2). Checks that no other thread calls it for this number, and that the poller is not closed.
    fn control<T>(&self, fd: c_int, act: impl FnOnce(&mut State) -> T) -> T {
        self.is_used();
        control_call(fd).add(1);
        change(act)
    }

    /// The next edge that the poller has not reported.
    fn next(&self) -> Option<Event> {
        observe(|state| {
            let of_this = |one: &&mut Registration| std::ptr::eq(one.poller, self) && one.has_edge;
            let found = state.registrations.iter_mut().find(of_this)?;
            found.has_edge = false;
            let token = found.token;
            Some(Event { token, is_readable: true, is_writable: false, is_hangup: false })
        })
    }
}

/// The worker's poller reports its edges.
pub(crate) fn report_events(worker: *mut Worker) {
    // SAFETY: the worker is the calling thread's, or is never freed.
    while let Some(mut what) = unsafe { (*worker).poller.next() } {
        if omits("token") {
            what.token = observe(|_| current_token(what.token as u32 as c_int));
        }
        on_event(worker, what);
    }
}

/// The token of the number's entry now.
fn current_token(fd: c_int) -> u64 {
    // SAFETY: entries are never freed. The mutation may read any token.
    poll_token(unsafe { (*entries()[fd as usize].raw()).token }, fd)
}

loom::thread_local! {
    static AT_SLEEP: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// Calls `act` when this thread sleeps for the first time.
pub(crate) fn at_sleep(act: impl FnOnce() + 'static) {
    AT_SLEEP.with(|place| *place.borrow_mut() = Some(Box::new(act)));
}

/// The worker of a waiting task polls.
pub(crate) fn report_own_events() {
    if let Some(act) = AT_SLEEP.with(|place| place.borrow_mut().take()) {
        act();
    }
    if is_running() && !Worker::current().is_null() {
        report_events(Worker::current());
    }
}

/// Makes the creation of eventfds fail.
pub(crate) fn without_eventfds() {
    change(|state| state.without_eventfds = true);
}

/// An eventfd.
pub(crate) struct WakeFds(c_int);

/// The first number of eventfds, which is above the model's numbers.
const EVENTFDS: c_int = 1000;

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        WakeFds(change(|state| {
            if state.without_eventfds {
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
            change(|state| {
                let place = &mut state.notified[(self.0 - EVENTFDS) as usize];
                *place.as_mut().expect("a thread that waits") = true;
            });
        }
    }
}

impl Drop for WakeFds {
    fn drop(&mut self) {
        if self.0 >= 0 {
            change(|state| state.notified[(self.0 - EVENTFDS) as usize] = None);
        }
    }
}

/// poll(2) of a file and an eventfd. It polls the file that the number means when the call starts. A deadline passes
/// after the first check.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let (fd, reader) = (files[0].fd, files[1].fd);
    let file = observe(|state| state.file(fd));
    loop {
        let (is_ready, is_notified) = observe(|state| {
            let eventfd = state.notified.get((reader - EVENTFDS) as usize);
            let is_ready = file.is_ok_and(|file| state.readable.contains(&file));
            (is_ready, eventfd == Some(&Some(true)))
        });
        files[0].revents = match file {
            Err(_) | Ok(PLACEHOLDER) => libc::POLLNVAL,
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
