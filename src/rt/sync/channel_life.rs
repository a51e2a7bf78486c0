//! How channels are created, closed, counted and freed. C1 to C7 are in `channel`.

use core::ffi::c_void;
use core::ptr;

use super::channel::{Channel, copy};
use crate::rt::base::atomic::{AtomicUsize, Ordering};
use crate::rt::base::{Aliased, Lock, WaitQueue, WakeList, tsan_acquire, tsan_release};
use crate::rt::model::Worker;
use crate::rt::model::abi::{ACORT_CHAN_SIZE, ACORT_LOCAL};
use crate::rt::os::Result;
use crate::rt::park::{CLOSED, wake_all};
use crate::{diag, sys};

/// The bytes of a channel with its ring, if the part before the ring has `head` bytes. Errors: `EINVAL` if they are too
/// many.
fn whole_size(head: usize, elem_size: usize, capacity: usize) -> Result<usize> {
    let size = elem_size.checked_mul(capacity).and_then(|ring| ring.checked_add(head));
    size.filter(|size| elem_size.max(*size) <= isize::MAX as usize).ok_or(libc::EINVAL)
}

/// The owner of a channel with these flags (C7). Errors: `EINVAL` if one is unknown; `EPERM` if the channel is to be
/// local and the thread is no worker.
fn owner_for(flags: u32) -> Result<*mut Worker> {
    match (flags, Worker::current()) {
        (0, _) => Ok(ptr::null_mut()),
        (ACORT_LOCAL, worker) if worker.is_null() => Err(libc::EPERM),
        (ACORT_LOCAL, worker) => Ok(worker),
        _ => Err(libc::EINVAL),
    }
}

/// Creates a channel with room for `capacity` values of `elem_size` bytes. Errors: those of [`whole_size`] and
/// [`owner_for`]; `ENOMEM`.
pub(crate) fn create(elem_size: usize, capacity: usize, flags: u32) -> Result<*mut Channel> {
    let size = whole_size(size_of::<Channel>(), elem_size, capacity)?;
    let owner = owner_for(flags)?;
    let channel: *mut Channel =
        sys::allocate_aligned(64, size).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: the memory has room for a channel and its ring.
    unsafe { write(channel, owner, elem_size, capacity, false) };
    Ok(channel)
}

/// Creates a channel as [`create`] does, in `size` bytes at `memory`. Errors: `EINVAL` if they are too few, or not
/// aligned; those of [`create`].
///
/// # Safety
/// The memory is writable, and not used otherwise until the last reference is released.
pub(crate) unsafe fn create_at(
    memory: *mut c_void,
    size: usize,
    elem_size: usize,
    capacity: usize,
    flags: u32,
) -> Result<*mut Channel> {
    let channel: *mut Channel = memory.cast();
    if !channel.is_aligned() || size < whole_size(ACORT_CHAN_SIZE, elem_size, capacity)? {
        return Err(libc::EINVAL);
    }
    // SAFETY: the memory has room for a channel and its ring.
    unsafe { write(channel, owner_for(flags)?, elem_size, capacity, true) };
    Ok(channel)
}

const _: () = assert!(size_of::<Channel>() <= ACORT_CHAN_SIZE);

/// Writes a new channel.
///
/// # Safety
/// `channel` has room for a channel and its ring.
unsafe fn write(
    channel: *mut Channel,
    owner: *mut Worker,
    elem_size: usize,
    capacity: usize,
    is_external: bool,
) {
    // SAFETY: the memory has room for a channel.
    unsafe {
        channel.write(Channel {
            lock: Lock::NEW,
            is_closed: false,
            is_external,
            owner,
            refcount: AtomicUsize::new(1),
            elem_size,
            capacity,
            length: 0,
            first: 0,
            receivers: WaitQueue::NEW,
            senders: WaitQueue::NEW,
            last: ptr::null_mut(),
            _aliased: Aliased {},
        });
    }
}

