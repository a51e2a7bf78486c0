//! Waitgroups: a count of what is to be done, and waiting for its end.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_waitgroup_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// What stands in an `acort_waitgroup_t`.
#[repr(C)]
pub(crate) struct WaitGroup {
    lock: Lock,
    count: u32,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<WaitGroup>() <= size_of::<acort_waitgroup_t>());

impl Waitable for WaitGroup {
    unsafe fn parts(group: *mut WaitGroup) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*group).lock, &raw mut (*group).queue) }
    }

    unsafe fn attempt(group: *mut WaitGroup, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*group).count != 0 {
                return None;
            }
            (*group).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// So much more is to be done, or less. At 0 who waits goes on. EINVAL: fewer than none; EOVERFLOW.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn add(group: *mut WaitGroup, more: i32) -> Result<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*group).lock.guard();
        let error = if more < 0 { libc::EINVAL } else { libc::EOVERFLOW };
        (*group).count = (*group).count.checked_add_signed(more).ok_or(error)?;
        let is_done = (*group).count == 0;
        let list = if is_done { (*group).queue.claim_all() } else { ptr::null_mut() };
        drop(held);
        wake_all(list, None);
    }
    Ok(())
}

/// Waits until nothing is to be done.
///
/// # Safety
/// As [`add`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, group: *mut WaitGroup, deadline: i64) -> Result<()> {
    let (wait_reason, mode) = (WaitReason::WaitGroup, WaitMode::Cancellable);
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, group, ptr::null_mut(), wait_reason, mode, deadline) }
}
