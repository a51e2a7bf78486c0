//! The first of several addresses that answers (RFC 8305, happy eyeballs): the families take turns, and the
//! next address is tried when the one before has failed, or after a while; who connects first wins, and the
//! others are closed. All of it in the caller's own task, or thread.
//!
//! ```text
//!   2001:db8::1  ├── connect ─────────────────────── nothing comes ──┤ closed
//!   192.0.2.1      250 ms ├── connect ── refused
//!   2001:db8::2                                 ├── connect ── wins
//! ```
//!
//! D1. What a call gives is no connection of a socket with itself: each that is made goes through [`settle`].

use core::ffi::c_int;
use core::mem;

use super::addr::Addresses;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::own_fd::OwnFd;
use crate::rt::io::socket;
use crate::rt::model::abi::{ACORT_FD_WRITE, acort_case_t};
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::select::call::select;

/// After so many nanoseconds the next address is tried, whatever becomes of the one before.
const ATTEMPT_DELAY_NS: i64 = 250_000_000;
/// So many connections at once are under way; for the next one some must fail.
const MAX: usize = 16;

/// The addresses, those of another family than the first between the others.
struct Interleaved {
    /// How far each of the two has come.
    next: [*const libc::addrinfo; 2],
    family: c_int,
    /// Which is next.
    is_other: bool,
}

impl Interleaved {
    fn of(addresses: &Addresses) -> Interleaved {
        let first = addresses.first();
        // SAFETY: getaddrinfo(3)'s list.
        let family = unsafe { first.as_ref() }.map_or(libc::AF_UNSPEC, |first| first.ai_family);
        Interleaved { next: [first; 2], family, is_other: false }
    }

    /// The next one of one of the two; NULL: there is none.
    fn find(&mut self, is_other: bool) -> *const libc::addrinfo {
        let [same, other] = &mut self.next;
        let place = if is_other { other } else { same };
        let mut this = *place;
        // SAFETY: getaddrinfo(3)'s list.
        while let Some(found) = unsafe { this.as_ref() } {
            *place = found.ai_next;
            if (found.ai_family != self.family) == is_other {
                break;
            }
            this = found.ai_next;
        }
        this
    }
}

impl Iterator for Interleaved {
    type Item = *const libc::addrinfo;

    fn next(&mut self) -> Option<*const libc::addrinfo> {
        let mut found = self.find(self.is_other);
        if found.is_null() {
            found = self.find(!self.is_other);
        } else {
            self.is_other = !self.is_other;
        }
        (!found.is_null()).then_some(found)
    }
}

/// A connection that is made is the caller's. ECONNREFUSED: it is one with itself (D1), so nothing listens there.
fn settle(own: OwnFd) -> Result<c_int> {
    let fd = own.file().fd();
    if socket::is_to_itself(fd) {
        socket::reset_at_close(fd);
        return Err(libc::ECONNREFUSED);
    }
    own.into_raw()
}

/// Connections under way, of this call alone. What is left of them is closed.
struct Attempts {
    sockets: [Option<OwnFd>; MAX],
    count: usize,
}

impl Attempts {
    /// Those under way stand first.
    fn files(&self) -> impl Iterator<Item = &FdRef> {
        let under_way = self.sockets.get(..self.count).unwrap_or_default();
        under_way.iter().filter_map(|own| own.as_ref().map(OwnFd::file))
    }

    /// Begins one. Its file descriptor, where it is there at once.
    #[inline(never)]
    fn begin(&mut self, address: &libc::addrinfo) -> Result<Option<c_int>> {
        let own = socket::socket(address.ai_family, address.ai_socktype, address.ai_protocol)?;
        // SAFETY: the address has that length.
        let begun = unsafe { socket::begin(own.file().fd(), address.ai_addr, address.ai_addrlen) };
        if own.file().check_result(begun)? {
            if address.ai_socktype == libc::SOCK_DGRAM && socket::is_to_itself(own.file().fd()) {
                // The next socket cannot have the port, which this one keeps meanwhile.
                return self.begin(address);
            }
            return settle(own).map(Some);
        }
        *self.sockets.get_mut(self.count).ok_or(libc::EMFILE)? = Some(own);
        self.count += 1;
        Ok(None)
    }

