//! A readers-writer lock, first come first served.
//!
//! ```text
//!   writer  readers  step                                 writer  readers  also
//!   ──────  ───────  ───────────────────────────────────  ──────  ───────  ──────────────────────────────
//!   0       n        read, the queue is empty             0       n + 1
//!   0       0        write, the queue is empty            me      0
//!           other    read, write                          same             EDEADLK if writer == me
//!                                                                          otherwise the caller waits
//!   me      0        unlock                               0       0        grant
//!   0       n        unlock                               0       n - 1    grant
//!   grant, while the first waiter can have the lock:
//!   0       n        the first waiter is a reader         0       n + 1    claimed, and woken
//!   0       0        the first waiter is a writer         it      0        claimed, and woken
//! ```
//!
//! * A1. At most one of `writer` and `readers` is not 0.
//! * A2. A caller that finds waiters joins the queue behind them, readers included. So readers do not starve a writer,
//!   and adjacent readers in the queue get the lock together.
//! * A3. A granted waiter owns the lock when it is woken: no other call gets it in between.
//! * A4. A waiter whose call fails runs grant: it may have been what the waiters behind it waited for.
//! * A5. The waker unlocks before it wakes, and does not use the object afterwards: the woken caller may free it.

use core::ptr;

use crate::rt::base::{Aliased, Lock, WaitMode, WaitQueue, WaitReason, WakeList};
use crate::rt::model::abi::acort_rwlock_t;
use crate::rt::model::{Caller, task};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt};

/// The contents of an `acort_rwlock_t`. All zero: unlocked.
#[repr(C)]
pub(crate) struct RwLock {
    /// Protects the other fields.
    lock: Lock,
    /// The number of readers that own the lock.
    readers: u32,
    /// The writer that owns the lock; 0: none.
    writer: usize,
    /// A writer's slot is the owner that it becomes. A reader's slot is NULL.
    queue: WaitQueue,
    _aliased: Aliased,
}

const _: () = assert!(size_of::<RwLock>() <= size_of::<acort_rwlock_t>());

impl RwLock {
    /// Gives the lock to the first waiters that can have it. Returns them: the caller has claimed them, and wakes them
    /// without the lock (A5).
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn grant(&mut self) -> WakeList {
        let mut granted = WakeList::NEW;
        // SAFETY: the lock is held, so that the waiters in the queue exist.
        unsafe {
            while self.writer == 0 {
                let first = self.queue.first();
                let Some(waiter) = first.as_ref() else { break };
                let is_reader = waiter.slot.is_null();
                if !is_reader && self.readers != 0 {
                    break;
                }
                if !self.queue.claim(first) {
                    continue;
                }
                if is_reader {
                    self.readers += 1;
                } else {
                    self.writer = (*first).slot.addr();
                }
                granted.push(first);
            }
        }
        granted
    }
}

impl Waitable for RwLock {
    unsafe fn parts(rwlock: *mut RwLock) -> Parts {
        // SAFETY: the object exists.
        unsafe { (&raw const (*rwlock).lock, &raw mut (*rwlock).queue) }
    }

    /// Acquires the lock for `slot`, unless the caller must wait (A2).
    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt {
        if self.writer == Caller::current().owner() {
            return Some(Err(libc::EDEADLK));
        }
        let is_reader = slot.is_null();
        if self.writer != 0 || !self.queue.first().is_null() || !is_reader && self.readers != 0 {
            return None;
        }
        match (is_reader, self.readers.checked_add(1)) {
            (false, _) => self.writer = slot.addr(),
            (true, Some(readers)) => self.readers = readers,
            (true, None) => return Some(Err(libc::EAGAIN)),
        }
        SUCCESS
    }
}

