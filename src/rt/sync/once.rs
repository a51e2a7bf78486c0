//! What is done once: by who comes first, while the others wait for it.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::rt::base::lock::{Lock, tsan_acquire, tsan_release};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_once_t;
use crate::rt::model::caller::Caller;
use crate::rt::os::Result;
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// Nobody has come.
const NEW: u32 = 0;
/// Somebody does it.
const BEGUN: u32 = 1;
/// It is done, for good: nobody takes the lock any more.
const DONE: u32 = 2;

/// What stands in an `acort_once_t`. Everything under its lock, but for the look at `DONE`.
#[repr(C)]
pub(crate) struct Once {
    lock: Lock,
    state: AtomicU32,
    /// Who does it.
    runner: usize,
    queue: WaitQueue,
}

const _: () = assert!(size_of::<Once>() <= size_of::<acort_once_t>());

/// Once it has begun.
impl Waitable for Once {
    unsafe fn parts(once: *mut Once) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*once).lock, &raw mut (*once).queue) }
    }

    unsafe fn attempt(once: *mut Once, _: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            let is_done = (*once).state.load(Ordering::Relaxed) == DONE;
            if !is_done && (*once).runner != Caller::current().owner() {
                return None;
            }
            (*once).lock.unlock();
            Some(if is_done { Ok(()) } else { Err(libc::EDEADLK) })
        }
    }
}

/// Calls `function` with `argument`, unless that was done or somebody does it: then it waits for the end of
/// that. EDEADLK: the caller does it.
///
/// # Safety
/// The object is there while somebody uses it; the function can be called.
pub(crate) unsafe fn once(
    caller: Caller,
    once: *mut Once,
    function: unsafe extern "C" fn(*mut c_void),
    argument: *mut c_void,
    deadline: i64,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*once).state.load(Ordering::Acquire) == DONE {
            tsan_acquire(once);
            return Ok(());
        }
        let held = (*once).lock.guard();
        if (*once).state.load(Ordering::Relaxed) == NEW {
            (*once).state.store(BEGUN, Ordering::Relaxed);
            (*once).runner = caller.owner();
            drop(held);
            function(argument);
            finish(once);
            return Ok(());
        }
        drop(held);
        attempt::wait(
            caller,
            once,
            ptr::null_mut(),
            WaitReason::Once,
            WaitMode::Cancellable,
            deadline,
        )
    }
}

/// It is done: all go on.
unsafe fn finish(once: *mut Once) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*once).lock.guard();
        tsan_release(once);
        (*once).state.store(DONE, Ordering::Release);
        let list = (*once).queue.claim_all();
        drop(held);
        wake_all(list, None);
    }
}
