//! Locks for many readers or one writer. Who waits first is next: a reader that comes while a writer waits
//! waits behind it, so that writers are not starved; readers that wait next to each other go on together.

use core::ptr;

use super::Outcome;
use super::lock::Lock;
use super::mutex::myself;
use super::parker::Hearing;
use super::queue::{Claimed, Queue, Waiter};
use super::wait::{self, Wait};
use super::wake::wake_all;
use super::why::Why;

/// What stands in an `acort_rwlock_t`. Everything under its lock.
#[repr(C)]
pub(crate) struct RwLock {
    lock: Lock,
    /// Readers that have it.
    readers: u32,
    /// The writer that has it, or 0.
    writer: usize,
    /// A writer's slot says who it is; a reader's is NULL.
    queue: Queue,
}

impl RwLock {
    /// Hands it to those who wait first, as far as they can have it. Gives them, to be woken when the lock
    /// is free.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn admit(&mut self) -> *mut Waiter {
        let mut admitted = Claimed::NEW;
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
                    self.writer = (*first).slot as usize;
                }
                admitted.add(first);
            }
        }
        admitted.list()
    }
}

/// Takes it for reading, or, with `writes`, alone. EDEADLK: the caller has it for writing; EAGAIN: too many
/// readers.
///
/// # Safety
/// It is there while somebody uses it.
unsafe fn take(rwlock: *mut RwLock, writes: bool, wait: Wait) -> Outcome<()> {
    let me = myself();
    // SAFETY: the caller's promise; the lock is held until the wait gives it back.
    unsafe {
        let lock = &raw const (*rwlock).lock;
        let held = (*lock).hold();
        let RwLock { readers, writer, ref queue, .. } = *rwlock;
        if writer == me {
            return Err(libc::EDEADLK);
        }
        let is_free = writer == 0 && queue.is_empty();
        if is_free && !writes {
            (*rwlock).readers = readers.checked_add(1).ok_or(libc::EAGAIN)?;
            return Ok(());
        }
        if is_free && readers == 0 {
            (*rwlock).writer = me;
            return Ok(());
        }
        core::mem::forget(held);
        let slot = if writes { ptr::without_provenance_mut(me) } else { ptr::null_mut() };
        let outcome = wait::in_queue(lock, &raw mut (*rwlock).queue, slot, wait);
        if outcome.is_err() {
            // It stood in the way of those behind it.
            let held = (*lock).hold();
            let list = (*rwlock).admit();
            drop(held);
            wake_all(list, None);
        }
        outcome
    }
}

/// Takes it for reading. EDEADLK: the caller has it for writing; EAGAIN: too many have it.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn read(rwlock: *mut RwLock, deadline: i64) -> Outcome<()> {
    let hearing = Hearing::Cancellation;
    let wait = Wait { why: Why::ReadLock, about: rwlock as usize, hearing, deadline };
    // SAFETY: the caller's promise.
    unsafe { take(rwlock, false, wait) }
}

/// Takes it for writing. EDEADLK: the caller has it so.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn write(rwlock: *mut RwLock, deadline: i64) -> Outcome<()> {
    let hearing = Hearing::Cancellation;
    let wait = Wait { why: Why::WriteLock, about: rwlock as usize, hearing, deadline };
    // SAFETY: the caller's promise.
    unsafe { take(rwlock, true, wait) }
}

/// Gives it up. EPERM: nobody has it, or a writer that is not the caller.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn unlock(rwlock: *mut RwLock) -> Outcome<()> {
    let me = myself();
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*rwlock).lock.hold();
        match (*rwlock).writer {
            0 => (*rwlock).readers = (*rwlock).readers.checked_sub(1).ok_or(libc::EPERM)?,
            writer if writer == me => (*rwlock).writer = 0,
            _ => return Err(libc::EPERM),
        }
        let list = (*rwlock).admit();
        drop(held);
        wake_all(list, None);
    }
    Ok(())
}
