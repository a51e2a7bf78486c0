//! Semaphores.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Hearing;
use crate::rt::base::wait_queue::Queue;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::abi::acort_sem_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Outcome;
use crate::rt::park::attempt::{self, Awaited};
use crate::rt::park::wake::wake_waiter;

/// What stands in an `acort_sem_t`.
#[repr(C)]
pub(crate) struct Semaphore {
    lock: Lock,
    count: u32,
    queue: Queue,
}

const _: () = assert!(size_of::<Semaphore>() <= size_of::<acort_sem_t>());

impl Awaited for Semaphore {
    unsafe fn parts(semaphore: *mut Semaphore) -> (*const Lock, *mut Queue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*semaphore).lock, &raw mut (*semaphore).queue) }
    }

    unsafe fn attempt(semaphore: *mut Semaphore, _: *mut u8) -> Option<Outcome<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*semaphore).count == 0 {
                return None;
            }
            (*semaphore).count -= 1;
            (*semaphore).lock.give();
        }
        Some(Ok(()))
    }
}

/// Gives it a count. EBUSY: somebody waits.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn init(semaphore: *mut Semaphore, count: u32) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let _held = (*semaphore).lock.hold();
        if !(*semaphore).queue.is_empty() {
            return Err(libc::EBUSY);
        }
        (*semaphore).count = count;
    }
    Ok(())
}

/// Counts up, or lets who waits first go on. EOVERFLOW.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn post(semaphore: *mut Semaphore) -> Outcome<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*semaphore).lock.hold();
        let first = (*semaphore).queue.claim_first();
        if first.is_null() {
            (*semaphore).count = (*semaphore).count.checked_add(1).ok_or(libc::EOVERFLOW)?;
            return Ok(());
        }
        drop(held);
        wake_waiter(first);
    }
    Ok(())
}

/// Counts down, or waits for who counts up.
///
/// # Safety
/// As [`init`].
#[inline(always)]
pub(crate) unsafe fn wait(caller: Caller, semaphore: *mut Semaphore, deadline: i64) -> Outcome<()> {
    let (why, hearing) = (Why::Semaphore, Hearing::Cancellation);
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, semaphore, ptr::null_mut(), why, hearing, deadline) }
}
