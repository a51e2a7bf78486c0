//! A wait group: a count of pending work, and the callers that wait until it is 0.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_waitgroup_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// The contents of an `acort_waitgroup_t`. All zero: no pending work.
#[repr(C)]
pub(crate) struct WaitGroup {
    /// Protects the other fields.
    lock: Lock,
    count: u32,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<WaitGroup>() <= size_of::<acort_waitgroup_t>());

impl Waitable for WaitGroup {
    unsafe fn parts(group: *mut WaitGroup) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the wait group exists.
        unsafe { (&raw const (*group).lock, &raw mut (*group).queue) }
    }

    unsafe fn attempt(group: *mut WaitGroup, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the wait group exists, and its lock is held.
        unsafe {
            if (*group).count != 0 {
                return None;
            }
            (*group).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// Adds `delta` to the count. At 0 all waiters are woken. Errors: `EINVAL` if the count would be negative; `EOVERFLOW`.
///
/// # Safety
/// The wait group exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn add(group: *mut WaitGroup, delta: i32) -> Result<()> {
    // SAFETY: the wait group exists until it is unlocked. A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*group).lock.guard();
        let error = if delta < 0 { libc::EINVAL } else { libc::EOVERFLOW };
        (*group).count = (*group).count.checked_add_signed(delta).ok_or(error)?;
        let is_done = (*group).count == 0;
        let list = if is_done { (*group).queue.claim_all() } else { ptr::null_mut() };
        drop(guard);
        wake_all(list, None);
    }
    Ok(())
}

/// Waits until the count is 0.
///
/// # Safety
/// As [`add`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, group: *mut WaitGroup, deadline: Deadline) -> Result<()> {
    let (wait_reason, mode) = (WaitReason::WaitGroup, WaitMode::Cancellable);
    // SAFETY: the wait group exists.
    unsafe { attempt::wait(caller, group, ptr::null_mut(), wait_reason, mode, deadline) }
}
