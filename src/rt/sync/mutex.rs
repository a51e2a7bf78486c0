//! Mutexes: one word. An unlock wakes the first waiter to compete, and hands over to one that has lost.
//!
//! ```text
//!   owner  flags
//!     0      -   ── lock ────────────────────────────────────> me   -
//!     me     -   ── unlock ──────────────────────────────────> 0    -
//!     me     -   ── another call waits ──────────────────────> me   W
//!     me     W   ── unlock, the first may still compete ─────> 0    W K   and wakes it
//!     0     W K  ── lock: barging ───────────────────────────> me   W K
//!     me    W K  ── unlock ──────────────────────────────────> 0    W K   wakes nothing
//!     0     W K  ── the woken waiter competes: it has it ────> it   W
//!     me    W K  ── the woken waiter competes: it has lost ──> me   W     first in the queue again
//!     me     W   ── unlock, the first has lost too often ────> it   W     handed over, and woken
//!     me    W K  ── unlock, so many have overtaken ──────────> 0    W K   and wakes the next one, too
//! ```
//!
//! W is `WAITED_FOR`, K is `WOKEN`. W says that the queue may have waiters.
//!
//! * M1. The word changes by exchanges, but for stores of the owner under `lock`. W is set and K is cleared under
//!   `lock` alone; an exchange without it sets or removes an owner.
//! * M2. K says that a waiter was woken and has not competed yet. Each waiter that is woken makes another attempt,
//!   whatever comes: a cancellation or a deadline ends its wait after that. An attempt of a waiter that has lost
//!   clears K, under `lock`, also where it is for another waiter: then two compete.
//! * M3. No wake-up is lost: where the queue has waiters the mutex has an owner that finds W at its unlock, or K is
//!   set.
//! * M4. Waiting is bounded: a waiter that has lost [`MAX_LOSSES`] times, or once after a wait of [`HANDOFF_AFTER`], is
//!   first in the queue, and the next unlock hands over to it. No call takes the mutex between. Where the woken waiter
//!   does not run for long, every [`MAX_OVERTAKEN`]th unlock wakes the next waiter.
//! * M5. An unlock touches the mutex no more once another call may be the last that needs it: after the exchange, or
//!   after it has given `lock` back. The waiter that it wakes then is in its call still.

use core::ptr;

use crate::rt::base::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::rt::base::lock::{Lock, compare_exchange_usize, tsan_acquire, tsan_release};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_mutex_t;
use crate::rt::model::caller::{Caller, owner};
use crate::rt::model::task;
use crate::rt::os;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::budget;
use crate::rt::park::wait::{self, Blocked, Wait};
use crate::rt::park::wake::wake_waiter;

/// Beside the owner: the queue may have waiters.
const WAITED_FOR: usize = 1;
/// Beside the owner: one waiter was woken, and competes.
const WOKEN: usize = 2;
const FLAGS: usize = WAITED_FOR | WOKEN;

/// In a waiter's slot, beside the owner that it is: so many times it has lost.
const LOSSES: usize = 7;
/// A waiter that has lost so often is handed the mutex; or one that has lost once, after so many nanoseconds.
const MAX_LOSSES: usize = 4;
const HANDOFF_AFTER: i64 = 1_000_000;
/// After so many calls have taken the mutex before the woken waiter competes, an unlock wakes the next waiter as well.
const MAX_OVERTAKEN: u32 = 64;

/// What stands in an `acort_mutex_t`.
#[repr(C)]
pub(crate) struct Mutex {
    /// The address of the owner, and its flags.
    owner: AtomicUsize,
    queue: WaitQueue,
    /// For the queue (M1).
    lock: Lock,
    /// So many calls have taken the mutex before the woken waiter could compete. The owner writes it.
    overtaken: AtomicU32,
}

const _: () = assert!(size_of::<Mutex>() <= size_of::<acort_mutex_t>());

