//! Semaphores.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_sem_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_waiter;

/// What stands in an `acort_sem_t`.
#[repr(C)]
pub(crate) struct Semaphore {
    lock: Lock,
    count: u32,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Semaphore>() <= size_of::<acort_sem_t>());

impl Waitable for Semaphore {
    unsafe fn parts(semaphore: *mut Semaphore) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*semaphore).lock, &raw mut (*semaphore).queue) }
    }

    unsafe fn attempt(semaphore: *mut Semaphore, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*semaphore).count == 0 {
                return None;
            }
            (*semaphore).count -= 1;
            (*semaphore).lock.unlock();
        }
        Some(Ok(()))
    }
}

/// Gives it a count. EBUSY: somebody waits.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn init(semaphore: *mut Semaphore, count: u32) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*semaphore).lock.guard();
        if !(*semaphore).queue.is_empty() {
            return Err(libc::EBUSY);
        }
        (*semaphore).count = count;
    }
    Ok(())
}

/// Counters up, or lets who waits first go on. EOVERFLOW.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn post(semaphore: *mut Semaphore) -> Result<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*semaphore).lock.guard();
        let first = (*semaphore).queue.claim_front();
        if first.is_null() {
            (*semaphore).count = (*semaphore).count.checked_add(1).ok_or(libc::EOVERFLOW)?;
            return Ok(());
        }
        drop(held);
        wake_waiter(first);
    }
    Ok(())
}

/// Counters down, or waits for who counts up.
///
/// # Safety
/// As [`init`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, semaphore: *mut Semaphore, deadline: i64) -> Result<()> {
    let (wait_reason, mode) = (WaitReason::Semaphore, WaitMode::Cancellable);
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, semaphore, ptr::null_mut(), wait_reason, mode, deadline) }
}
