//! A wait group: a count of pending work, and the callers that wait until it is 0.

use core::ptr;

use crate::rt::base::{Aliased, Lock, WaitQueue, WaitReason, WakeList};
use crate::rt::model::Caller;
use crate::rt::model::abi::acort_waitgroup_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt};

/// The contents of an `acort_waitgroup_t`. All zero: no pending work.
#[repr(C)]
pub(crate) struct WaitGroup {
    /// Protects the other fields.
    lock: Lock,
    count: u32,
    queue: WaitQueue,
    _aliased: Aliased,
}

const _: () = assert!(size_of::<WaitGroup>() <= size_of::<acort_waitgroup_t>());

impl Waitable for WaitGroup {
    unsafe fn parts(group: *mut WaitGroup) -> Parts {
        // SAFETY: the wait group exists.
        unsafe { (&raw const (*group).lock, &raw mut (*group).queue) }
    }

    unsafe fn attempt(&mut self, _: *mut u8) -> Attempt {
        if self.count == 0 { SUCCESS } else { None }
    }
}

/// Adds `delta` to the count. At 0 all waiters are woken. Errors: `EINVAL` if the count would be negative; `EOVERFLOW`.
///
/// # Safety
/// The wait group exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn add(group: *mut WaitGroup, delta: i32) -> Result<()> {
    let add = |group: &mut WaitGroup| {
        let error = if delta < 0 { libc::EINVAL } else { libc::EOVERFLOW };
        group.count = group.count.checked_add_signed(delta).ok_or(error)?;
        Ok(if group.count == 0 { group.queue.claim_all() } else { WakeList::NEW })
    };
    // SAFETY: the wait group exists until it is unlocked.
    unsafe { attempt::change_and_wake(group, add) }
}

/// Waits until the count is 0.
///
/// # Safety
/// As [`add`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, group: *mut WaitGroup, deadline: Deadline) -> Result<()> {
    // SAFETY: the wait group exists.
    unsafe { attempt::wait(caller, group, ptr::null_mut(), WaitReason::WaitGroup, deadline) }
}
