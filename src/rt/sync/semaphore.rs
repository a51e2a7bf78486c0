//! A counting semaphore. A post hands its unit to the first waiter; without waiters it raises the count.
//!
//! So the count is 0 while a caller waits, and no caller takes a unit before an earlier waiter.

use core::ptr;

use crate::rt::base::{Aliased, Lock, WaitQueue, WaitReason};
use crate::rt::model::Caller;
use crate::rt::model::abi::acort_sem_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt, wake_waiter};

/// The contents of an `acort_sem_t`. All zero: no units.
#[repr(C)]
pub(crate) struct Semaphore {
    /// Protects the other fields.
    lock: Lock,
    count: u32,
    queue: WaitQueue,
    _aliased: Aliased,
}

const _: () = assert!(size_of::<Semaphore>() <= size_of::<acort_sem_t>());

impl Waitable for Semaphore {
    unsafe fn parts(semaphore: *mut Semaphore) -> Parts {
        // SAFETY: the semaphore exists.
        unsafe { (&raw const (*semaphore).lock, &raw mut (*semaphore).queue) }
    }

    unsafe fn attempt(&mut self, _: *mut u8) -> Attempt {
        self.count = self.count.checked_sub(1)?;
        SUCCESS
    }
}

/// Sets the count. Errors: `EBUSY` if callers wait.
///
/// # Safety
/// The semaphore exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn init(semaphore: *mut Semaphore, count: u32) -> Result<()> {
    // SAFETY: the semaphore exists.
    unsafe {
        let _guard = (*semaphore).lock.guard();
        if !(*semaphore).queue.is_empty() {
            return Err(libc::EBUSY);
        }
        (*semaphore).count = count;
    }
    Ok(())
}

/// Hands a unit to the first waiter, or raises the count. Errors: `EOVERFLOW`.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn post(semaphore: *mut Semaphore) -> Result<()> {
    // SAFETY: the semaphore exists until it is unlocked. A claimed waiter stays in its call until it is woken.
    unsafe {
        let guard = (*semaphore).lock.guard();
        let first = (*semaphore).queue.claim_front();
        if first.is_null() {
            (*semaphore).count = (*semaphore).count.checked_add(1).ok_or(libc::EOVERFLOW)?;
        }
        drop(guard);
        wake_waiter(first);
    }
    Ok(())
}

/// The count.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn count(semaphore: *mut Semaphore) -> u32 {
    // SAFETY: the semaphore exists.
    unsafe {
        let _guard = (*semaphore).lock.guard();
        (*semaphore).count
    }
}

/// Takes a unit, or waits for one.
///
/// # Safety
/// As [`init`].
#[inline(always)]
pub(crate) unsafe fn wait(
    caller: Caller,
    semaphore: *mut Semaphore,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the semaphore exists.
    unsafe { attempt::wait(caller, semaphore, ptr::null_mut(), WaitReason::Semaphore, deadline) }
}
