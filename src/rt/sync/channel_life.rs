//! How channels are made, closed, counted and freed.

use core::ptr;

use super::channel::Channel;
use crate::rt::base::atomic::{AtomicUsize, Ordering};
use crate::rt::base::lock::{Aliased, Lock, tsan_acquire, tsan_release};
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::model::abi::ACORT_LOCAL;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;
use crate::rt::park::wake::{CLOSED, wake_all};
use crate::{diag, sys};

/// A channel of `capacity` values of `elem_size` bytes. EINVAL: of none, or too many, or a flag that does not
/// exist; EPERM: local, but made by no worker; ENOMEM.
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
    // SAFETY: so much was allocated.
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

/// Closes it: who waits has EPIPE. EPIPE: it is closed.
///
/// # Safety
/// The channel is there.
pub(crate) unsafe fn close(channel: *mut Channel) -> Result<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        (*channel).check_owner("acort_chan_close");
        let held = (*channel).lock.guard();
        if (*channel).is_closed {
            return Err(libc::EPIPE);
        }
        (*channel).is_closed = true;
        let lists = [(*channel).receivers.claim_all(), (*channel).senders.claim_all()];
        drop(held);
        for list in lists {
            wake_all(list, Some(CLOSED));
        }
    }
    Ok(())
}

/// How many values are in it.
///
/// # Safety
/// The channel is there.
pub(crate) unsafe fn length(channel: *mut Channel) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        (*channel).check_owner("acort_chan_len");
        let _guard = (*channel).lock.guard();
        (*channel).length
    }
}

/// One more uses it.
///
/// # Safety
/// The channel is there.
pub(crate) unsafe fn add_ref(channel: *mut Channel) {
    // SAFETY: the caller's promise.
    unsafe { (*channel).refcount.fetch_add(1, Ordering::Relaxed) };
}

/// One less uses it; the last one frees it. Aborts where somebody waits in it then.
///
/// # Safety
/// The channel is there; the caller does not use it from here on.
pub(crate) unsafe fn release(channel: *mut Channel) {
    // SAFETY: the caller's promise.
    unsafe {
        tsan_release(channel);
        if (*channel).refcount.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        tsan_acquire(channel);
        // Who waits here without a reference of its own is found, not lost.
        (*channel).lock.lock();
        if !(*channel).receivers.is_empty() || !(*channel).senders.is_empty() {
            let what = format_args!("somebody waits in the channel");
            diag::fatal("acort_chan_unref", channel, what, "a reference for each user of a channel")
        }
        (*channel).lock.unlock();
        sys::free(channel.cast());
    }
}
