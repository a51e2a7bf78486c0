//! A mutex: one word. An unlock wakes the first waiter to compete, or hands the mutex over (M4).
//!
//! ```text
//!   owner flags    step                                          owner flags   also
//!   ─────────────  ────────────────────────────────────────────  ────────────  ───────────────────────────────────
//!     0     -      lock                                            me    -
//!     me    -      unlock                                          0     -
//!     me    -      another call must wait                          me    W     it joins the queue
//!     me    W      unlock, the first waiter may still compete      0    (W) K  wakes it
//!     0    (W) K   lock: barging                                   me   (W) K
//!     me   (W) K   unlock                                          0    (W) K  wakes no waiter
//!     0    (W) K   the woken waiter competes, and wins             it   (W)
//!     me   (W) K   the woken waiter competes, and loses            me    W     it joins the queue in front
//!     me    W      unlock, the first waiter has lost too often     it   (W)    hands over, and wakes it
//!     me    W  K   unlock, after MAX_OVERTAKEN of these            0    (W) K  wakes the next waiter as well
//!     me    W      unlock, the queue is empty                      0     -
//! ```
//!
//! W is `HAS_WAITERS`: the queue may have waiters. K is `WOKEN`. (W): W, if another waiter is in the queue. `NESTED` is
//! for a recursive mutex only: its owner sets it at its second lock, and removes it at the unlock that belongs to that.
//!
//! * M1. The word changes by compare-and-swap, except for stores of the owner under `lock`. W and NESTED are set, and K
//!   and NESTED are cleared, under `lock` only. A compare-and-swap without `lock` sets or removes an owner, and nothing
//!   else.
//! * M2. K implies that a waiter was woken and has not competed yet. Each woken waiter makes another attempt before a
//!   cancellation or its deadline ends its call. An attempt of a waiter that has lost before clears K, under `lock`,
//!   even if K is about another waiter: then both compete.
//! * M3. No wakeup is lost: if the queue has waiters, the mutex has an owner that finds W when it unlocks, or K is set.
//! * M4. Waiting is bounded. A waiter that has lost [`MAX_LOSSES`] times, or once after [`HANDOFF_AFTER_NS`], is
//!   first in the queue. The next unlock hands the mutex to it: no other call gets it in between. The unlock of a
//!   condition variable's wait hands over to any first waiter. If a woken waiter does not run for long, every
//!   [`MAX_OVERTAKEN`]th unlock wakes the next waiter. Of a select, only the number of losses counts.
//! * M5. A call whose worker may spin (`base::spin`), and has no other task that is ready, looks for a short time
//!   whether the mutex becomes free, before it enters the queue. It does so only while no flag is set: it overtakes
//!   none that waits.
//! * M6. An unlock does not use the mutex after its compare-and-swap, or after it has unlocked `lock`: from then on
//!   another call may free the mutex. A waiter that it wakes afterwards is still in its call.

use core::ptr;

use crate::rt::base::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::rt::base::{
    Aliased, Lock, WaitMode, WaitQueue, WaitReason, compare_exchange_usize, tsan_acquire,
    tsan_release,
};
use crate::rt::model::abi::acort_mutex_t;
use crate::rt::model::caller::owner;
use crate::rt::model::{Caller, task};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::{
    Attempt, Blocked, Parts, SUCCESS, Waitable, attempt, budget, scope, wake_waiter,
};

/// Flag of the word: the queue may have waiters.
const HAS_WAITERS: usize = 1;
/// Flag of the word: a waiter was woken, and competes (M2).
const WOKEN: usize = 2;
/// Flag of the word: the owner has locked the mutex more than once.
const NESTED: usize = 4;
const FLAGS: usize = HAS_WAITERS | WOKEN | NESTED;

/// The bits of a waiter's slot that count how often the waiter has lost. The others are the owner that it becomes.
const LOSSES: usize = 7;
/// An unlock hands the mutex to a waiter that has lost this often (M4).
const MAX_LOSSES: usize = 4;
/// A waiter that has waited for this long counts as having lost [`MAX_LOSSES`] times.
const HANDOFF_AFTER_NS: i64 = 1_000_000;
/// After this many calls have overtaken a woken waiter, an unlock wakes the next waiter as well (M4).
const MAX_OVERTAKEN: u32 = 64;

