//! The calls that send and receive, and wait where they must.
//!
//! The parts before and after the switch are separate functions: what they keep on a shared stack would be copied,
//! and take memory, while the task waits. C1 to C7 are in `channel`.

use core::ffi::c_void;
use core::ptr;

use super::channel::{Channel, copy};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::{WaitMode, WaitReason};
use crate::rt::model::{Caller, Worker, task, task_cold};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Blocked, Parts, Waitable, attempt, budget};
use crate::sanitizer;

/// A channel, as its senders or its receivers wait for it. A sender's slot has the value, a receiver's is for one. If
/// the channel is local, the lock need not be held where [`Waitable`] asks for it (C7).
#[repr(transparent)]
struct Side<const SENDS: bool>(Channel);

impl<const SENDS: bool> Waitable for Side<SENDS> {
    unsafe fn parts(channel: *mut Self) -> Parts {
        // SAFETY: the channel exists.
        unsafe {
            let (senders, receivers) =
                (&raw mut (*channel).0.senders, &raw mut (*channel).0.receivers);
            (&raw const (*channel).0.lock, if SENDS { senders } else { receivers })
        }
    }

    #[inline(always)]
    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt {
        // SAFETY: the lock is held, or the channel is local; the slot has a value, or room for one.
        unsafe { if SENDS { self.0.try_send(slot) } else { self.0.try_receive(slot) } }
    }
}

/// Memory that wakers may use in place of `value` while the caller waits (C5): `value` itself, or scratch memory of the
/// task if `value` lies on the shared stack. NULL: there is no memory.
///
/// A call that does not wait needs no such memory, and must not use it: it may be the call of a hook that interrupts
/// another call, which uses the scratch memory.
unsafe fn stable_slot(value: *mut u8, size: usize, deadline: Deadline) -> *mut u8 {
    // SAFETY: memory on the shared stack implies that a task runs here.
    unsafe {
        match !deadline.is_now() && Worker::is_on_shared_stack(value.cast()) {
            true => task_cold::reserve_scratch(task::current(), size),
            false => value,
        }
    }
}

/// Sends the value at `from`. Errors: `EPIPE` if the channel is closed; `ENOMEM`; those of a wait.
///
/// # Safety
/// The caller has a reference of the channel. `from` is readable for a value.
#[inline(always)]
pub(crate) unsafe fn send(
    caller: Caller,
    channel: *mut Channel,
    from: *const c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the channel exists, and `from` has a value.
    unsafe {
        let from = from.cast_mut().cast();
        attempt::finish::<Side<true>>(start(caller, channel.cast::<Side<true>>(), from, deadline))
    }
}

/// Receives a value to `to`. Errors: `EPIPE` if the channel is closed and empty; `ENOMEM`; those of a wait.
///
/// # Safety
/// The caller has a reference of the channel. `to` is writable for a value.
#[inline(always)]
pub(crate) unsafe fn receive(
    caller: Caller,
    channel: *mut Channel,
    to: *mut c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the channel exists, and `to` has room for a value.
    unsafe {
        let channel: *mut Side<false> = channel.cast();
        if let Blocked::Pending = start(caller, channel, to.cast(), deadline)? {
            attempt::finish::<Side<false>>(Ok(Blocked::Pending))?;
            copy_out(to.cast());
        }
    }
    Ok(())
}

/// The part before the switch. `data` has a value, or room for one.
#[inline(never)]
unsafe fn start<const SENDS: bool>(
    caller: Caller,
    channel: *mut Side<SENDS>,
    data: *mut u8,
    deadline: Deadline,
) -> Result<Blocked> {
    let deadline = budget::enter_call(caller, deadline)?;
    let (name, wait_reason) = match SENDS {
        true => ("acort_chan_send", WaitReason::Send),
        false => ("acort_chan_recv", WaitReason::Receive),
    };
    // SAFETY: the channel exists, and `data` is for a value. The lock is held, or the channel is local.
    unsafe {
        (*channel).0.lock_unless_local(name);
        let size = (*channel).0.elem_size;
        if let Some(outcome) = attempt::attempt_and_unlock(channel, data) {
            if !SENDS && outcome.is_ok() {
                sanitizer::unpoison(data.cast(), size);
            }
            return outcome.map(|()| Blocked::Done);
        }
        let slot = stable_slot(data, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.unlock();
            return Err(libc::ENOMEM);
        }
        if SENDS && slot != data {
            copy(slot, data, size);
        }
        let mode = WaitMode::Cancellable;
        let blocked = attempt::start_wait(channel, slot, wait_reason, mode, deadline);
        if !SENDS && let Ok(Blocked::Done) = blocked {
            sanitizer::unpoison(data.cast(), size);
        }
        blocked
    }
}

/// Copies a received value to `to` if that lies on the shared stack: the waker has written it to scratch memory (C5).
///
/// # Safety
/// The task has just waited in [`receive`], with this `to`.
#[inline(never)]
unsafe fn copy_out(to: *mut u8) {
    // SAFETY: `wait_target` is the channel of the wait that has just ended; the caller still has a reference of it. The
    // scratch memory is the slot of that wait.
    unsafe {
        let task = task::current();
        let channel: *mut Channel =
            ptr::with_exposed_provenance_mut((*task).wait_target.load(Ordering::Relaxed));
        let size = (*channel).elem_size;
        if Worker::is_on_shared_stack(to.cast()) {
            copy(to, task_cold::scratch(task), size);
        }
        sanitizer::unpoison(to.cast(), size);
    }
}
