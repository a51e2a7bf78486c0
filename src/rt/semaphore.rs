//! Semaphores.

use core::ptr;

use super::Outcome;
use super::lock::Lock;
use super::parker::Hearing;
use super::queue::Queue;
use super::wait::{self, Begun, Wait};
use super::wake::wake_waiter;
use super::why::Why;

/// What stands in an `acort_sem_t`.
#[repr(C)]
pub(crate) struct Semaphore {
    lock: Lock,
    count: u32,
    queue: Queue,
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
pub(crate) unsafe fn wait(semaphore: *mut Semaphore, deadline: i64) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { wait::end_in_queue(begin(semaphore, deadline)) }
}

#[inline(never)]
unsafe fn begin(semaphore: *mut Semaphore, deadline: i64) -> Begun {
    // SAFETY: the caller's promise.
    unsafe {
        let lock = &raw const (*semaphore).lock;
        (*lock).take();
        if (*semaphore).count > 0 {
            (*semaphore).count -= 1;
            (*lock).give();
            return Begun::Over(Ok(()));
        }
        let hearing = Hearing::Cancellation;
        let wait = Wait { why: Why::Semaphore, about: semaphore as usize, hearing, deadline };
        wait::begin_in_queue(lock, &raw mut (*semaphore).queue, ptr::null_mut(), wait)
    }
}
