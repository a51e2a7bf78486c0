//! Mutexes: one word where nobody waits; handed to who waits first where somebody does.

use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::lock::{HELD, Lock, exchange, happens_after, happens_before};
use super::parker::Hearing;
use super::queue::Queue;
use super::task;
use super::wait::{self, Wait};
use super::wake::wake_waiter;
use super::why::Why;
use super::{Outcome, vessel};
use crate::tls;

/// Somebody has it.
const LOCKED: u32 = 2;
/// Somebody may wait.
const WAITED_FOR: u32 = 4;

/// What stands in an `acort_mutex_t`. The word changes under its lock, or from `LOCKED` to 0 and back
/// while that is free.
#[repr(C)]
pub(crate) struct Mutex {
    word: Lock,
    queue: Queue,
    owner: AtomicUsize,
}

/// Who runs here: the address of a task, or of the thread's state.
#[inline(always)]
pub(crate) fn myself() -> usize {
    match task::here() {
        task if task.is_null() => tls::thread_state() as usize,
        task => task as usize,
    }
}

/// Takes it. EDEADLK: the caller has it.
///
/// # Safety
/// The mutex is there while somebody uses it.
#[inline(always)]
pub(crate) unsafe fn lock(mutex: *mut Mutex, hearing: Hearing, deadline: i64) -> Outcome<()> {
    let me = myself();
    // SAFETY: the caller's promise.
    unsafe {
        let word = &(*mutex).word.0;
        if exchange(word, 0, LOCKED).is_err() {
            return lock_slowly(mutex, me, hearing, deadline);
        }
        (*mutex).owner.store(me, Ordering::Relaxed);
        happens_after(mutex);
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn lock_slowly(
    mutex: *mut Mutex,
    me: usize,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: as in `lock`; who holds the lock of the word is alone in writing it.
    unsafe {
        let lock = &raw const (*mutex).word;
        (*lock).take();
        let word = (*lock).0.load(Ordering::Relaxed);
        if word & LOCKED == 0 {
            (*lock).0.store(word | LOCKED, Ordering::Relaxed);
            (*mutex).owner.store(me, Ordering::Relaxed);
            (*lock).give();
            return Ok(());
        }
        if (*mutex).owner.load(Ordering::Relaxed) == me {
            (*lock).give();
            return Err(libc::EDEADLK);
        }
        (*lock).0.store(word | WAITED_FOR, Ordering::Relaxed);
        let wait = Wait { why: Why::Mutex, about: mutex as usize, hearing, deadline };
        let slot = ptr::without_provenance_mut(me);
        wait::in_queue(lock, &raw mut (*mutex).queue, slot, wait)
    }
}

/// Gives it up. EPERM: the caller does not have it.
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn unlock(mutex: *mut Mutex) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if !is_mine(mutex) {
            return Err(libc::EPERM);
        }
        (*mutex).owner.store(0, Ordering::Relaxed);
        happens_before(mutex);
        let word = &(*mutex).word.0;
        if exchange(word, LOCKED, 0).is_err() {
            hand_on(mutex);
        }
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn hand_on(mutex: *mut Mutex) {
    // SAFETY: as in `lock_slowly`; who is claimed stays until it is woken.
    unsafe {
        let lock = &raw const (*mutex).word;
        (*lock).take();
        let next = (*mutex).queue.claim_first();
        if next.is_null() {
            (*lock).0.store(HELD, Ordering::Relaxed);
            return (*lock).give();
        }
        let more = if (*mutex).queue.is_empty() { 0 } else { WAITED_FOR };
        (*lock).0.store(HELD | LOCKED | more, Ordering::Relaxed);
        (*mutex).owner.store((*next).slot as usize, Ordering::Relaxed);
        (*lock).give();
        wake_waiter(next);
    }
}

/// Has the caller got it?
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn is_mine(mutex: *mut Mutex) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*mutex).owner.load(Ordering::Relaxed) == myself() }
}

/// Waits in `queue`, whose lock is free, without the mutex, and takes that again, whatever comes.
/// EPERM: the caller does not have it.
///
/// # Safety
/// As [`lock`]; the queue stays as long as somebody waits in it.
pub(crate) unsafe fn wait_without(
    mutex: *mut Mutex,
    lock_of_queue: *const Lock,
    queue: *mut Queue,
    wait: Wait,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        if !is_mine(mutex) {
            return Err(libc::EPERM);
        }
        if vessel::is_on_moving_stack(mutex.cast()) {
            return Err(libc::EFAULT);
        }
        // Who takes the mutex next cannot look at the queue before the caller is in it.
        (*lock_of_queue).take();
        unlock(mutex)?;
        let outcome = wait::in_queue(lock_of_queue, queue, ptr::null_mut(), wait);
        lock(mutex, Hearing::Nothing, -1)?;
        outcome
    }
}
