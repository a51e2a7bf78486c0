//! The calls that send and receive, and wait where they must.
//!
//! The parts before and after the switch are functions of their own: what they keep on a shared stack would be copied,
//! and take memory, while the task waits. C1 to C7 are in `channel`.

use core::ffi::c_void;
use core::ptr;

use super::channel::{Attempt, Channel, copy};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::worker::Worker;
use crate::rt::model::{task, task_cold};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::budget;
use crate::rt::park::wait::Blocked;
use crate::rt::park::wake::wake_waiter;
use crate::sanitizer;

/// Ends a call that need not wait: unlocks, wakes the other side (C6), and returns the result. None: the caller must
/// wait.
///
/// # Safety
/// The lock is held, or the channel is local. `attempt` is the caller's, under the same lock.
#[inline(always)]
unsafe fn finish_attempt(channel: *mut Channel, attempt: Attempt) -> Option<Result<()>> {
    // SAFETY: the channel exists until it is unlocked, and the claimed waiter until it is woken.
    unsafe {
        match attempt {
            Attempt::Done(waiter) => {
                (*channel).lock.unlock();
                if !waiter.is_null() {
                    wake_waiter(waiter);
                }
                Some(Ok(()))
            }
            Attempt::Closed => {
                (*channel).lock.unlock();
                Some(Err(libc::EPIPE))
            }
            Attempt::WouldBlock => None,
        }
    }
}

/// A channel, as senders wait for it. A sender's slot has the value.
#[repr(transparent)]
struct Sending(Channel);

impl Waitable for Sending {
    unsafe fn parts(channel: *mut Sending) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the channel exists.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.senders) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Sending, from: *mut u8) -> Option<Result<()>> {
        // SAFETY: the lock is held, or the channel is local; `from` has a value.
        unsafe { finish_attempt(channel.cast(), (*channel).0.try_send(from)) }
    }
}

/// A channel, as receivers wait for it. A receiver's slot is for the value.
#[repr(transparent)]
struct Receiving(Channel);

impl Waitable for Receiving {
    unsafe fn parts(channel: *mut Receiving) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the channel exists.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.receivers) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Receiving, to: *mut u8) -> Option<Result<()>> {
        // SAFETY: the lock is held, or the channel is local; `to` has room for a value.
        unsafe { finish_attempt(channel.cast(), (*channel).0.try_receive(to)) }
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
        attempt::finish::<Sending>(start_send(caller, channel.cast(), from, deadline))
    }
}

#[inline(never)]
unsafe fn start_send(
    caller: Caller,
    channel: *mut Sending,
    from: *mut u8,
    deadline: Deadline,
) -> Blocked {
    if let Err(error) = budget::enter_call(caller, deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the channel exists, and `from` has a value. The lock is held, or the channel is local.
    unsafe {
        (*channel).0.lock_unless_local("acort_chan_send");
        if let Some(outcome) = Sending::attempt(channel, from) {
            return Blocked::Ready(outcome);
        }
        let size = (*channel).0.elem_size;
        let slot = stable_slot(from, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.unlock();
            return Blocked::Ready(Err(libc::ENOMEM));
        }
        if slot != from {
            copy(slot, from, size);
        }
        attempt::start_wait(channel, slot, WaitReason::Send, WaitMode::Cancellable, deadline)
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
        match start_receive(caller, channel.cast(), to.cast(), deadline) {
            Blocked::Pending => {
                attempt::finish::<Receiving>(Blocked::Pending)?;
                copy_out(to.cast());
                Ok(())
            }
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[inline(never)]
unsafe fn start_receive(
    caller: Caller,
    channel: *mut Receiving,
    to: *mut u8,
    deadline: Deadline,
) -> Blocked {
    if let Err(error) = budget::enter_call(caller, deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the channel exists, and `to` has room for a value. The lock is held, or the channel is local.
    unsafe {
        (*channel).0.lock_unless_local("acort_chan_recv");
        let size = (*channel).0.elem_size;
        if let Some(outcome) = Receiving::attempt(channel, to) {
            if outcome.is_ok() {
                sanitizer::unpoison(to.cast(), size);
            }
            return Blocked::Ready(outcome);
        }
        let slot = stable_slot(to, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.unlock();
            return Blocked::Ready(Err(libc::ENOMEM));
        }
        let mode = WaitMode::Cancellable;
        let blocked = attempt::start_wait(channel, slot, WaitReason::Receive, mode, deadline);
        if let Blocked::Ready(Ok(())) = blocked {
            sanitizer::unpoison(to.cast(), size);
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
