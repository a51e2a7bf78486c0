//! acort_poll(): waits until some of several descriptors are ready, as poll(2) does.
//!
//! poll(2) gives the results. A select waits before: it has a case for each queue of an entry that events of the
//! descriptor wake (W1 of `readiness`). POLLERR and POLLHUP wake both queues.
//!
//! ```text
//!   events                                     queue
//!   ─────────────────────────────────────────  ───────
//!   POLLOUT, POLLWRNORM, POLLWRBAND            writers
//!   POLLIN, POLLPRI, POLLRDHUP, others, none   readers
//! ```

use core::ffi::c_int;
use core::{ptr, slice};

use super::call::select_polls;
use super::case::{POLL_READ, POLL_WRITE, POLL_WRITE_TOO};
use crate::rt::base::is_interruption;
use crate::rt::io::fd_table;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::{Caller, task, test_run};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::sleep;
use crate::sys;

/// The events that wake the queue of writers.
const WRITES: i16 = libc::POLLOUT | libc::POLLWRNORM | libc::POLLWRBAND;

/// The cases of a descriptor, and their number.
pub(super) fn cases_of(fd: c_int, events: i16) -> ([acort_case_t; 2], usize) {
    let case = |op| acort_case_t { op, fd, reserved: events.into(), ..acort_case_t::EMPTY };
    match (events & WRITES != 0, events & !WRITES != 0) {
        (true, false) => ([case(POLL_WRITE), acort_case_t::EMPTY], 1),
        (is_write, _) => ([case(POLL_READ), case(POLL_WRITE_TOO)], 1 + usize::from(is_write)),
    }
}

/// The cases of several descriptors, in one piece of memory.
struct Cases {
    first: *mut acort_case_t,
    count: usize,
}

impl Cases {
    /// The cases of the descriptors that are not negative. Errors: `ENOMEM`.
    fn of(fds: &[libc::pollfd]) -> Result<Cases> {
        let size = (2 * fds.len()).max(1) * size_of::<acort_case_t>();
        let mut all =
            Cases { first: sys::allocate(size).ok_or(libc::ENOMEM)?.as_ptr().cast(), count: 0 };
        for file in fds.iter().filter(|file| file.fd >= 0) {
            let (cases, count) = cases_of(file.fd, file.events);
            // SAFETY: there is room for two cases for each descriptor.
            unsafe { ptr::copy_nonoverlapping(cases.as_ptr(), all.first.add(all.count), count) };
            all.count += count;
        }
        Ok(all)
    }

    fn as_mut_slice(&mut self) -> &mut [acort_case_t] {
        // SAFETY: `count` cases are written, and only this call uses them.
        unsafe { slice::from_raw_parts_mut(self.first, self.count) }
    }
}

impl Drop for Cases {
    fn drop(&mut self) {
        // SAFETY: the memory is from `allocate`.
        unsafe { sys::free(self.first.cast()) }
    }
}

/// Returns true if the case at `earlier` belongs behind the one at `later`.
fn is_misplaced(cases: &[acort_case_t], earlier: usize, later: usize) -> bool {
    let key = |at: usize| {
        let case = cases.get(at)?;
        Some((fd_table::entry(case.fd).ok()?, -case.op))
    };
    key(earlier) > key(later)
}

/// Sorts cases by their entries, in which order the select locks them, and the cases of an entry by their operations.
/// A shell sort: it is small, and fast on what is nearly sorted.
fn sort(cases: &mut [acort_case_t]) {
    let mut gap = cases.len();
    while gap > 1 {
        gap = (gap * 5 / 11).max(1);
        for start in gap..cases.len() {
            let mut at = start;
            while at >= gap && is_misplaced(cases, at - gap, at) {
                cases.swap(at - gap, at);
                at -= gap;
            }
        }
    }
}

/// Waits until some of `fds` are ready, and returns how many. 0: the deadline has passed. Errors: `ECANCELED` if the
/// task is canceled, or acort has closed a file; `EINVAL` for too many descriptors; those of poll(2) and of
/// [`select`](super::call::select).
pub(crate) fn poll(fds: &mut [libc::pollfd], deadline: Deadline) -> Result<usize> {
    let is_task = !task::current().is_null();
    test_run::check_outside(Caller::current())?;
    loop {
        let waited = if is_task { wait(fds, deadline) } else { Ok(()) };
        match waited {
            Err(stop) if stop == libc::ECANCELED || is_interruption(stop) => return Err(stop),
            _ => {}
        }
        // A descriptor that is ready, or not open, matters more than another error of the wait.
        match os::poll(fds, if is_task { Deadline::NOW } else { deadline })? {
            0 if deadline.has_passed() || waited == Err(libc::ETIMEDOUT) => return Ok(0),
            0 => waited?,
            found => return Ok(found),
        }
    }
}

/// Waits until one of `fds` may be ready.
fn wait(fds: &[libc::pollfd], deadline: Deadline) -> Result<()> {
    let mut cases = Cases::of(fds)?;
    match cases.as_mut_slice() {
        [] if deadline.is_now() => Ok(()),
        [] => sleep::sleep_until(deadline),
        cases => {
            sort(cases);
            select_polls(cases, deadline)
        }
    }
}
