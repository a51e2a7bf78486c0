//! Barriers: as many as belong to one go on together.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_barrier_t;
use crate::rt::os::Result;
use crate::rt::park::wait::{self, Wait};
use crate::rt::park::wake::wake_all;

/// What stands in an `acort_barrier_t`.
#[repr(C)]
pub(crate) struct Barrier {
    lock: Lock,
    needed: u32,
    arrived: u32,
    /// Counters how often all were there.
    round: u32,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Barrier>() <= size_of::<acort_barrier_t>());

/// It is for so many. EINVAL: for nobody; EBUSY: somebody waits.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn init(barrier: *mut Barrier, count: u32) -> Result<()> {
    // SAFETY: the caller's promise.
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

/// Waits until all are there. True: the caller was the last. EINVAL: it is for nobody.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn wait(barrier: *mut Barrier, deadline: i64) -> Result<bool> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
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
        let mode = WaitMode::Cancellable;
        let wait = Wait::new(WaitReason::Barrier, barrier as usize, mode, deadline);
        let outcome = wait::wait_on(lock, &raw mut (*barrier).queue, ptr::null_mut(), wait);
        if let Err(error) = outcome {
            // Unless all were there at that very moment it is not counted.
            let _guard = (*lock).guard();
            if (*barrier).round == round {
                (*barrier).arrived -= 1;
                return Err(error);
            }
        }
    }
    Ok(false)
}