/// The contents of an `acort_mutex_t`. All zero: unlocked.
#[repr(C)]
pub(crate) struct Mutex {
    /// The word: the owner, an address whose low bits are free, and `FLAGS`.
    owner: AtomicUsize,
    queue: WaitQueue,
    /// Protects the queue, and the flags (M1).
    lock: Lock,
    /// The number of calls that have locked the mutex since a waiter was woken. Only the owner writes it.
    overtaken: AtomicU32,
    /// How often the owner has locked the mutex, without the first time. Guarded by `lock`.
    depth: u32,
    /// The owner may lock the mutex again. Fixed while the mutex is used.
    is_recursive: bool,
    _aliased: Aliased,
}

const _: () = assert!(size_of::<Mutex>() <= size_of::<acort_mutex_t>());

impl Mutex {
    /// An unlocked mutex.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a separate mutex")]
    pub(crate) const NEW: Mutex = Mutex {
        owner: AtomicUsize::new(0),
        queue: WaitQueue::NEW,
        lock: Lock::NEW,
        overtaken: AtomicU32::new(0),
        depth: 0,
        is_recursive: false,
        _aliased: Aliased {},
    };
}

/// Makes the mutex recursive, or not. Errors: `EBUSY` if it is locked, or callers wait for it.
///
/// # Safety
/// As [`lock`].
pub(crate) unsafe fn init(mutex: *mut Mutex, is_recursive: bool) -> Result<()> {
    // SAFETY: the mutex exists, and `lock` is held.
    unsafe {
        let _guard = (*mutex).lock.guard();
        if (*mutex).owner.load(Ordering::Relaxed) != 0 || !(*mutex).queue.is_empty() {
            return Err(libc::EBUSY);
        }
        (*mutex).is_recursive = is_recursive;
    }
    Ok(())
}

