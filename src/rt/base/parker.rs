//! The wait state of a task or a plain thread. Exactly one waker ends each wait.
//!
//! ```text
//!   state = WAITING | PARKED | UNINTERRUPTIBLE | TOKEN | CANCELLED | MASKED | BOUNDED | INTERRUPTED | errno << 16
//!
//!   operation                    requires                        effect                               result
//!   prepare(Uninterruptible)                                     + WAITING UNINTERRUPTIBLE            Ok
//!   prepare(Cancellable)         CANCELLED, not MASKED           none                                 ECANCELED
//!                                INTERRUPTED, not MASKED         - INTERRUPTED errno                  errno
//!                                otherwise                       + WAITING                            Ok
//!   prepare_park                 TOKEN                           - TOKEN                              TokenTaken
//!                                otherwise                       as prepare(Cancellable), PARKED      Waiting, Stopped
//!   take_stop                    not WAITING                     as prepare(Cancellable) if it fails  errno
//!   claim                        WAITING                         - WAITING PARKED UNINTERRUPTIBLE     true
//!                                not WAITING                     none                                 false
//!   unpark                       PARKED                          - WAITING PARKED                     true
//!                                not PARKED                      + TOKEN                              false
//!   cancel                       WAITING, not UNINTERRUPTIBLE,
//!                                not MASKED                      + CANCELLED - WAITING PARKED         true
//!                                otherwise                       + CANCELLED - INTERRUPTED errno      false
//!   interrupt                    CANCELLED                       none                                 false
//!                                as for cancel                   - WAITING PARKED                     true
//!                                otherwise                       + INTERRUPTED errno                  false
//!   take_interruption            INTERRUPTED                     - INTERRUPTED errno                  true
//!   try_take_token               TOKEN                           - TOKEN                              true
//!   mask(true), mask(false)                                      + MASKED, - MASKED                   as before?
//!   set_bounded(true), (false)                                   + BOUNDED, - BOUNDED
//!
//!   waiter                               waker, any thread
//!   prepare: WAITING
//!   enqueue; unlock; block               lock; claim() == true; write the slot; unlock
//!                        <───────────────wake: set_wake_reason, then run queue, inbox or futex
//!   wake_result; continue
//! ```
//!
//! * P1. WAITING changes from 1 to 0 once a wait, by `claim`, `unpark`, `cancel` or `interrupt`. The thread whose call
//!   returns true is the waker. It alone sets the wake reason, once, before it makes the waiter runnable. A thread that
//!   gives up on its own wait, and a task that is abandoned, get no wake reason.
//! * P2. The wake reason is 0 from `prepare` until the wake: `prepare` clears it before it sets WAITING.
//! * P3. A claimed waiter is live until its waker has woken it. A task: until it is pushed. A plain thread: until
//!   `set_wake_reason`; afterwards the waker uses only the address of the futex word.
//! * P4. `owner` is null for a plain thread, and before a task is STARTED or fails to start. It does not change during
//!   a wait.
//! * P5. A waiter may still be in a queue after its wait has ended: by a deadline, a cancellation, or another case of a
//!   select. The next waker that finds it removes it. Otherwise the woken task does, under the object's lock.
//! * P6. PARKED and UNINTERRUPTIBLE are set only with WAITING, and never together. The waiter alone changes MASKED and
//!   BOUNDED, and not during a wait.
//! * P7. What the waker does before `set_wake_reason` is seen after `wake_result`: Release and Acquire. All changes of
//!   `state` are AcqRel. ThreadSanitizer is told so here.
//! * P8. INTERRUPTED and errno are set and cleared together: an interruption that has ended no wait. It is never set
//!   with CANCELLED. An interruption ends one wait, or one `prepare` or `take_stop` of the task, or is taken back.

use core::ffi::{c_int, c_void};

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::lock::{compare_exchange_u32, tsan_acquire, tsan_release};
use super::wake_reason::{errno_of, interruption, is_interruption, result_of};

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
/// Set while the task ignores its cancellation, and interruptions.
const MASKED: u32 = 32;
/// Set while a deadline scope bounds the waits of the task (`park/scope`).
const BOUNDED: u32 = 64;
/// Set while an interruption is pending (P8).
const INTERRUPTED: u32 = 128;
/// Where the errno of a pending interruption is.
const ERRNO_SHIFT: u32 = 16;
/// What is set while an interruption is pending.
const INTERRUPTION: u32 = INTERRUPTED | u32::MAX << ERRNO_SHIFT;
/// What the end of a wait clears.
const WAIT_BITS: u32 = WAITING | PARKED | UNINTERRUPTIBLE;

/// What ends a wait beside a claim.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum WaitMode {
    /// A cancellation, or an interruption.
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
    /// The task is cancelled or interrupted, with this error: there is no wait.
    Stopped(c_int),
}

/// The first field of a task, or a variable on the stack of a plain thread that waits.
#[repr(C)]
pub(crate) struct Parker {
    state: AtomicU32,
    /// Why the wait has ended, as in `wake_reason`. 0: it has not (P2).
    wake_reason: AtomicU32,
    /// The worker of the task, or null (P4).
    owner: AtomicPtr<c_void>,
}

fn is_cancelled(state: u32) -> bool {
    state & (CANCELLED | MASKED) == CANCELLED
}