/// Closes the channel: all waits fail with EPIPE (C4). If `last` is not NULL, receives get a copy of that value:
/// those that wait, and each later one that finds the ring empty. Errors: `EPIPE` if the channel is closed already;
/// `ENOMEM`.
///
/// # Safety
/// The caller has a reference. `last` is NULL or readable for a value.
pub(crate) unsafe fn close(channel: *mut Channel, last: *const u8) -> Result<()> {
    // SAFETY: the channel exists until it is unlocked (C6). A claimed waiter stays in its call until it is woken. The
    // slot of a receiver has room for a value (C5).
    unsafe {
        (*channel).check_owner("acort_chan_close");
        let size = (*channel).elem_size;
        let last = copy_of(last, size)?;
        let guard = (*channel).lock.guard();
        if (*channel).is_closed {
            drop(guard);
            sys::free(last.cast());
            return Err(libc::EPIPE);
        }
        (*channel).is_closed = true;
        (*channel).last = last;
        let mut receivers = (*channel).receivers.claim_all();
        if !last.is_null() {
            receivers = give_to_all(receivers, last, size);
        }
        let senders = (*channel).senders.claim_all();
        drop(guard);
        wake_all(receivers, if last.is_null() { Some(CLOSED) } else { None });
        wake_all(senders, Some(CLOSED));
    }
    Ok(())
}

/// A copy of a value, allocated; NULL if `value` is NULL. Errors: `ENOMEM`.
///
/// # Safety
/// `value` is NULL or readable for `size` bytes.
unsafe fn copy_of(value: *const u8, size: usize) -> Result<*mut u8> {
    if value.is_null() {
        return Ok(ptr::null_mut());
    }
    let memory: *mut u8 = sys::allocate(size.max(1)).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: both have `size` bytes.
    unsafe { copy(memory, value, size) };
    Ok(memory)
}

/// Copies a value to the slots of receivers, and returns them.
///
/// # Safety
/// The receivers are claimed, and their channel is locked. `value` has `size` bytes.
unsafe fn give_to_all(mut receivers: WakeList, value: *const u8, size: usize) -> WakeList {
    let mut given = WakeList::NEW;
    // SAFETY: a claimed waiter stays until it is woken. Its slot has room for a value (C5).
    unsafe {
        while let Some(receiver) = receivers.pop().as_mut() {
            copy(receiver.slot, value, size);
            given.push(receiver);
        }
    }
    given
}

/// Returns true if the channel is closed.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn is_closed(channel: *mut Channel) -> bool {
    // SAFETY: the caller has a reference.
    unsafe {
        (*channel).check_owner("acort_chan_is_closed");
        let _guard = (*channel).lock.guard();
        (*channel).is_closed
    }
}

/// The number of values in the ring.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn length(channel: *mut Channel) -> usize {
    // SAFETY: the caller has a reference.
    unsafe {
        (*channel).check_owner("acort_chan_len");
        let _guard = (*channel).lock.guard();
        (*channel).length
    }
}

/// Adds a reference.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn add_ref(channel: *mut Channel) {
    // SAFETY: the caller has a reference.
    unsafe { (*channel).refcount.fetch_add(1, Ordering::Relaxed) };
}

/// Releases the caller's reference. The last one frees the channel, or leaves its memory to the program. Aborts if
/// callers wait in it then.
///
/// # Safety
/// The caller has a reference, and does not use the channel afterwards.
pub(crate) unsafe fn release(channel: *mut Channel) {
    // SAFETY: the caller has a reference until the count is lowered. After the last one no other thread uses the
    // channel.
    unsafe {
        tsan_release(channel);
        if (*channel).refcount.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        tsan_acquire(channel);
        // A caller that waits without its own reference would wait for freed memory.
        (*channel).lock.lock();
        if !(*channel).receivers.is_empty() || !(*channel).senders.is_empty() {
            let what = format_args!("the last reference is released while a caller waits");
            diag::fatal("acort_chan_unref", channel, what, "each user needs a reference")
        }
        (*channel).lock.unlock();
        sys::free((*channel).last.cast());
        if !(*channel).is_external {
            sys::free(channel.cast());
        }
    }
}
