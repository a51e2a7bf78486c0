//! acort_fdwait(): waits until a file descriptor is ready, without consuming anything.

use core::ffi::c_int;

use super::call::select;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::readiness::Woken;
use crate::rt::io::{fd_type, thread_wait};
use crate::rt::model::abi::{ACORT_FD_READ, ACORT_FD_WRITE, acort_case_t};
use crate::rt::model::task;
use crate::rt::os::{Deadline, Result};

/// Waits until `fd` is ready for some of `events` (POLLIN, POLLOUT), and returns for which. Errors: `EINVAL` for no
/// events or others; `ETIMEDOUT`; `ECANCELED` if the task is canceled, or the file closed; those of `FdRef::enter`.
pub(crate) fn fdwait(fd: c_int, events: c_int, deadline: Deadline) -> Result<c_int> {
    const BOTH: c_int = (libc::POLLIN | libc::POLLOUT) as c_int;
    if events & BOTH == 0 || events & !BOTH != 0 {
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
    let case = |op| acort_case_t { op, fd: file.fd(), ..acort_case_t::EMPTY };
    let mut cases = [case(ACORT_FD_READ), case(ACORT_FD_WRITE)];
    let has = |event: i16| events & c_int::from(event) != 0;
    let wanted = match (has(libc::POLLIN), has(libc::POLLOUT)) {
        (true, true) => &mut cases[..],
        (true, false) => cases.split_at_mut(1).0,
        _ => cases.split_at_mut(1).1,
    };
    // SAFETY: cases of descriptors have no objects and no data.
    unsafe { select(wanted, deadline) }.map(drop)
}