/// Returns true if a wait that hears cancellation does not begin.
fn is_stopped(state: u32) -> bool {
    state & (CANCELLED | INTERRUPTED) != 0 && state & MASKED == 0
}

/// Returns true if a cancellation or an interruption ends the wait.
fn hears(state: u32) -> bool {
    state & (WAITING | UNINTERRUPTIBLE | MASKED) == WAITING
}

/// Returns a state with a pending interruption.
fn with_interruption(state: u32, errno: u32) -> u32 {
    state & !INTERRUPTION | INTERRUPTED | errno << ERRNO_SHIFT
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

    /// Begins a wait. Errors: ECANCELED, or that of an interruption.
    #[inline(always)]
    pub(crate) fn prepare(&self, mode: WaitMode) -> Result<(), c_int> {
        self.wake_reason.store(0, Ordering::Relaxed);
        let next = |seen| match mode {
            WaitMode::Uninterruptible => Some(seen | WAITING | UNINTERRUPTIBLE),
            WaitMode::Cancellable => (!is_stopped(seen)).then_some(seen | WAITING),
        };
        while self.update(next).is_none() {
            self.take_stop()?;
        }
        Ok(())
    }

    /// Begins a cancellable wait that a token ends.
    #[inline(always)]
    pub(crate) fn prepare_park(&self) -> Prepared {
        self.wake_reason.store(0, Ordering::Relaxed);
        loop {
            let before = self.update(|seen| match seen {
                _ if seen & TOKEN != 0 => Some(seen & !TOKEN),
                _ => (!is_stopped(seen)).then_some(seen | WAITING | PARKED),
            });
            match before {
                Some(before) if before & TOKEN != 0 => {
                    tsan_acquire(self);
                    return Prepared::TokenTaken;
                }
                Some(_) => return Prepared::Waiting,
                None => {}
            }
            if let Err(errno) = self.take_stop() {
                return Prepared::Stopped(errno);
            }
        }
    }

    /// Returns true if [`take_stop`](Self::take_stop) may fail.
    #[inline(always)]
    pub(crate) fn may_stop(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (CANCELLED | INTERRUPTED) != 0
    }

    /// Takes a pending interruption. Errors: ECANCELED, or that of the interruption; none while the task is masked.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_stop(&self) -> Result<(), c_int> {
        // A cancelled task has no interruption (P8).
        let before = self.update(|seen| is_stopped(seen).then_some(seen & !INTERRUPTION));
        match before {
            None => Ok(()),
            Some(before) if before & CANCELLED != 0 => Err(libc::ECANCELED),
            Some(before) => Err(interruption((before >> ERRNO_SHIFT) as c_int)),
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
        let rest = |seen| if hears(seen) { seen & !WAIT_BITS } else { seen & !INTERRUPTION };
        self.update(|seen| Some(CANCELLED | rest(seen))).is_some_and(hears)
    }

    /// Interrupts the task, unless it is cancelled. Returns true if that has ended a wait: the caller wakes the waiter
    /// (P1). Otherwise the interruption is pending, and replaces the one before.
    pub(crate) fn interrupt(&self, errno: c_int) -> bool {
        self.update(|seen| match seen {
            _ if seen & CANCELLED != 0 => None,
            _ if hears(seen) => Some(seen & !WAIT_BITS),
            _ => Some(with_interruption(seen, errno as u32)),
        })
        .is_some_and(hears)
    }

    /// Takes a pending interruption back. Returns false if there is none.
    pub(crate) fn take_interruption(&self) -> bool {
        self.state.fetch_and(!INTERRUPTION, Ordering::AcqRel) & INTERRUPTED != 0
    }

    /// Makes the interruption that has ended a wait of the task with `error` pending: the call has succeeded all the
    /// same.
    pub(crate) fn renew_interruption(&self, error: c_int) {
        if is_interruption(error) {
            let errno = errno_of(error) as u32;
            let is_free = |seen: u32| seen & (CANCELLED | INTERRUPTED) == 0;
            self.update(|seen| is_free(seen).then(|| with_interruption(seen, errno)));
        }
    }

    /// Returns true if the task is cancelled and not masked.
    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        is_cancelled(self.state.load(Ordering::Relaxed))
    }

    /// Returns true if a call of the task must look closer before it begins: [`take_stop`](Self::take_stop) may fail,
    /// or a deadline scope bounds its waits.
    #[inline(always)]
    pub(crate) fn is_marked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (CANCELLED | INTERRUPTED | BOUNDED) != 0
    }

    #[inline(always)]
    pub(crate) fn is_bounded(&self) -> bool {
        self.state.load(Ordering::Relaxed) & BOUNDED != 0
    }

    pub(crate) fn set_bounded(&self, on: bool) {
        match on {
            true => self.state.fetch_or(BOUNDED, Ordering::AcqRel),
            false => self.state.fetch_and(!BOUNDED, Ordering::AcqRel),
        };
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

    /// Returns why the wait has ended: the `case` of the waiter that was woken, less 1, or an error.
    #[inline(always)]
    pub(crate) fn wake_result(&self) -> Result<usize, c_int> {
        tsan_acquire(self);
        result_of(self.wake_reason.load(Ordering::Acquire))
    }
}
