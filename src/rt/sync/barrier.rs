//! Barriers: as many as belong to one go on together.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Hearing;
use crate::rt::base::wait_queue::Queue;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::abi::acort_barrier_t;
use crate::rt::os::Outcome;
use crate::rt::park::wait::{self, Wait};
use crate::rt::park::wake::wake_all;

/// What stands in an `acort_barrier_t`.
#[repr(C)]
pub(crate) struct Barrier {
    lock: Lock,
    needed: u32,
    arrived: u32,
    /// Counts how often all were there.
    round: u32,
    queue: Queue,
}

const _: () = assert!(size_of::<Barrier>() <= size_of::<acort_barrier_t>());

/// It is for so many. EINVAL: for nobody; EBUSY: somebody waits.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn init(barrier: *mut Barrier, count: u32) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let _held = (*barrier).lock.hold();
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
pub(crate) unsafe fn wait(barrier: *mut Barrier, deadline: i64) -> Outcome<bool> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let lock = &raw const (*barrier).lock;
        (*lock).take();
        if (*barrier).needed == 0 {
            (*lock).give();
            return Err(libc::EINVAL);
        }
        if (*barrier).arrived + 1 >= (*barrier).needed {
            (*barrier).arrived = 0;
            (*barrier).round = (*barrier).round.wrapping_add(1);
            let list = (*barrier).queue.claim_all();
            (*lock).give();
            wake_all(list, None);
            return Ok(true);
        }
        (*barrier).arrived += 1;
        let round = (*barrier).round;
        let hearing = Hearing::Cancellation;
        let wait = Wait::new(Why::Barrier, barrier as usize, hearing, deadline);
        let outcome = wait::in_queue(lock, &raw mut (*barrier).queue, ptr::null_mut(), wait);
        if let Err(error) = outcome {
            // Unless all were there at that very moment it is not counted.
            let _held = (*lock).hold();
            if (*barrier).round == round {
                (*barrier).arrived -= 1;
                return Err(error);
            }
        }
    }
    Ok(false)
}
