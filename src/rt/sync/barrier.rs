//! A barrier: callers wait until the last one of a round has arrived.
//!
//! ```text
//!   arrived  step                                                 arrived  round
//!   ───────  ───────────────────────────────────────────────────  ───────  ─────────────────────────────────
//!   n        a caller arrives, n + 1 < needed                     n + 1    it waits
//!   n        a caller arrives, n + 1 >= needed                    0        + 1; all waiters are woken
//!   n        a wait is canceled or times out in its own round     n - 1    the caller is not counted
//!   any      the same, after the round has ended                  same     the wait succeeds
//! ```

use core::ptr;

use crate::rt::base::{Lock, WaitQueue, WaitReason};
use crate::rt::model::abi::acort_barrier_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Wait, wait, wake_all};

/// The contents of an `acort_barrier_t`. All zero: not initialized.
#[repr(C)]
pub(crate) struct Barrier {
    /// Protects the other fields.
    lock: Lock,
    /// The number of callers of a round.
    needed: u32,
    /// The number of callers that wait in this round.
    arrived: u32,
    round: u32,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Barrier>() <= size_of::<acort_barrier_t>());

/// Sets the number of callers of a round. Errors: `EINVAL` if `count` is 0; `EBUSY` if callers wait.
///
/// # Safety
/// The barrier exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn init(barrier: *mut Barrier, count: u32) -> Result<()> {
    // SAFETY: the barrier exists.
    unsafe {
        let _guard = (*barrier).lock.guard();
        if count == 0 {
            return Err(libc::EINVAL);
        }
        if (*barrier).arrived != 0 {
            return Err(libc::EBUSY);
        }
        (*barrier).needed = count;
    }
    Ok(())
}

/// Waits until all callers of the round have arrived. Returns true to the last one. Errors: `EINVAL` if the barrier is
/// not initialized; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn wait(barrier: *mut Barrier, deadline: Deadline) -> Result<bool> {
    // SAFETY: the barrier exists until it is unlocked for the last time in this call. A claimed waiter stays in its
    // call until it is woken.
    unsafe {
        let lock = &raw const (*barrier).lock;
        (*lock).lock();
        if (*barrier).needed == 0 {
            (*lock).unlock();
            return Err(libc::EINVAL);
        }
        if (*barrier).arrived + 1 >= (*barrier).needed {
            (*barrier).arrived = 0;
            (*barrier).round = (*barrier).round.wrapping_add(1);
            let list = (*barrier).queue.claim_all();
            (*lock).unlock();
            wake_all(list, None);
            return Ok(true);
        }
        (*barrier).arrived += 1;
        let round = (*barrier).round;
        let parts = (lock, &raw mut (*barrier).queue);
        let wait = Wait::new(WaitReason::Barrier, barrier as usize, deadline);
        let outcome = wait::wait_on(parts, ptr::null_mut(), wait);
        if let Err(error) = outcome {
            let _guard = (*lock).guard();
            if (*barrier).round == round {
                (*barrier).arrived -= 1;
                return Err(error);
            }
        }
    }
    Ok(false)
}
