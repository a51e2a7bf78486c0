//! Who waits: a task, or a plain thread. Each wait is ended by one claim.
//!
//! ```text
//!   the one that waits                     who wakes it, from any thread
//!   arm(): WAITING                         claim(): was WAITING, is not any more
//!   joins queues, leaves                   hands over what it has for it
//!                      <────────────────   wake(reason)
//!   goes on, with the reason
//! ```
//!
//! An object that wakes, a deadline that passes and a cancellation all claim; who comes second leaves
//! it alone. A task is only run after the wake, by its own worker, so nothing of this needs to know
//! whether it has left already.

use core::ffi::{c_int, c_void};

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::lock::compare_exchange_u32;

/// In a wait that can be claimed.
const WAITING: u32 = 1;
/// A token ends this wait.
const PARKED: u32 = 2;
/// A cancellation does not end this wait.
const UNINTERRUPTIBLE: u32 = 4;
/// A token was saved.
const TOKEN: u32 = 8;
/// Cancelled: for good.
const CANCELLED: u32 = 16;
/// Cancellation is not heard now.
const MASKED: u32 = 32;

/// The reason for an error is its errno, and this.
const ERROR: u32 = 1 << 31;

/// What a wait heeds.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum WaitMode {
    /// Whoever wakes it, and a cancellation.
    Cancellable,
    /// A token, too.
    Park,
    /// Whoever wakes it alone.
    Uninterruptible,
}

/// What [`Parker::arm`] finds.
pub(crate) enum Prepared {
    /// The wait has begun.
    Waiting,
    /// There was a token: no need to wait.
    TokenTaken,
    /// Cancelled: no wait.
    Cancelled,
}

/// The first thing in a task; or on the stack of a thread, with no worker.
#[repr(C)]
pub(crate) struct Parker {
    state: AtomicU32,
    /// WaitReason the wait has ended: 0 not yet; the number of what woke it, from 1 on; or an error.
    wake_reason: AtomicU32,
    /// The worker of the task; NULL: a thread's parker, or that of a task which has not begun.
    owner: AtomicPtr<c_void>,
}

/// The reason for an error.
pub(crate) fn wake_error(errno: c_int) -> u32 {
    ERROR | errno as u32
}

impl Parker {
    /// One of a plain thread.
    pub(crate) fn new() -> Parker {
        Parker {
            state: AtomicU32::new(0),
            wake_reason: AtomicU32::new(0),
            owner: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// The worker of the task; NULL: a thread's, or none yet.
    #[inline(always)]
    pub(crate) fn owner(&self) -> *mut c_void {
        self.owner.load(Ordering::Relaxed)
    }

    /// The task is one of this worker from here on.
    #[inline(always)]
    pub(crate) fn set_owner(&self, worker: *mut c_void) {
        self.owner.store(worker, Ordering::Relaxed);
    }

    /// Begins a wait.
    #[inline(always)]
    pub(crate) fn prepare(&self, mode: WaitMode) -> Prepared {
        let mut seen = self.state.load(Ordering::Relaxed);
        self.wake_reason.store(0, Ordering::Relaxed);
        loop {
            let (new, armed) = match mode {
                WaitMode::Uninterruptible => (seen | WAITING | UNINTERRUPTIBLE, Prepared::Waiting),
                WaitMode::Park if seen & TOKEN != 0 => (seen & !TOKEN, Prepared::TokenTaken),
                _ if seen & (CANCELLED | MASKED) == CANCELLED => return Prepared::Cancelled,
                WaitMode::Park => (seen | WAITING | PARKED, Prepared::Waiting),
                WaitMode::Cancellable => (seen | WAITING, Prepared::Waiting),
            };
            match self.replace(seen, new) {
                Ok(()) => return armed,
                Err(now) => seen = now,
            }
        }
    }

    #[inline(always)]
    fn replace(&self, old: u32, new: u32) -> Result<(), u32> {
        compare_exchange_u32(&self.state, old, new)
    }

    /// Does a wait go on?
    pub(crate) fn is_waiting(&self) -> bool {
        self.state.load(Ordering::Relaxed) & WAITING != 0
    }

    /// Ends the wait. True: the caller has ended it, and wakes; false: somebody else has.
    #[inline(always)]
    pub(crate) fn claim(&self) -> bool {
        let mut seen = self.state.load(Ordering::Relaxed);
        while seen & WAITING != 0 {
            match self.replace(seen, seen & !(WAITING | PARKED | UNINTERRUPTIBLE)) {
                Ok(()) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Gives a token. True: that has ended a wait for one, and the caller wakes.
    pub(crate) fn unpark(&self) -> bool {
        let mut seen = self.state.load(Ordering::Relaxed);
        loop {
            let ends = seen & PARKED != 0;
            let new =
                if ends { seen & !(WAITING | PARKED | UNINTERRUPTIBLE) } else { seen | TOKEN };
            match self.replace(seen, new) {
                Ok(()) => return ends,
                Err(now) => seen = now,
            }
        }
    }

    /// Takes a saved token. False: there is none.
    pub(crate) fn try_take_token(&self) -> bool {
        self.state.fetch_and(!TOKEN, Ordering::AcqRel) & TOKEN != 0
    }

    /// Cancels. True: that has ended a wait, and the caller wakes.
    pub(crate) fn cancel(&self) -> bool {
        let mut seen = self.state.load(Ordering::Relaxed);
        loop {
            let ends = seen & (WAITING | UNINTERRUPTIBLE | MASKED) == WAITING;
            let heard = if ends { seen & !(WAITING | PARKED) } else { seen };
            match self.replace(seen, heard | CANCELLED) {
                Ok(()) => return ends,
                Err(now) => seen = now,
            }
        }
    }

    /// Is it cancelled, and is that to be heard?
    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (CANCELLED | MASKED) == CANCELLED
    }

    /// Is cancellation not heard now?
    pub(crate) fn is_masked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & MASKED != 0
    }

    /// Hears no cancellation from now on, or hears it again. Gives how it was.
    pub(crate) fn mask(&self, on: bool) -> bool {
        let before = match on {
            true => self.state.fetch_or(MASKED, Ordering::AcqRel),
            false => self.state.fetch_and(!MASKED, Ordering::AcqRel),
        };
        before & MASKED != 0
    }

    /// Says why the wait has ended. For who has claimed it.
    #[inline(always)]
    pub(crate) fn set_wake_reason(&self, reason: u32) {
        self.wake_reason.store(reason, Ordering::Release);
    }

    /// The word that a thread sleeps on.
    pub(crate) fn wake_word(&self) -> &AtomicU32 {
        &self.wake_reason
    }

    /// WaitReason the wait has ended: which one of several woke it, or the errno.
    #[inline(always)]
    pub(crate) fn wake_result(&self) -> Result<usize, c_int> {
        let reason = self.wake_reason.load(Ordering::Acquire);
        if reason & ERROR == 0 { Ok(reason as usize - 1) } else { Err((reason & !ERROR) as c_int) }
    }
}
