//! How channels are created, closed, counted and freed. C1 to C7 are in `channel`.

use core::ptr;

use super::channel::Channel;
use crate::rt::base::atomic::{AtomicUsize, Ordering};
use crate::rt::base::{Aliased, Lock, WaitQueue, tsan_acquire, tsan_release};
use crate::rt::model::Worker;
use crate::rt::model::abi::ACORT_LOCAL;
use crate::rt::os::Result;
use crate::rt::park::{CLOSED, wake_all};
use crate::{diag, sys};

/// Creates a channel with room for `capacity` values of `elem_size` bytes. Errors: `EINVAL` if the size is 0 or too
/// large, or `flags` are unknown; `EPERM` if the channel is to be local and the thread is no worker; `ENOMEM`.
pub(crate) fn create(elem_size: usize, capacity: usize, flags: u32) -> Result<*mut Channel> {
    if elem_size == 0 || elem_size > isize::MAX as usize || flags & !ACORT_LOCAL != 0 {
        return Err(libc::EINVAL);
    }
    let owner = if flags & ACORT_LOCAL != 0 { Worker::current() } else { ptr::null_mut() };
    if flags & ACORT_LOCAL != 0 && owner.is_null() {
        return Err(libc::EPERM);
    }
    let ring = elem_size.checked_mul(capacity).ok_or(libc::EINVAL)?;
    let size = ring.checked_add(size_of::<Channel>()).ok_or(libc::EINVAL)?;
    let channel: *mut Channel = sys::allocate(size).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: the memory has room for a channel and its ring.
    unsafe {
        channel.write(Channel {
            lock: Lock::NEW,
            is_closed: false,
            owner,
            refcount: AtomicUsize::new(1),
            elem_size,
            capacity,
            length: 0,
            first: 0,
            receivers: WaitQueue::NEW,
            senders: WaitQueue::NEW,
            _aliased: Aliased {},
        });
    }
    Ok(channel)
}

/// Closes the channel: all waits fail with EPIPE (C4). Errors: `EPIPE` if it is closed already.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn close(channel: *mut Channel) -> Result<()> {
    // SAFETY: the channel exists until it is unlocked (C6). A claimed waiter stays in its call until it is woken.
    unsafe {
        (*channel).check_owner("acort_chan_close");
        let guard = (*channel).lock.guard();
        if (*channel).is_closed {
            return Err(libc::EPIPE);
        }
        (*channel).is_closed = true;
        let mut claimed = (*channel).receivers.claim_all();
        (*channel).senders.claim_into(&mut claimed);
        drop(guard);
        wake_all(claimed, Some(CLOSED));
    }
    Ok(())
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

/// Releases the caller's reference. The last one frees the channel. Aborts if callers wait in it then.
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
        sys::free(channel.cast());
    }
}
