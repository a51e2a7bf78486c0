//! One-time initialization: the first caller runs a function, the others wait until it has returned.
//!
//! ```text
//!   INCOMPLETE ── first call ──> RUNNING(runner) ── the function returns ──> COMPLETE
//! ```
//!
//! * K1. The state changes under the lock. COMPLETE is permanent: a call that reads it (Acquire) takes no lock.
//! * K2. The function runs without the lock.
//! * K3. The runner unlocks before it wakes the waiters, and does not use the object afterwards.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::rt::base::{Aliased, Lock, WaitQueue, WaitReason, tsan_acquire, tsan_release};
use crate::rt::model::Caller;
use crate::rt::model::abi::acort_once_t;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt};

/// No caller has run the function.
const INCOMPLETE: u32 = 0;
/// A caller runs the function.
const RUNNING: u32 = 1;
/// The function has returned.
const COMPLETE: u32 = 2;

/// The contents of an `acort_once_t`. All zero: INCOMPLETE.
#[repr(C)]
pub(crate) struct Once {
    /// Protects the other fields, except for reads of COMPLETE (K1).
    lock: Lock,
    state: AtomicU32,
    /// The caller that runs the function.
    runner: usize,
    queue: WaitQueue,
    _aliased: Aliased,
}

const _: () = assert!(size_of::<Once>() <= size_of::<acort_once_t>());

/// For callers that have seen RUNNING or COMPLETE.
impl Waitable for Once {
    unsafe fn parts(once: *mut Once) -> Parts {
        // SAFETY: the object exists.
        unsafe { (&raw const (*once).lock, &raw mut (*once).queue) }
    }

    unsafe fn attempt(&mut self, _: *mut u8) -> Attempt {
        match self.state.load(Ordering::Relaxed) {
            COMPLETE => SUCCESS,
            _ if self.runner == Caller::current().owner() => Some(Err(libc::EDEADLK)),
            _ => None,
        }
    }
}

/// Calls `function` with `argument` if no caller has. If another caller runs the function, waits until it has returned.
/// Errors: `EDEADLK` if the caller itself runs it; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// The object exists during the call, and as long as a call waits for it. `function` may be called with `argument`.
pub(crate) unsafe fn once(
    caller: Caller,
    once: *mut Once,
    function: unsafe extern "C" fn(*mut c_void),
    argument: *mut c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the object exists, and the function may be called.
    unsafe {
        if (*once).state.load(Ordering::Acquire) == COMPLETE {
            tsan_acquire(once);
            return Ok(());
        }
        let guard = (*once).lock.guard();
        if (*once).state.load(Ordering::Relaxed) == INCOMPLETE {
            (*once).state.store(RUNNING, Ordering::Relaxed);
            (*once).runner = caller.owner();
            drop(guard);
            function(argument);
            complete(once);
            return Ok(());
        }
        drop(guard);
        attempt::wait(caller, once, ptr::null_mut(), WaitReason::Once, deadline)
    }
}

/// Records that the function has returned, and wakes the waiters (K3).
unsafe fn complete(once: *mut Once) {
    let complete = |once: &mut Once| {
        tsan_release(once);
        once.state.store(COMPLETE, Ordering::Release);
        Ok(once.queue.claim_all())
    };
    // SAFETY: the object exists until it is unlocked.
    let _ = unsafe { attempt::change_and_wake(once, complete) };
}
