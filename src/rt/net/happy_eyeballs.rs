//! Connection attempts to several addresses (RFC 8305, "happy eyeballs").
//!
//! The first attempt that connects wins:
//!
//! ```text
//!   2001:db8::1  ├── connect ───────────────────── no answer ──┤ closed
//!   192.0.2.1      250 ms ├── connect ── refused
//!   2001:db8::2                                 ├── connect ── wins
//! ```
//!
//! Invariants:
//!
//! * A1. Order (RFC 8305, section 4): the families alternate, and the family of the first address begins. Within a
//!   family the order is that of getaddrinfo(3).
//! * A2. Pace (section 5): the next attempt begins as soon as one fails, or [`ATTEMPT_DELAY_NS`] after the last one has
//!   begun. At most [`MAX_ATTEMPTS`] are under way.
//! * A3. The first attempt that connects is the result; the sockets of the others are closed. One that connects
//!   before the deadline counts, even if the caller sees it later. If all fail, the result is the last error.
//! * A4. No result is connected to itself: each connected socket passes through [`into_connection`]. A TCP socket
//!   that is gets ECONNREFUSED, since no socket listens at that address. A UDP socket is replaced by one with another
//!   port.
//! * A5. All attempts run in the caller's task or thread, which waits for all of them at once.
//!
//! Section 3 (asynchronous queries) does not apply: getaddrinfo(3) returns the addresses of both families together.

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

/// The connection attempt delay of RFC 8305.
const ATTEMPT_DELAY_NS: i64 = 250_000_000;
/// The most attempts that are under way at once.
const MAX_ATTEMPTS: usize = 16;

/// Iterates over a list of addresses in the order of A1.
struct Interleaved {
    /// The rest of the list, for each of the two: addresses of `family`, and all others.
    next: [*const libc::addrinfo; 2],
    /// The family of the first address.
    family: c_int,
    /// Which of the two is next.
    is_other: bool,
}

impl Interleaved {
    /// # Safety
    /// `first` begins a list of addresses, or is NULL. The list outlives the iterator.
    unsafe fn new(first: *const libc::addrinfo) -> Interleaved {
        // SAFETY: an address or NULL.
        let family = unsafe { first.as_ref() }.map_or(libc::AF_UNSPEC, |first| first.ai_family);
        Interleaved { next: [first; 2], family, is_other: false }
    }

