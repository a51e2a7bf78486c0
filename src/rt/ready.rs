//! Waiting until a file descriptor is ready.

use core::ffi::c_int;

use super::abi::{ACORT_FD_READ, ACORT_FD_WRITE, acort_case_t};
use super::kinds;
use super::select::select;
use super::{Outcome, descriptors, os, task};

/// Waits until `fd` is ready for some of `events` (POLLIN, POLLOUT), and gives which. EINVAL: for none.
pub(crate) fn ready(fd: c_int, events: c_int, deadline: i64) -> Outcome<c_int> {
    const BOTH: c_int = (libc::POLLIN | libc::POLLOUT) as c_int;
    if events & BOTH == 0 || events & !BOTH != 0 {
        return Err(libc::EINVAL);
    }
    let entry = descriptors::entry(fd)?;
    let case = |op| acort_case_t { op, fd, ..acort_case_t::EMPTY };
    loop {
        kinds::kind(fd, entry)?;
        let found =
            kinds::poll(fd, events as i16, if task::here().is_null() { deadline } else { 0 });
        match found {
            Ok(0) if deadline == 0 || task::here().is_null() && is_over(deadline) => {
                return Err(libc::ETIMEDOUT);
            }
            Ok(0) | Err(libc::EINTR) => {}
            outcome => return outcome.map(c_int::from),
        }
        if task::here().is_null() {
            continue;
        }
        // Only one way: once for each.
        let mut cases = [case(ACORT_FD_READ), case(ACORT_FD_WRITE)];
        let wanted = match events {
            BOTH => &mut cases[..],
            one if one & libc::POLLIN as c_int != 0 => cases.split_at_mut(1).0,
            _ => cases.split_at_mut(1).1,
        };
        // SAFETY: cases without objects.
        unsafe { select(wanted, deadline)? };
    }
}

fn is_over(deadline: i64) -> bool {
    deadline >= 0 && os::now() >= deadline
}
