//! Channels: values of one size, handed over directly or through a ring.
//!
//! A value goes from the sender's place or its copy in the ring to the receiver's place. Where that is on
//! a stack that moves away while its task waits, the task's own room stands for it: nobody writes to the
//! stack of another. How channels are made and end is in `channel_life`.

use core::ffi::c_void;
use core::ptr;

use crate::rt::base::atomic::AtomicUsize;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::worker::Worker;
use crate::rt::model::{task, task_cold};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::attempt::{self, Waitable};
use crate::rt::park::budget;
use crate::rt::park::wait::Blocked;
use crate::rt::park::wake::wake_waiter;
use crate::{diag, sanitizer};

/// A channel.
pub struct Channel {
    /// For all but the sizes.
    pub(crate) lock: Lock,
    pub(crate) is_closed: bool,
    /// With ACORT_LOCAL the one worker that uses it, without the lock; else NULL.
    pub(crate) owner: *mut Worker,
    pub(crate) refcount: AtomicUsize,
    pub(crate) elem_size: usize,
    pub(crate) capacity: usize,
    /// Values in the ring, and where the first is.
    pub(crate) length: usize,
    pub(crate) first: usize,
    pub(crate) receivers: WaitQueue,
    pub(crate) senders: WaitQueue,
    pub(crate) _aliased: Aliased,
    // The ring follows.
}

impl diag::Describe for Channel {
    unsafe fn describe(_: *const Channel, _: &mut core::fmt::Formatter) -> core::fmt::Result {
        Ok(())
    }
}

/// What [`Channel::try_send`] and [`Channel::try_receive`] find.
pub(crate) enum Attempt {
    /// It is done; this one is to be woken, unless it is NULL, after the lock is free.
    Done(*mut Waiter),
    /// The channel is closed.
    Closed,
    /// One must wait.
    WouldBlock,
}

impl Attempt {
    /// It is done, and wakes nothing.
    pub(crate) const READY: Attempt = Attempt::Done(ptr::null_mut());
}

/// Copies a value.
#[inline(always)]
unsafe fn copy(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: the caller's promise: both have so many bytes.
    unsafe {
        match size {
            8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
            _ => ptr::copy_nonoverlapping(from, to, size),
        }
    }
}

impl Channel {
    /// Takes the lock, or sees that this thread needs none: giving it back costs next to nothing. Aborts where
    /// another one does.
    #[inline(always)]
    pub(crate) fn take(&self, function: &str) {
        if self.owner.is_null() {
            self.lock.lock();
        } else {
            self.check_owner(function);
        }
    }

    /// Is this the thread that may use the channel? Aborts where it is not.
    #[inline(always)]
    pub(crate) fn check_owner(&self, function: &str) {
        if !self.owner.is_null() && self.owner != Worker::current() {
            refuse_stranger(function, self)
        }
    }

    /// The place of a value in the ring.
    #[inline(always)]
    fn place(&self, index: usize) -> *mut u8 {
        let at = self.first + index;
        let at = if at >= self.capacity { at - self.capacity } else { at };
        ptr::from_ref(self)
            .cast_mut()
            .wrapping_add(1)
            .cast::<u8>()
            .wrapping_add(at * self.elem_size)
    }

    /// Sends the value at `from`, if nobody must wait for that. The lock is held.
    ///
    /// # Safety
    /// A value is there.
    #[inline(always)]
    pub(crate) unsafe fn try_send(&mut self, from: *const u8) -> Attempt {
        if self.is_closed {
            return Attempt::Closed;
        }
        // SAFETY: the caller's promise; a receiver's slot takes a value.
        unsafe {
            let receiver = self.receivers.claim_front();
            if !receiver.is_null() {
                copy((*receiver).slot, from, self.elem_size);
                return Attempt::Done(receiver);
            }
            if self.length == self.capacity {
                return Attempt::WouldBlock;
            }
            copy(self.place(self.length), from, self.elem_size);
        }
        self.length += 1;
        Attempt::Done(ptr::null_mut())
    }

    /// Receives a value to `to`, if nobody must wait for that. The lock is held.
    ///
    /// # Safety
    /// There is room.
    #[inline(always)]
    pub(crate) unsafe fn try_receive(&mut self, to: *mut u8) -> Attempt {
        // SAFETY: the caller's promise; a sender's slot has a value.
        unsafe {
            if self.length == 0 {
                let sender = self.senders.claim_front();
                if !sender.is_null() {
                    copy(to, (*sender).slot, self.elem_size);
                    return Attempt::Done(sender);
                }
                return if self.is_closed { Attempt::Closed } else { Attempt::WouldBlock };
            }
            copy(to, self.place(0), self.elem_size);
            self.first = if self.first + 1 == self.capacity { 0 } else { self.first + 1 };
            // The sender that waits first has the room now.
            let sender = self.senders.claim_front();
            if sender.is_null() {
                self.length -= 1;
            } else {
                copy(self.place(self.length - 1), (*sender).slot, self.elem_size);
            }
            Attempt::Done(sender)
        }
    }
}

