//! The wait state of a task or a plain thread. Exactly one waker ends each wait.
//!
//! ```text
//!   state = WAITING | PARKED | UNINTERRUPTIBLE | TOKEN | CANCELLED | MASKED
//!
//!   operation                    requires                        effect                               result
//!   prepare(Uninterruptible)                                     + WAITING UNINTERRUPTIBLE            true
//!   prepare(Cancellable)         CANCELLED, not MASKED           none                                 false
//!                                otherwise                       + WAITING                            true
//!   prepare_park                 TOKEN                           - TOKEN                              TokenTaken
//!                                CANCELLED, not MASKED           none                                 Cancelled
//!                                neither                         + WAITING PARKED                     Waiting
//!   claim                        WAITING                         - WAITING PARKED UNINTERRUPTIBLE     true
//!                                not WAITING                     none                                 false
//!   unpark                       PARKED                          - WAITING PARKED                     true
//!                                not PARKED                      + TOKEN                              false
//!   cancel                       WAITING, not UNINTERRUPTIBLE,
//!                                not MASKED                      + CANCELLED - WAITING PARKED         true
//!                                otherwise                       + CANCELLED                          false
//!   try_take_token               TOKEN                           - TOKEN                              true
//!   mask(true), mask(false)                                      + MASKED, - MASKED                   as before?
//!
//!   waiter                               waker, any thread
//!   prepare: WAITING
//!   enqueue; unlock; block               lock; claim() == true; write the slot; unlock
//!                        <───────────────wake: set_wake_reason, then run queue, inbox or futex
//!   wake_result; continue
//! ```
//!
//! * P1. WAITING changes from 1 to 0 once a wait, by `claim`, `unpark` or `cancel`. The thread whose call returns true
//!   is the waker. It alone sets the wake reason, once, before it makes the waiter runnable. A thread that gives up on
//!   its own wait, and a task that is abandoned, get no wake reason.
//! * P2. The wake reason is 0 from `prepare` until the wake: `prepare` clears it before it sets WAITING.
//! * P3. A claimed waiter is live until its waker has woken it. A task: until it is pushed. A plain thread: until
//!   `set_wake_reason`; afterwards the waker uses only the address of the futex word.
//! * P4. `owner` is null for a plain thread, and before a task is STARTED or fails to start. It does not change during a
//!   wait.
//! * P5. A waiter may still be in a queue after its wait has ended: by a deadline, a cancellation, or another case of a
//!   select. The next waker that finds it removes it. Otherwise the woken task does, under the object's lock.
//! * P6. PARKED and UNINTERRUPTIBLE are set only with WAITING, and never together. The waiter alone changes MASKED, and
//!   not during a wait.
//! * P7. What the waker does before `set_wake_reason` is seen after `wake_result`: Release and Acquire. All changes of
//!   `state` are AcqRel. ThreadSanitizer is told so here.

use core::ffi::{c_int, c_void};

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::lock::{compare_exchange_u32, tsan_acquire, tsan_release};

/// Set if the wait has begun and has not been claimed.
const WAITING: u32 = 1;
/// Set if a token ends the wait.
const PARKED: u32 = 2;
/// Set if a cancellation does not end the wait.
const UNINTERRUPTIBLE: u32 = 4;
/// Set if a token is saved: the next `prepare_park` takes it.
const TOKEN: u32 = 8;
/// Set once the task is cancelled; never cleared.
const CANCELLED: u32 = 16;
/// Set while the task ignores its cancellation.
const MASKED: u32 = 32;
/// What the end of a wait clears.
const WAIT_BITS: u32 = WAITING | PARKED | UNINTERRUPTIBLE;

/// In a wake reason: the other bits are an errno.
const ERROR: u32 = 1 << 31;

/// What ends a wait beside a claim.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum WaitMode {
    /// A cancellation.
    Cancellable,
    /// Nothing.
    Uninterruptible,
}

/// The result of [`Parker::prepare_park`].
pub(crate) enum Prepared {
    /// The wait has begun.
    Waiting,
    /// A saved token was taken: there is no wait.
    TokenTaken,
    /// The task is cancelled: there is no wait.
    Cancelled,
}

/// The first field of a task, or a variable on the stack of a plain thread that waits.
#[repr(C)]
pub(crate) struct Parker {
    state: AtomicU32,
    /// Why the wait has ended. 0: it has not (P2). Otherwise an error; or the `case` of the waiter that was woken, with
    /// the flags of `park/wake`.
    wake_reason: AtomicU32,
    /// The worker of the task, or null (P4).
    owner: AtomicPtr<c_void>,
}

fn is_cancelled(state: u32) -> bool {
    state & (CANCELLED | MASKED) == CANCELLED
}

/// Returns the wake reason for an error.
pub(crate) fn wake_error(errno: c_int) -> u32 {
    ERROR | errno as u32
}