    /// Looks at all of them. The one that is connected, which is the caller's from here on; else the error
    /// of one that has failed, which is closed. None: all are under way.
    #[inline(never)]
    fn look(&mut self) -> Result<Option<c_int>> {
        for index in 0..self.count {
            let Some(file) = self.files().nth(index) else { break };
            let outcome = match socket::is_connected(file.fd()) {
                Ok(false) => continue,
                Ok(true) => socket::outcome(file.fd()),
                Err(error) => Err(error),
            };
            let outcome = file.check_result(outcome);
            self.count -= 1;
            let last = self.sockets.get_mut(self.count).and_then(Option::take);
            let own = match self.sockets.get_mut(index) {
                Some(place) if index < self.count => mem::replace(place, last),
                _ => last,
            };
            outcome?;
            return own.map(settle).transpose();
        }
        Ok(None)
    }

    /// Waits until one of them may be over. ETIMEDOUT, ECANCELED.
    #[inline(never)]
    fn wait(&self, deadline: Deadline) -> Result<()> {
        if task::current().is_null() {
            return self.thread_waits(deadline);
        }
        let mut cases = [acort_case_t { op: ACORT_FD_WRITE, ..acort_case_t::EMPTY }; MAX];
        for (case, file) in cases.iter_mut().zip(self.files()) {
            case.fd = file.fd();
        }
        let cases = cases.get_mut(..self.count).unwrap_or_default();
        // SAFETY: cases without objects.
        unsafe { select(cases, deadline) }.map(drop)
    }

    fn thread_waits(&self, deadline: Deadline) -> Result<()> {
        let mut polled = [libc::pollfd { fd: -1, events: libc::POLLOUT, revents: 0 }; MAX];
        for (place, file) in polled.iter_mut().zip(self.files()) {
            place.fd = file.fd();
        }
        // Where other code closes one of them poll(2) does not end: the thread looks from time to time.
        let next = Deadline::at(os::now() + ATTEMPT_DELAY_NS);
        os::poll(&mut polled, next.min(deadline))?;
        if deadline.has_passed() { Err(libc::ETIMEDOUT) } else { Ok(()) }
    }
}

/// A connection to the first of `addresses` that gives one; or what the last of them says. ETIMEDOUT,
/// ECANCELED.
pub(super) fn first_of(addresses: &Addresses, deadline: Deadline) -> Result<c_int> {
    let mut left = Interleaved::of(addresses).peekable();
    let mut attempts = Attempts { sockets: [const { None }; MAX], count: 0 };
    let mut error = libc::EADDRNOTAVAIL;
    // When the next address is to be tried.
    let mut next_at = Deadline::NOW;
    loop {
        let has_room = attempts.count < MAX;
        // SAFETY: getaddrinfo(3)'s list.
        let next = left.peek().copied().and_then(|next| unsafe { next.as_ref() });
        let advanced = match next {
            Some(next) if has_room && next_at.has_passed() => {
                left.next();
                next_at = Deadline::at(os::now() + ATTEMPT_DELAY_NS);
                attempts.begin(next)
            }
            None if attempts.count == 0 => return Err(error),
            _ => {
                let is_next = next.is_some() && has_room;
                let until_next = if is_next { next_at } else { Deadline::NEVER };
                match attempts.wait(deadline.min(until_next)) {
                    Err(libc::ETIMEDOUT) if !deadline.has_passed() => {}
                    // What came in time is given.
                    Err(libc::ETIMEDOUT) => return attempts.look()?.ok_or(libc::ETIMEDOUT),
                    waited => waited?,
                }
                attempts.look()
            }
        };
        match advanced {
            Ok(Some(fd)) => return Ok(fd),
            Ok(None) => {}
            Err(failed) => (error, next_at) = (failed, Deadline::NOW),
        }
    }
}