#[cold]
#[inline(never)]
fn refuse_stranger(function: &str, channel: &Channel) -> ! {
    let what = format_args!("used by another thread than the worker that it was made on");
    diag::fatal(function, channel, what, "ACORT_LOCAL is for the tasks of one worker")
}

/// The end of a call that need not wait.
#[inline(always)]
pub(crate) unsafe fn settle(channel: *mut Channel, tried: Attempt) -> Option<Result<()>> {
    // SAFETY: the caller's promise: the lock is held, and given back unless one must wait.
    unsafe {
        match tried {
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

/// A channel, for those that send: the slot has the value.
#[repr(transparent)]
struct Sending(Channel);

impl Waitable for Sending {
    unsafe fn parts(channel: *mut Sending) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.senders) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Sending, from: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe { settle(channel.cast(), (*channel).0.try_send(from)) }
    }
}

/// A channel, for those that receive: the slot is for the value.
#[repr(transparent)]
struct Receiving(Channel);

impl Waitable for Receiving {
    unsafe fn parts(channel: *mut Receiving) -> (*const Lock, *mut WaitQueue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.receivers) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Receiving, to: *mut u8) -> Option<Result<()>> {
        // SAFETY: the caller's promise.
        unsafe { settle(channel.cast(), (*channel).0.try_receive(to)) }
    }
}

/// A place that others may use for the one at `place`: itself, or the task's own room if that moves away. A call that
/// does not wait needs none: the room may be another call's then, which a hook interrupts. NULL: there is no memory.
unsafe fn fixed(place: *mut u8, size: usize, deadline: Deadline) -> *mut u8 {
    // SAFETY: the task that runs.
    unsafe {
        match !deadline.is_now() && Worker::is_on_shared_stack(place.cast()) {
            true => task_cold::reserve_scratch(task::current(), size),
            false => place,
        }
    }
}

/// Sends the value at `from`. EPIPE: the channel is closed.
///
/// # Safety
/// The channel is there; a value is at `from`.
#[inline(always)]
pub(crate) unsafe fn send(
    caller: Caller,
    channel: *mut Channel,
    from: *const c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        attempt::finish::<Sending>(begin_send(
            caller,
            channel.cast(),
            from.cast_mut().cast(),
            deadline,
        ))
    }
}

#[inline(never)]
unsafe fn begin_send(
    caller: Caller,
    channel: *mut Sending,
    from: *mut u8,
    deadline: Deadline,
) -> Blocked {
    if let Err(error) = budget::enter_call(caller, deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the caller's promise.
    unsafe {
        (*channel).0.take("acort_chan_send");
        if let Some(outcome) = Sending::attempt(channel, from) {
            return Blocked::Ready(outcome);
        }
        let size = (*channel).0.elem_size;
        let slot = fixed(from, size, deadline);
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

/// Receives a value to `to`. EPIPE: the channel is closed, and empty.
///
/// # Safety
/// The channel is there; there is room at `to`.
#[inline(always)]
pub(crate) unsafe fn receive(
    caller: Caller,
    channel: *mut Channel,
    to: *mut c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begin_receive(caller, channel.cast(), to.cast(), deadline) {
            Blocked::Pending => {
                attempt::finish::<Receiving>(Blocked::Pending)?;
                received(to.cast());
                Ok(())
            }
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[inline(never)]
unsafe fn begin_receive(
    caller: Caller,
    channel: *mut Receiving,
    to: *mut u8,
    deadline: Deadline,
) -> Blocked {
    if let Err(error) = budget::enter_call(caller, deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the caller's promise.
    unsafe {
        (*channel).0.take("acort_chan_recv");
        let size = (*channel).0.elem_size;
        if let Some(outcome) = Receiving::attempt(channel, to) {
            if outcome.is_ok() {
                sanitizer::unpoison(to.cast(), size);
            }
            return Blocked::Ready(outcome);
        }
        let slot = fixed(to, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.unlock();
            return Blocked::Ready(Err(libc::ENOMEM));
        }
        let mode = WaitMode::Cancellable;
        let begun = attempt::start_wait(channel, slot, WaitReason::Receive, mode, deadline);
        if let Blocked::Ready(Ok(())) = begun {
            sanitizer::unpoison(to.cast(), size);
        }
        begun
    }
}

/// A value has come to a task: where the place at `to` had moved away it is in the task's own room.
///
/// # Safety
/// As [`receive`], in which the task has waited.
#[inline(never)]
unsafe fn received(to: *mut u8) {
    // SAFETY: the caller's promise: it has waited for that channel, with the same room.
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
