//! acort_fdwait(): waits until a file descriptor is ready, without consuming anything.

use core::ffi::c_int;

use super::call::select_polls;
use super::poll::cases_of;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::readiness::Woken;
use crate::rt::io::{fd_type, thread_wait};
use crate::rt::model::task;
use crate::rt::os::{Deadline, Result};

/// Waits until `fd` is ready for some of `events` (POLLIN, POLLOUT, POLLPRI, POLLRDHUP), and returns for which. Errors:
/// `EINVAL` for no events or others; `ETIMEDOUT`; `ECANCELED` if the task is canceled, or the file closed; those of
/// `FdRef::enter`.
pub(crate) fn fdwait(fd: c_int, events: c_int, deadline: Deadline) -> Result<c_int> {
    const ALL: i16 = libc::POLLIN | libc::POLLOUT | libc::POLLPRI | libc::POLLRDHUP;
    if events == 0 || events & !c_int::from(ALL) != 0 {
        return Err(libc::EINVAL);
    }
    let file = FdRef::enter(fd)?;
    let mut is_last = deadline.is_now();
    loop {
        file.check()?;
        let found = fd_type::type_for_poll(&file).and_then(|_| fd_type::poll(fd, events as i16));
        match file.check_result(found)? {
            0 if is_last => return Err(libc::ETIMEDOUT),
            0 => {
                let woken = Woken::of(wait(&file, events, deadline));
                is_last = file.check_result(woken)? == Woken::TimedOut;
            }
            found => return Ok(found.into()),
        }
    }
}

/// Waits until the file may be ready.
fn wait(file: &FdRef, events: c_int, deadline: Deadline) -> Result<()> {
    if task::current().is_null() {
        return thread_wait::poll(file, events as i16, deadline).map(drop);
    }
    // The select enters by the number. While this call is active, the number means this file or a placeholder (R1).
    let (mut cases, count) = cases_of(file.fd(), events as i16);
    select_polls(cases.split_at_mut(count).0, deadline)
}