    /// The next address of one of the two, or NULL.
    fn find(&mut self, is_other: bool) -> *const libc::addrinfo {
        let [same, other] = &mut self.next;
        let rest = if is_other { other } else { same };
        let mut this = *rest;
        // SAFETY: an entry of the list, or NULL.
        while let Some(info) = unsafe { this.as_ref() } {
            *rest = info.ai_next;
            if (info.ai_family != self.family) == is_other {
                break;
            }
            this = info.ai_next;
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

/// Gives a connected socket to the caller. Errors: `ECONNREFUSED` if it is connected to itself (A4).
fn into_connection(own: OwnFd) -> Result<c_int> {
    let fd = own.file().fd();
    if socket::is_to_itself(fd) {
        socket::reset_at_close(fd);
        return Err(libc::ECONNREFUSED);
    }
    own.into_raw()
}

/// The attempts that are under way: the first `count` sockets. A drop closes them.
struct Attempts {
    sockets: [Option<OwnFd>; MAX_ATTEMPTS],
    count: usize,
}

impl Attempts {
    fn files(&self) -> impl Iterator<Item = &FdRef> {
        let under_way = self.sockets.get(..self.count).unwrap_or_default();
        under_way.iter().filter_map(|own| own.as_ref().map(OwnFd::file))
    }

    /// Begins an attempt. Returns the connection if it is there at once, and None if the attempt is under way.
    #[inline(never)]
    fn begin(&mut self, address: &libc::addrinfo) -> Result<Option<c_int>> {
        let own = socket::socket(address.ai_family, address.ai_socktype, address.ai_protocol)?;
        // SAFETY: `ai_addr` has `ai_addrlen` bytes.
        let begun =
            unsafe { socket::start_connect(own.file().fd(), address.ai_addr, address.ai_addrlen) };
        if own.file().check_result(begun)? {
            if address.ai_socktype == libc::SOCK_DGRAM && socket::is_to_itself(own.file().fd()) {
                // This socket keeps its port until the next one has another port.
                return self.begin(address);
            }
            return into_connection(own).map(Some);
        }
        *self.sockets.get_mut(self.count).ok_or(libc::EMFILE)? = Some(own);
        self.count += 1;
        Ok(None)
    }

    /// Checks all attempts. Returns the first connection; the error of the first attempt that has failed, which is
    /// closed; or None if all are under way.
    #[inline(never)]
    fn take_finished(&mut self) -> Result<Option<c_int>> {
        for index in 0..self.count {
            let Some(file) = self.files().nth(index) else { break };
            let outcome = match socket::is_connected(file.fd()) {
                Ok(false) => continue,
                Ok(true) => socket::connect_result(file.fd()),
                Err(error) => Err(error),
            };
            let outcome = file.check_result(outcome);
            self.count -= 1;
            let last = self.sockets.get_mut(self.count).and_then(Option::take);
            let own = match self.sockets.get_mut(index) {
                Some(slot) if index < self.count => mem::replace(slot, last),
                _ => last,
            };
            outcome?;
            return own.map(into_connection).transpose();
        }
        Ok(None)
    }

    /// Waits until an attempt may have finished. Errors: `ETIMEDOUT`, `ECANCELED`.
    #[inline(never)]
    fn wait(&self, deadline: Deadline) -> Result<()> {
        if task::current().is_null() {
            return self.wait_in_thread(deadline);
        }
        let mut cases = [acort_case_t { op: ACORT_FD_WRITE, ..acort_case_t::EMPTY }; MAX_ATTEMPTS];
        for (case, file) in cases.iter_mut().zip(self.files()) {
            case.fd = file.fd();
        }
        let cases = cases.get_mut(..self.count).unwrap_or_default();
        // SAFETY: the cases have descriptors and no objects.
        unsafe { select(cases, deadline) }.map(drop)
    }

    fn wait_in_thread(&self, deadline: Deadline) -> Result<()> {
        let mut polled = [libc::pollfd { fd: -1, events: libc::POLLOUT, revents: 0 }; MAX_ATTEMPTS];
        for (slot, file) in polled.iter_mut().zip(self.files()) {
            slot.fd = file.fd();
        }
        // poll(2) does not notice if other code closes a descriptor: so the thread checks from time to time.
        let recheck = Deadline::at(os::now().saturating_add(ATTEMPT_DELAY_NS));
        os::poll(&mut polled, recheck.min(deadline))?;
        if deadline.has_passed() { Err(libc::ETIMEDOUT) } else { Ok(()) }
    }
}

/// Connects to the first of `addresses` that answers.
///
/// Errors: `ETIMEDOUT`, `ECANCELED`; the error of the last attempt that has failed.
pub(super) fn connect_first(addresses: &Addresses, deadline: Deadline) -> Result<c_int> {
    // SAFETY: `addresses` keeps the list until this function returns.
    let mut left = unsafe { Interleaved::new(addresses.first()) }.peekable();
    let mut attempts = Attempts { sockets: [const { None }; MAX_ATTEMPTS], count: 0 };
    let mut error = libc::EADDRNOTAVAIL;
    // When the next attempt may begin (A2).
    let mut next_at = Deadline::NOW;
    loop {
        let has_capacity = attempts.count < MAX_ATTEMPTS;
        // SAFETY: an entry of the list.
        let next = left.peek().copied().and_then(|next| unsafe { next.as_ref() });
        let progress = match next {
            Some(next) if has_capacity && next_at.has_passed() => {
                left.next();
                next_at = Deadline::at(os::now().saturating_add(ATTEMPT_DELAY_NS));
                attempts.begin(next)
            }
            None if attempts.count == 0 => return Err(error),
            _ => {
                let has_next = next.is_some() && has_capacity;
                let until_next = if has_next { next_at } else { Deadline::NEVER };
                match attempts.wait(deadline.min(until_next)) {
                    Err(libc::ETIMEDOUT) if until_next.has_passed() && !deadline.has_passed() => {}
                    // A connection that came in time counts (A3).
                    Err(libc::ETIMEDOUT) => {
                        return attempts.take_finished()?.ok_or(libc::ETIMEDOUT);
                    }
                    waited => waited?,
                }
                attempts.take_finished()
            }
        };
        match progress {
            Ok(Some(fd)) => return Ok(fd),
            Ok(None) => {}
            Err(failed) => (error, next_at) = (failed, Deadline::NOW),
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::ptr;

    /// The order of a list of such families, as indexes.
    fn order(families: &[c_int]) -> Vec<usize> {
        // SAFETY: all zero is an addrinfo.
        let new =
            |family: &c_int| libc::addrinfo { ai_family: *family, ..unsafe { mem::zeroed() } };
        let mut list: Vec<libc::addrinfo> = families.iter().map(new).collect();
        let base = list.as_mut_ptr();
        for (index, info) in list.iter_mut().enumerate().rev().skip(1) {
            info.ai_next = base.wrapping_add(index + 1);
        }
        let first = if list.is_empty() { ptr::null() } else { base.cast_const() };
        // SAFETY: the list is linked from its first entry to its last, and stays until the end.
        let interleaved = unsafe { Interleaved::new(first) };
        interleaved.map(|info| (info.addr() - base.addr()) / size_of::<libc::addrinfo>()).collect()
    }

    #[test]
    fn families_alternate() {
        const SIX: c_int = libc::AF_INET6;
        const FOUR: c_int = libc::AF_INET;
        assert_eq!(order(&[]), []);
        assert_eq!(order(&[SIX, SIX, SIX]), [0, 1, 2]);
        assert_eq!(order(&[SIX, SIX, FOUR, FOUR]), [0, 2, 1, 3]);
        assert_eq!(order(&[FOUR, SIX, SIX, SIX, FOUR]), [0, 1, 4, 2, 3]);
        assert_eq!(order(&[FOUR, FOUR, FOUR, SIX]), [0, 3, 1, 2]);
    }
}