/// Acquires the lock for `slot`: a writer, or NULL, a reader.
///
/// # Safety
/// As [`read`].
unsafe fn acquire(
    caller: Caller,
    rwlock: *mut RwLock,
    slot: *mut u8,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    let wait_reason = if slot.is_null() { WaitReason::ReadLock } else { WaitReason::WriteLock };
    // SAFETY: the object exists, and its lock is held in `grant`.
    unsafe {
        let outcome = attempt::wait_in_mode(caller, rwlock, slot, wait_reason, mode, deadline);
        if outcome.is_err() {
            // A4.
            let _ = attempt::change_and_wake(rwlock, |rwlock| Ok(rwlock.grant()));
        } else {
            task::lock_acquired(caller.task());
        }
        outcome
    }
}

/// Acquires the lock for reading. Errors: `EDEADLK` if the caller owns it for writing; `EAGAIN` if there are too many
/// readers; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// The object exists during the call, and as long as a call waits for it.
pub(crate) unsafe fn read(caller: Caller, rwlock: *mut RwLock, deadline: Deadline) -> Result<()> {
    // SAFETY: the object exists.
    unsafe { acquire(caller, rwlock, ptr::null_mut(), WaitMode::Cancellable, deadline) }
}

/// Acquires the lock for writing. Errors: `EDEADLK` if the caller owns it for writing; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn write(caller: Caller, rwlock: *mut RwLock, deadline: Deadline) -> Result<()> {
    let slot = ptr::without_provenance_mut(caller.owner());
    // SAFETY: the object exists.
    unsafe { acquire(caller, rwlock, slot, WaitMode::Cancellable, deadline) }
}

/// The slot with which the caller owns the lock: NULL if it is a reader. Errors: `EPERM` if the lock is free, or owned
/// by a writer that is not the caller.
///
/// # Safety
/// As [`read`].
pub(super) unsafe fn owner_slot(caller: Caller, rwlock: *mut RwLock) -> Result<*mut u8> {
    // SAFETY: the object exists.
    match unsafe { holder(rwlock) } {
        Err(_) => Ok(ptr::null_mut()),
        Ok(writer) if writer == caller.owner() => Ok(ptr::without_provenance_mut(writer)),
        Ok(_) => Err(libc::EPERM),
    }
}

/// Acquires the lock for `slot`, without a deadline or cancellation. Errors: `EAGAIN` if there are too many readers.
///
/// # Safety
/// As [`read`].
pub(super) unsafe fn lock_again(caller: Caller, rwlock: *mut RwLock, slot: *mut u8) -> Result<()> {
    // SAFETY: the object exists.
    unsafe { acquire(caller, rwlock, slot, WaitMode::Uninterruptible, Deadline::NEVER) }
}

/// The writer that owns the lock, as `caller::owner` returns it; 0: the lock is free. Err: the number of readers that
/// own it.
///
/// # Safety
/// The object exists.
pub(crate) unsafe fn holder(rwlock: *mut RwLock) -> core::result::Result<usize, u32> {
    // SAFETY: the object exists.
    unsafe {
        let _guard = (*rwlock).lock.guard();
        match ((*rwlock).writer, (*rwlock).readers) {
            (0, readers) if readers != 0 => Err(readers),
            (writer, _) => Ok(writer),
        }
    }
}

/// Releases the lock. Errors: `EPERM` if it is free, or owned by a writer that is not the caller.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn unlock(caller: Caller, rwlock: *mut RwLock) -> Result<()> {
    let unlock = |rwlock: &mut RwLock| {
        match rwlock.writer {
            0 => rwlock.readers = rwlock.readers.checked_sub(1).ok_or(libc::EPERM)?,
            writer if writer == caller.owner() => rwlock.writer = 0,
            _ => return Err(libc::EPERM),
        }
        // SAFETY: the lock is held.
        Ok(unsafe { rwlock.grant() })
    };
    // SAFETY: the object exists until it is unlocked (A5).
    unsafe { attempt::change_and_wake(rwlock, unlock)? };
    // SAFETY: the task is the caller's.
    unsafe { task::lock_released(caller.task()) };
    Ok(())
}