impl Parker {
    /// The parker of a plain thread, or of a task that has not begun.
    pub(crate) fn new() -> Parker {
        Parker {
            state: AtomicU32::new(0),
            wake_reason: AtomicU32::new(0),
            owner: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// Returns the worker of the task, or null (P4).
    #[inline(always)]
    pub(crate) fn owner(&self) -> *mut c_void {
        self.owner.load(Ordering::Relaxed)
    }

    /// Makes the task one of `worker`, before it begins.
    #[inline(always)]
    pub(crate) fn set_owner(&self, worker: *mut c_void) {
        self.owner.store(worker, Ordering::Relaxed);
    }

    /// Begins a wait. Returns false, and begins none, if the task is cancelled.
    #[inline(always)]
    pub(crate) fn prepare(&self, mode: WaitMode) -> bool {
        self.wake_reason.store(0, Ordering::Relaxed);
        let next = |seen| match mode {
            WaitMode::Uninterruptible => Some(seen | WAITING | UNINTERRUPTIBLE),
            WaitMode::Cancellable => (!is_cancelled(seen)).then_some(seen | WAITING),
        };
        self.update(next).is_some()
    }

    /// Begins a cancellable wait that a token ends.
    #[inline(always)]
    pub(crate) fn prepare_park(&self) -> Prepared {
        self.wake_reason.store(0, Ordering::Relaxed);
        let before = self.update(|seen| match seen {
            _ if seen & TOKEN != 0 => Some(seen & !TOKEN),
            _ => (!is_cancelled(seen)).then_some(seen | WAITING | PARKED),
        });
        match before {
            None => Prepared::Cancelled,
            Some(before) if before & TOKEN != 0 => {
                tsan_acquire(self);
                Prepared::TokenTaken
            }
            Some(_) => Prepared::Waiting,
        }
    }

    /// Changes the state to what `next` returns for the one before, and returns that. None: `next` has returned None,
    /// and nothing changes.
    #[inline(always)]
    fn update(&self, next: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let mut seen = self.state.load(Ordering::Relaxed);
        loop {
            match compare_exchange_u32(&self.state, seen, next(seen)?) {
                Ok(()) => return Some(seen),
                Err(current) => seen = current,
            }
        }
    }

    /// Returns true if a wait has begun and was not claimed.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state.load(Ordering::Relaxed) & WAITING != 0
    }

    /// Ends the wait. Returns true if this call has ended it: the caller wakes the waiter (P1).
    #[inline(always)]
    pub(crate) fn claim(&self) -> bool {
        self.update(|seen| (seen & WAITING != 0).then_some(seen & !WAIT_BITS)).is_some()
    }

    /// Gives a token. Returns true if it has ended a wait: the caller wakes the waiter (P1). Otherwise it is saved.
    pub(crate) fn unpark(&self) -> bool {
        tsan_release(self);
        let ends = |seen| seen & PARKED != 0;
        self.update(|seen| Some(if ends(seen) { seen & !WAIT_BITS } else { seen | TOKEN }))
            .is_some_and(ends)
    }

    /// Takes a saved token. Returns false if there is none.
    pub(crate) fn try_take_token(&self) -> bool {
        let before = self.state.fetch_and(!TOKEN, Ordering::AcqRel);
        tsan_acquire(self);
        before & TOKEN != 0
    }

    /// Cancels the task. Returns true if that has ended a wait: the caller wakes the waiter (P1).
    pub(crate) fn cancel(&self) -> bool {
        let ends = |seen| seen & (WAITING | UNINTERRUPTIBLE | MASKED) == WAITING;
        self.update(|seen| Some(CANCELLED | if ends(seen) { seen & !WAIT_BITS } else { seen }))
            .is_some_and(ends)
    }

    /// Returns true if the task is cancelled and not masked.
    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        is_cancelled(self.state.load(Ordering::Relaxed))
    }

    pub(crate) fn is_masked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & MASKED != 0
    }

    /// Masks cancellation, or unmasks it. Returns whether it was masked.
    pub(crate) fn mask(&self, on: bool) -> bool {
        let before = match on {
            true => self.state.fetch_or(MASKED, Ordering::AcqRel),
            false => self.state.fetch_and(!MASKED, Ordering::AcqRel),
        };
        before & MASKED != 0
    }

    /// Sets why the wait has ended. Only the waker calls (P1).
    #[inline(always)]
    pub(crate) fn set_wake_reason(&self, reason: u32) {
        tsan_release(self);
        self.wake_reason.store(reason, Ordering::Release);
    }

    /// Returns the word that a plain thread sleeps on: the wake reason.
    pub(crate) fn wake_word(&self) -> &AtomicU32 {
        &self.wake_reason
    }

    /// Returns why the wait has ended: the `case` of the waiter that was woken, less 1, or an errno.
    #[inline(always)]
    pub(crate) fn wake_result(&self) -> Result<usize, c_int> {
        tsan_acquire(self);
        let reason = self.wake_reason.load(Ordering::Acquire);
        if reason & ERROR == 0 { Ok(reason as usize - 1) } else { Err((reason & !ERROR) as c_int) }
    }
}