impl Mutex {
    /// A free one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a mutex of its own")]
    pub(crate) const NEW: Mutex = Mutex {
        owner: AtomicUsize::new(0),
        queue: WaitQueue::NEW,
        lock: Lock::NEW,
        overtaken: AtomicU32::new(0),
    };
}

/// Takes it. EDEADLK: the caller has it.
///
/// # Safety
/// The mutex is there while somebody uses it.
#[inline(always)]
pub(crate) unsafe fn lock(
    caller: Caller,
    mutex: *mut Mutex,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the mutex is there.
    unsafe {
        let task = caller.task();
        let has_begun = mode != WaitMode::Cancellable || budget::try_enter_call(task, deadline);
        if !has_begun || compare_exchange_usize(&(*mutex).owner, 0, owner(task)).is_err() {
            return lock_slowly(caller, mutex, mode, has_begun, deadline);
        }
        tsan_acquire(mutex);
        task::lock_acquired(task);
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn lock_slowly(
    caller: Caller,
    mutex: *mut Mutex,
    mode: WaitMode,
    has_begun: bool,
    deadline: Deadline,
) -> Result<()> {
    if !has_begun {
        budget::enter_call(caller, deadline)?;
    }
    let (me, late) = (caller.owner(), Deadline::at(os::now() + HANDOFF_AFTER));
    let mut losses = 0;
    // SAFETY: as in `lock`. Each waiter that is woken competes, until it has the mutex (M2).
    unsafe {
        loop {
            let slot = ptr::without_provenance_mut(me | losses);
            attempt::wait_again(mutex, slot, WaitReason::Mutex, mode, deadline)?;
            if is_of(mutex, me) {
                break;
            }
            losses = if late.has_passed() { MAX_LOSSES } else { (losses + 1).min(MAX_LOSSES) };
        }
        task::lock_acquired(caller.task());
    }
    Ok(())
}

/// The slot is the caller, and how often it has lost. EDEADLK: it has the mutex.
impl Waitable for Mutex {
    unsafe fn parts(mutex: *mut Mutex) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the mutex is there; only addresses are taken.
        unsafe { (&raw const (*mutex).lock, &raw mut (*mutex).queue) }
    }

    #[inline(always)]
    fn joins_front(slot: *mut u8) -> bool {
        slot.addr() & LOSSES != 0
    }

    #[inline(always)]
    unsafe fn attempt(mutex: *mut Mutex, slot: *mut u8) -> Option<Result<()>> {
        let me = slot.addr() & !LOSSES;
        let kept = if Self::joins_front(slot) { WAITED_FOR } else { FLAGS };
        // SAFETY: the mutex is there, and its lock is held.
        unsafe {
            loop {
                let word = (*mutex).owner.load(Ordering::Relaxed);
                let (owner, flags) = (word & !FLAGS, word & kept);
                if owner == me {
                    (*mutex).lock.unlock();
                    return Some(Err(libc::EDEADLK));
                }
                let new = if owner == 0 { me | flags } else { owner | flags | WAITED_FOR };
                if compare_exchange_usize(&(*mutex).owner, word, new).is_err() {
                    continue;
                }
                if owner != 0 {
                    return None;
                }
                let overtaken = &(*mutex).overtaken;
                let count = if flags & WOKEN == 0 {
                    0
                } else {
                    overtaken.load(Ordering::Relaxed).saturating_add(1)
                };
                overtaken.store(count, Ordering::Relaxed);
                (*mutex).lock.unlock();
                tsan_acquire(mutex);
                return Some(Ok(()));
            }
        }
    }
}

/// Gives it up. EPERM: the caller does not have it.
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn unlock(caller: Caller, mutex: *mut Mutex) -> Result<()> {
    let task = caller.task();
    let me = owner(task);
    tsan_release(mutex);
    // SAFETY: the mutex is there; the caller has it, as the word says.
    unsafe {
        match compare_exchange_usize(&(*mutex).owner, me, 0) {
            Ok(()) => {}
            Err(word) if word & !FLAGS != me => return Err(libc::EPERM),
            Err(_) => pass_on(mutex, me, MAX_LOSSES),
        }
        task::lock_released(task);
    }
    Ok(())
}

/// The caller's mutex is free again, and its first waiter competes for it, or has it where that has lost `losses`
/// times. It may be freed then (M5).
#[cold]
#[inline(never)]
unsafe fn pass_on(mutex: *mut Mutex, me: usize, losses: usize) {
    // SAFETY: the mutex is there until the last exchange, or until the lock is given back (M5). A claimed waiter stays
    // until it is woken.
    unsafe {
        let lock = &raw const (*mutex).lock;
        loop {
            let word = (*mutex).owner.load(Ordering::Relaxed);
            let is_on_its_way =
                word & WOKEN != 0 && (*mutex).overtaken.load(Ordering::Relaxed) < MAX_OVERTAKEN;
            if word & WAITED_FOR == 0 || is_on_its_way {
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
            let more = if (*mutex).queue.is_empty() { 0 } else { WAITED_FOR };
            let slot = (*next).slot.addr();
            let owner = if slot & LOSSES >= losses { slot & !LOSSES } else { WOKEN };
            (*mutex).overtaken.store(0, Ordering::Relaxed);
            (*mutex).owner.store(owner | more, Ordering::Relaxed);
            (*lock).unlock();
            return wake_waiter(next);
        }
    }
}

#[inline(always)]
unsafe fn is_of(mutex: *mut Mutex, owner: usize) -> bool {
    // SAFETY: the mutex is there.
    unsafe { (*mutex).owner.load(Ordering::Relaxed) & !FLAGS == owner }
}

/// The owner, as `caller::owner` has it; 0: none.
///
/// # Safety
/// The mutex is there.
pub(crate) unsafe fn holder(mutex: *mut Mutex) -> usize {
    // SAFETY: the mutex is there.
    unsafe { (*mutex).owner.load(Ordering::Relaxed) & !FLAGS }
}

/// Returns true if the caller has it.
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn is_held_by_caller(caller: Caller, mutex: *mut Mutex) -> bool {
    // SAFETY: the mutex is there.
    unsafe { is_of(mutex, caller.owner()) }
}

/// Waits in `wait_queue`, whose lock is free, without the mutex, and takes that again, whatever comes. Where others
/// wait for the mutex the first of them has it meanwhile. EPERM: the caller does not have it.
///
/// # Safety
/// As [`lock`]; the queue stays as long as somebody waits in it.
pub(crate) unsafe fn unlock_and_wait(
    caller: Caller,
    mutex: *mut Mutex,
    lock_of_queue: *const Lock,
    queue: *mut WaitQueue,
    wait: Wait,
) -> Result<()> {
    // SAFETY: the mutex is there, and the queue while the caller waits in it.
    unsafe {
        if !is_held_by_caller(caller, mutex) {
            return Err(libc::EPERM);
        }
        let outcome = wait::complete_wait(begin_without(caller, mutex, lock_of_queue, queue, wait));
        lock(caller, mutex, WaitMode::Uninterruptible, Deadline::NEVER)?;
        outcome
    }
}

/// The first part of [`unlock_and_wait`]: the caller has its place in the queue before the mutex is free, so the
/// next owner finds it there. The mutex goes with no lock held, for that may call a hook.
#[inline(never)]
unsafe fn begin_without(
    caller: Caller,
    mutex: *mut Mutex,
    lock_of_queue: *const Lock,
    queue: *mut WaitQueue,
    wait: Wait,
) -> Blocked {
    // SAFETY: as in `unlock_and_wait`; the caller has the mutex, so that it can be given up.
    unsafe {
        (*lock_of_queue).lock();
        wait::enqueue_and_release(lock_of_queue, queue, ptr::null_mut(), wait, || {
            (*lock_of_queue).unlock();
            tsan_release(mutex);
            pass_on(mutex, caller.owner(), 0);
            task::lock_released(caller.task());
        })
    }
}
