//! Locks for many readers or one writer. Who waits first is next: a reader that comes while a writer waits
//! waits behind it, so that writers are not starved; readers that wait next to each other go on together.

use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::{WaitQueue, Waiter, WakeList};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::abi::acort_rwlock_t;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::Result;
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::wake::wake_all;

/// What stands in an `acort_rwlock_t`. Everything under its lock.
#[repr(C)]
pub(crate) struct RwLock {
    lock: Lock,
    /// Readers that have it.
    readers: u32,
    /// The writer that has it, or 0.
    writer: usize,
    /// A writer's slot says who it is; a reader's is NULL.
    queue: WaitQueue,
}

const _: () = assert!(size_of::<RwLock>() <= size_of::<acort_rwlock_t>());

impl RwLock {
    /// Hands it to those who wait first, as far as they can have it. Gives them, to be woken when the lock
    /// is free.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn admit(&mut self) -> *mut Waiter {
        let mut admitted = WakeList::NEW;
        // SAFETY: the caller's promise; who is in the queue is there.
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
                admitted.add(first);
            }
        }
        admitted.list()
    }

    /// Takes it, where no owner keeps the caller out and no other caller waits. The lock is held.
    fn enter(&mut self, slot: *mut u8) -> Option<Result<()>> {
        if self.writer == Caller::current().owner() {
            return Some(Err(libc::EDEADLK));
        }
        if self.writer != 0 || !self.queue.first().is_null() {
            return None;
        }
        if slot.is_null() {
            return match self.readers.checked_add(1) {
                Some(readers) => {
                    self.readers = readers;
                    Some(Ok(()))
                }
                None => Some(Err(libc::EAGAIN)),
            };
        }
        if self.readers != 0 {
            return None;
        }
        self.writer = slot.addr();
        Some(Ok(()))
    }
}

/// The slot is the writer that the caller is, or NULL, of a reader. EDEADLK: the caller has it for writing; EAGAIN: too
/// many readers.
impl Waitable for RwLock {
    unsafe fn parts(rwlock: *mut RwLock) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*rwlock).lock, &raw mut (*rwlock).queue) }
    }

    unsafe fn attempt(rwlock: *mut RwLock, slot: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            let outcome = (*rwlock).enter(slot)?;
            (*rwlock).lock.unlock();
            Some(outcome)
        }
    }
}

/// Takes it for the one that `slot` says. EDEADLK: the caller has it for writing; EAGAIN: too many readers.
///
/// # Safety
/// It is there while somebody uses it.
unsafe fn take(
    caller: Caller,
    rwlock: *mut RwLock,
    slot: *mut u8,
    wait_reason: WaitReason,
    deadline: i64,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let outcome =
            attempt::wait(caller, rwlock, slot, wait_reason, WaitMode::Cancellable, deadline);
        if outcome.is_err() {
            // It stood in the way of those behind it.
            let held = (*rwlock).lock.guard();
            let list = (*rwlock).admit();
            drop(held);
            wake_all(list, None);
        } else {
            task::lock_acquired(caller.task());
        }
        outcome
    }
}

/// Takes it for reading. EDEADLK: the caller has it for writing; EAGAIN: too many have it.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn read(caller: Caller, rwlock: *mut RwLock, deadline: i64) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { take(caller, rwlock, ptr::null_mut(), WaitReason::ReadLock, deadline) }
}

/// Takes it for writing. EDEADLK: the caller has it so.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn write(caller: Caller, rwlock: *mut RwLock, deadline: i64) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        take(
            caller,
            rwlock,
            ptr::without_provenance_mut(caller.owner()),
            WaitReason::WriteLock,
            deadline,
        )
    }
}

/// The writer that has it, as `caller::owner` has it, or 0; else how many readers have it.
///
/// # Safety
/// It is there.
pub(crate) unsafe fn holder(rwlock: *mut RwLock) -> core::result::Result<usize, u32> {
    // SAFETY: it is there.
    unsafe {
        let _guard = (*rwlock).lock.guard();
        match ((*rwlock).writer, (*rwlock).readers) {
            (0, readers) if readers != 0 => Err(readers),
            (writer, _) => Ok(writer),
        }
    }
}

/// Gives it up. EPERM: nobody has it, or a writer that is not the caller.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn unlock(caller: Caller, rwlock: *mut RwLock) -> Result<()> {
    let me = caller.owner();
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*rwlock).lock.guard();
        match (*rwlock).writer {
            0 => (*rwlock).readers = (*rwlock).readers.checked_sub(1).ok_or(libc::EPERM)?,
            writer if writer == me => (*rwlock).writer = 0,
            _ => return Err(libc::EPERM),
        }
        let list = (*rwlock).admit();
        drop(held);
        wake_all(list, None);
        task::lock_released(caller.task());
    }
    Ok(())
}