/// Locks the mutex. Errors: `EDEADLK` if the caller owns it, or `EAGAIN` if the mutex is recursive and the caller has
/// locked it too often; `ETIMEDOUT`; `ECANCELED` with a cancellable `mode`.
///
/// # Safety
/// The mutex exists during the call, and as long as a call waits for it.
#[inline(always)]
pub(crate) unsafe fn lock(
    caller: Caller,
    mutex: *mut Mutex,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the mutex exists.
    unsafe {
        let task = caller.task();
        let has_entered = mode != WaitMode::Cancellable || budget::try_enter_call(task, deadline);
        if !has_entered || compare_exchange_usize(&(*mutex).owner, 0, owner(task)).is_err() {
            return lock_slow(caller, mutex, mode, has_entered, deadline);
        }
        tsan_acquire(mutex);
        task::lock_acquired(task);
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn lock_slow(
    caller: Caller,
    mutex: *mut Mutex,
    mode: WaitMode,
    has_entered: bool,
    deadline: Deadline,
) -> Result<()> {
    let deadline = match mode {
        WaitMode::Uninterruptible => deadline,
        _ if has_entered => scope::bound(caller, deadline),
        _ => budget::enter_call(caller, deadline)?,
    };
    let me = caller.owner();
    // SAFETY: the mutex exists. The worker is null, or this thread's.
    unsafe {
        let has_locked = caller.worker().as_mut().is_some_and(|worker| {
            let lock = || try_lock_without_waiters(mutex, me, deadline);
            !worker.has_ready() && worker.spin.spin_for_lock(lock)
        });
        if has_locked {
            task::lock_acquired(caller.task());
            return Ok(());
        }
    }
    let late = Deadline::at(os::now().saturating_add(HANDOFF_AFTER_NS));
    let mut losses = 0;
    // A woken waiter competes until it owns the mutex (M2).
    // SAFETY: the mutex exists.
    unsafe {
        loop {
            let slot = ptr::without_provenance_mut(me | losses);
            attempt::finish::<Mutex>(start(mutex, slot, mode, deadline))?;
            if holder(mutex) == me {
                break;
            }
            losses = if late.has_passed() { MAX_LOSSES } else { (losses + 1).min(MAX_LOSSES) };
        }
        task::lock_acquired(caller.task());
    }
    Ok(())
}

/// Locks the mutex for `me` if it is free. None: another call has it, and none waits for it. Some(false): spinning is
/// of no use, or would overtake those that wait.
///
/// # Safety
/// As [`lock`].
unsafe fn try_lock_without_waiters(
    mutex: *mut Mutex,
    me: usize,
    deadline: Deadline,
) -> Option<bool> {
    // SAFETY: the mutex exists.
    let word = unsafe { &(*mutex).owner };
    match word.load(Ordering::Relaxed) {
        0 if compare_exchange_usize(word, 0, me).is_ok() => {
            tsan_acquire(mutex);
            Some(true)
        }
        owner if owner & FLAGS != 0 || owner == me || deadline.is_now() => Some(false),
        _ => None,
    }
}

/// One attempt, in a separate function: nothing of it stays on the stack during the wait.
#[cold]
#[inline(never)]
unsafe fn start(
    mutex: *mut Mutex,
    slot: *mut u8,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<Blocked> {
    // SAFETY: the mutex exists, and the slot is what it expects.
    unsafe { attempt::attempt_or_wait(mutex, slot, WaitReason::Mutex, mode, deadline) }
}

/// The slot of a call that waits for a mutex among other things, and has lost it so often.
pub(crate) fn slot(losses: u32) -> *mut u8 {
    ptr::without_provenance_mut(Caller::current().owner() | losses as usize)
}

/// Errors: `EDEADLK` if the caller owns the mutex, which is not recursive.
///
/// # Safety
/// As [`lock`].
pub(crate) unsafe fn check_not_owner(mutex: *mut Mutex) -> Result<()> {
    // SAFETY: the mutex exists.
    unsafe {
        let is_owner = holder(mutex) == Caller::current().owner();
        if is_owner && !(*mutex).is_recursive { Err(libc::EDEADLK) } else { Ok(()) }
    }
}

/// Competes for the mutex after an unlock has woken the call (M2), unless the unlock has handed it over. Returns false,
/// with one loss more, if another call owns the mutex.
///
/// # Safety
/// As [`lock`]; the call has waited with the slot of `losses`.
#[inline(never)]
pub(crate) unsafe fn compete(mutex: *mut Mutex, losses: &mut u32) -> bool {
    // SAFETY: the mutex exists.
    unsafe {
        if holder(mutex) == Caller::current().owner() {
            return true;
        }
        *losses = (*losses + 1).min(MAX_LOSSES as u32);
        let lock = &raw const (*mutex).lock;
        (*lock).lock();
        let outcome = attempt::attempt_and_unlock(mutex, slot(*losses));
        if outcome.is_none() {
            (*lock).unlock();
        }
        outcome == Some(Ok(()))
    }
}

/// A waiter's slot is the owner that it becomes, and how often it has lost.
impl Waitable for Mutex {
    unsafe fn parts(mutex: *mut Mutex) -> Parts {
        // SAFETY: the mutex exists.
        unsafe { (&raw const (*mutex).lock, &raw mut (*mutex).queue) }
    }

    #[inline(always)]
    fn joins_front(slot: *mut u8) -> bool {
        slot.addr() & LOSSES != 0
    }

    #[inline(always)]
    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt {
        let me = slot.addr() & !LOSSES;
        let kept = if Self::joins_front(slot) { HAS_WAITERS | NESTED } else { FLAGS };
        loop {
            let word = self.owner.load(Ordering::Relaxed);
            let (owner, flags) = (word & !FLAGS, word & kept);
            if owner == me {
                return self.lock_again();
            }
            let new = if owner == 0 { me | flags } else { owner | flags | HAS_WAITERS };
            if compare_exchange_usize(&self.owner, word, new).is_err() {
                continue;
            }
            if owner != 0 {
                return None;
            }
            let overtaken = self.overtaken.load(Ordering::Relaxed);
            let count = if flags & WOKEN == 0 { 0 } else { overtaken.saturating_add(1) };
            self.overtaken.store(count, Ordering::Relaxed);
            tsan_acquire(self);
            return SUCCESS;
        }
    }
}

impl Mutex {
    /// Locks a recursive mutex once more for its owner. `lock` is held.
    #[cold]
    fn lock_again(&mut self) -> Attempt {
        if !self.is_recursive {
            return Some(Err(libc::EDEADLK));
        }
        let Some(depth) = self.depth.checked_add(1) else { return Some(Err(libc::EAGAIN)) };
        self.depth = depth;
        self.owner.store(self.owner.load(Ordering::Relaxed) | NESTED, Ordering::Relaxed);
        SUCCESS
    }

    /// Undoes a [`lock_again`](Self::lock_again) for the owner.
    ///
    /// # Safety
    /// The mutex exists, and the word has NESTED.
    #[cold]
    unsafe fn unlock_once(mutex: *mut Mutex) {
        // SAFETY: the mutex exists, and `lock` is held.
        unsafe {
            let _guard = (*mutex).lock.guard();
            (*mutex).depth -= 1;
            if (*mutex).depth == 0 {
                let word = (*mutex).owner.load(Ordering::Relaxed);
                (*mutex).owner.store(word & !NESTED, Ordering::Relaxed);
            }
        }
    }
}

/// Unlocks the mutex. Errors: `EPERM` if the caller does not own it.
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn unlock(caller: Caller, mutex: *mut Mutex) -> Result<()> {
    let task = caller.task();
    let me = owner(task);
    tsan_release(mutex);
    // SAFETY: the mutex exists until it is unlocked (M6). In the last arm the word says that the caller owns it.
    unsafe {
        match compare_exchange_usize(&(*mutex).owner, me, 0) {
            Ok(()) => {}
            Err(word) if word & !FLAGS != me => return Err(libc::EPERM),
            Err(_) => unlock_slow(mutex, me, MAX_LOSSES),
        }
        task::lock_released(task);
    }
    Ok(())
}

/// Unlocks the mutex of a condition variable's waiter: hands it to the first waiter, if there is one.
///
/// # Safety
/// As [`lock`]; the caller owns the mutex.
pub(super) unsafe fn unlock_and_hand_off(caller: Caller, mutex: *mut Mutex) {
    tsan_release(mutex);
    // SAFETY: the mutex exists until it is unlocked (M6), and the caller owns it.
    unsafe {
        unlock_slow(mutex, caller.owner(), 0);
        task::lock_released(caller.task());
    }
}

/// Unlocks the mutex of `me` once. If it is free then, wakes the first waiter to compete. A first waiter that has lost
/// at least `handoff_losses` times becomes the owner.
#[cold]
#[inline(never)]
unsafe fn unlock_slow(mutex: *mut Mutex, me: usize, handoff_losses: usize) {
    // SAFETY: the mutex exists until the compare-and-swap, or until `lock` is unlocked (M6). A claimed waiter stays in
    // its call until it is woken.
    unsafe {
        let lock = &raw const (*mutex).lock;
        loop {
            let word = (*mutex).owner.load(Ordering::Relaxed);
            if word & NESTED != 0 {
                return Mutex::unlock_once(mutex);
            }
            let has_woken_waiter =
                word & WOKEN != 0 && (*mutex).overtaken.load(Ordering::Relaxed) < MAX_OVERTAKEN;
            if word & HAS_WAITERS == 0 || has_woken_waiter {
                if compare_exchange_usize(&(*mutex).owner, word, word & FLAGS).is_ok() {
                    return;
                }
                continue;
            }
            (*lock).lock();
            let next = (*mutex).queue.claim_front();
            if next.is_null() {
                (*mutex).owner.store(me, Ordering::Relaxed);
                (*lock).unlock();
                continue;
            }
            let more = if (*mutex).queue.is_empty() { 0 } else { HAS_WAITERS };
            let slot = (*next).slot.addr();
            let owner = if slot & LOSSES >= handoff_losses { slot & !LOSSES } else { WOKEN };
            (*mutex).overtaken.store(0, Ordering::Relaxed);
            (*mutex).owner.store(owner | more, Ordering::Relaxed);
            (*lock).unlock();
            return wake_waiter(next);
        }
    }
}

/// Errors: `EPERM` if the caller does not own the mutex; `EDEADLK` if it has locked a recursive one more than once: one
/// unlock does not free it.
///
/// # Safety
/// The mutex exists.
pub(super) unsafe fn check_owned_once(caller: Caller, mutex: *mut Mutex) -> Result<()> {
    // SAFETY: the mutex exists.
    match unsafe { (*mutex).owner.load(Ordering::Relaxed) } {
        word if word & !FLAGS != caller.owner() => Err(libc::EPERM),
        word if word & NESTED != 0 => Err(libc::EDEADLK),
        _ => Ok(()),
    }
}

/// The owner, as `caller::owner` returns it; 0: none.
///
/// # Safety
/// The mutex exists.
#[inline(always)]
pub(crate) unsafe fn holder(mutex: *mut Mutex) -> usize {
    // SAFETY: the mutex exists.
    unsafe { (*mutex).owner.load(Ordering::Relaxed) & !FLAGS }
}
