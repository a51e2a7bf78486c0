//! Mutexes: one word where nobody waits; handed to who waits first where somebody does.

use core::ptr;

use super::Outcome;
use super::atomic::{AtomicUsize, Ordering};
use super::attempt::{self, Awaited};
use super::call;
use super::lock::{Lock, exchange_address, happens_after, happens_before};
use super::parker::Hearing;
use super::queue::Queue;
use super::task::{self, Task};
use super::wait::{self, Begun, Wait};
use super::wake::wake_waiter;
use super::why::Why;
use crate::tls;

/// Beside the owner: somebody may wait.
const WAITED_FOR: usize = 1;

/// What stands in an `acort_mutex_t`. The owner changes from 0 to somebody and back without the lock, and under
/// it alone while somebody may wait.
#[repr(C)]
pub(crate) struct Mutex {
    owner: AtomicUsize,
    queue: Queue,
    /// For the queue.
    lock: Lock,
}

impl Mutex {
    /// A free one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a mutex of its own")]
    pub(crate) const NEW: Mutex =
        Mutex { owner: AtomicUsize::new(0), queue: Queue::NEW, lock: Lock::NEW };
}

/// The owner that the caller is: the address of the task that runs here, or of the thread's state.
#[inline(always)]
pub(crate) fn myself() -> usize {
    owner(task::here())
}

/// The same, of what [`task::here`] gives.
#[inline(always)]
fn owner(task: *mut Task) -> usize {
    if task.is_null() { tls::thread_state() as usize } else { task as usize }
}

/// Takes it. EDEADLK: the caller has it.
///
/// # Safety
/// The mutex is there while somebody uses it.
#[inline(always)]
pub(crate) unsafe fn lock(mutex: *mut Mutex, hearing: Hearing, deadline: i64) -> Outcome<()> {
    let task = task::here();
    // SAFETY: the caller's promise.
    unsafe {
        let is_clear = hearing != Hearing::Cancellation || call::try_begin(deadline);
        if !is_clear || exchange_address(&(*mutex).owner, 0, owner(task)).is_err() {
            return lock_slowly(mutex, task, hearing, deadline);
        }
        happens_after(mutex);
        task::took_lock(task);
    }
    Ok(())
}

#[cold]
#[inline(never)]
unsafe fn lock_slowly(
    mutex: *mut Mutex,
    task: *mut Task,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    let slot = ptr::without_provenance_mut(owner(task));
    // SAFETY: as in `lock`.
    unsafe {
        attempt::wait(mutex, slot, Why::Mutex, hearing, deadline)?;
        task::took_lock(task::here());
    }
    Ok(())
}

/// The slot is the caller. EDEADLK: it has the mutex.
impl Awaited for Mutex {
    unsafe fn parts(mutex: *mut Mutex) -> (*const Lock, *mut Queue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*mutex).lock, &raw mut (*mutex).queue) }
    }

    #[inline(always)]
    unsafe fn attempt(mutex: *mut Mutex, me: *mut u8) -> Option<Outcome<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            loop {
                let owner = (*mutex).owner.load(Ordering::Relaxed);
                if owner & !WAITED_FOR == me.addr() {
                    (*mutex).lock.give();
                    return Some(Err(libc::EDEADLK));
                }
                let new = if owner == 0 { me.addr() } else { owner | WAITED_FOR };
                if exchange_address(&(*mutex).owner, owner, new).is_err() {
                    continue;
                }
                if owner != 0 {
                    return None;
                }
                (*mutex).lock.give();
                happens_after(mutex);
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
pub(crate) unsafe fn unlock(mutex: *mut Mutex) -> Outcome<()> {
    let task = task::here();
    let me = owner(task);
    happens_before(mutex);
    // SAFETY: the caller's promise.
    unsafe {
        match exchange_address(&(*mutex).owner, me, 0) {
            Ok(()) => {}
            Err(owner) if owner & !WAITED_FOR != me => return Err(libc::EPERM),
            Err(_) => hand_on(mutex, me),
        }
        task::gave_lock(task);
    }
    Ok(())
}

/// The caller's mutex goes to who waits first; or to nobody, as the last that is done with it: it may be freed
/// then.
#[cold]
#[inline(never)]
unsafe fn hand_on(mutex: *mut Mutex, me: usize) {
    // SAFETY: as in `lock_slowly`; who is claimed stays until it is woken.
    unsafe {
        let lock = &raw const (*mutex).lock;
        loop {
            (*lock).take();
            let next = (*mutex).queue.claim_first();
            if !next.is_null() {
                let more = if (*mutex).queue.is_empty() { 0 } else { WAITED_FOR };
                (*mutex).owner.store((*next).slot.addr() | more, Ordering::Relaxed);
                (*lock).give();
                return wake_waiter(next);
            }
            (*mutex).owner.store(me, Ordering::Relaxed);
            (*lock).give();
            if exchange_address(&(*mutex).owner, me, 0).is_ok() {
                return;
            }
        }
    }
}

/// Has the caller got it?
///
/// # Safety
/// As [`lock`].
#[inline(always)]
pub(crate) unsafe fn is_mine(mutex: *mut Mutex) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*mutex).owner.load(Ordering::Relaxed) & !WAITED_FOR == myself() }
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
        let outcome = wait::end_in_queue(begin_without(mutex, lock_of_queue, queue, wait));
        lock(mutex, Hearing::Nothing, -1)?;
        outcome
    }
}

/// The first part of [`wait_without`]: the caller has its place in the queue before the mutex is free, so the
/// next owner finds it there. The mutex goes with no lock held, for that may call a hook.
#[inline(never)]
unsafe fn begin_without(
    mutex: *mut Mutex,
    lock_of_queue: *const Lock,
    queue: *mut Queue,
    wait: Wait,
) -> Begun {
    // SAFETY: as in `wait_without`; the caller has the mutex, so that it can be unlocked.
    unsafe {
        (*lock_of_queue).take();
        wait::begin_and_release(lock_of_queue, queue, ptr::null_mut(), wait, || {
            (*lock_of_queue).give();
            let _ = unlock(mutex);
        })
    }
}
