//! Channels: values of one size, handed over directly or through a ring.
//!
//! A value goes from the sender's place or its copy in the ring to the receiver's place. Where that is on
//! a stack that moves away while its task waits, the task's own room stands for it: nobody writes to the
//! stack of another. How channels are made and end is in `channel_life`.

use core::ffi::c_void;
use core::ptr;

use super::atomic::AtomicUsize;
use super::attempt::{self, Awaited};
use super::caller::Caller;
use super::lock::{Lock, SeveralTouch};
use super::parker::Hearing;
use super::queue::{Queue, Waiter};
use super::wait::Begun;
use super::wake::wake_waiter;
use super::why::Why;
use super::worker::Worker;
use super::{Outcome, call, extra, task, vessel};
use crate::{diag, sanitizer};

/// A channel.
pub struct Channel {
    /// For all but the sizes.
    pub(crate) lock: Lock,
    pub(crate) is_closed: bool,
    /// With ACORT_LOCAL the one worker that uses it, without the lock; else NULL.
    pub(crate) owner: *mut Worker,
    pub(crate) references: AtomicUsize,
    pub(crate) element: usize,
    pub(crate) capacity: usize,
    /// Values in the ring, and where the first is.
    pub(crate) length: usize,
    pub(crate) first: usize,
    pub(crate) receivers: Queue,
    pub(crate) senders: Queue,
    pub(crate) _touched: SeveralTouch,
    // The ring follows.
}

impl diag::Describe for Channel {
    unsafe fn describe(_: *const Channel, _: &mut core::fmt::Formatter) -> core::fmt::Result {
        Ok(())
    }
}

/// What [`Channel::try_send`] and [`Channel::try_receive`] find.
pub(crate) enum Tried {
    /// It is done; this one is to be woken, unless it is NULL, after the lock is free.
    Done(*mut Waiter),
    /// The channel is closed.
    Closed,
    /// One must wait.
    Waits,
}

impl Tried {
    /// It is done, and wakes nothing.
    pub(crate) const READY: Tried = Tried::Done(ptr::null_mut());
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
            self.lock.take();
        } else {
            self.check_owner(function);
        }
    }

    /// Is this the thread that may use the channel? Aborts where it is not.
    #[inline(always)]
    pub(crate) fn check_owner(&self, function: &str) {
        if !self.owner.is_null() && self.owner != Worker::here() {
            refuse_stranger(function, self)
        }
    }

    /// The place of a value in the ring.
    #[inline(always)]
    fn place(&self, index: usize) -> *mut u8 {
        let at = self.first + index;
        let at = if at >= self.capacity { at - self.capacity } else { at };
        ptr::from_ref(self).cast_mut().wrapping_add(1).cast::<u8>().wrapping_add(at * self.element)
    }

    /// Sends the value at `from`, if nobody must wait for that. The lock is held.
    ///
    /// # Safety
    /// A value is there.
    #[inline(always)]
    pub(crate) unsafe fn try_send(&mut self, from: *const u8) -> Tried {
        if self.is_closed {
            return Tried::Closed;
        }
        // SAFETY: the caller's promise; a receiver's slot takes a value.
        unsafe {
            let receiver = self.receivers.claim_first();
            if !receiver.is_null() {
                copy((*receiver).slot, from, self.element);
                return Tried::Done(receiver);
            }
            if self.length == self.capacity {
                return Tried::Waits;
            }
            copy(self.place(self.length), from, self.element);
        }
        self.length += 1;
        Tried::Done(ptr::null_mut())
    }

    /// Receives a value to `to`, if nobody must wait for that. The lock is held.
    ///
    /// # Safety
    /// There is room.
    #[inline(always)]
    pub(crate) unsafe fn try_receive(&mut self, to: *mut u8) -> Tried {
        // SAFETY: the caller's promise; a sender's slot has a value.
        unsafe {
            if self.length == 0 {
                let sender = self.senders.claim_first();
                if !sender.is_null() {
                    copy(to, (*sender).slot, self.element);
                    return Tried::Done(sender);
                }
                return if self.is_closed { Tried::Closed } else { Tried::Waits };
            }
            copy(to, self.place(0), self.element);
            self.first = if self.first + 1 == self.capacity { 0 } else { self.first + 1 };
            // The sender that waits first has the room now.
            let sender = self.senders.claim_first();
            if sender.is_null() {
                self.length -= 1;
            } else {
                copy(self.place(self.length - 1), (*sender).slot, self.element);
            }
            Tried::Done(sender)
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
pub(crate) unsafe fn end(channel: *mut Channel, tried: Tried) -> Option<Outcome<()>> {
    // SAFETY: the caller's promise: the lock is held, and given back unless one must wait.
    unsafe {
        match tried {
            Tried::Done(waiter) => {
                (*channel).lock.give();
                if !waiter.is_null() {
                    wake_waiter(waiter);
                }
                Some(Ok(()))
            }
            Tried::Closed => {
                (*channel).lock.give();
                Some(Err(libc::EPIPE))
            }
            Tried::Waits => None,
        }
    }
}

/// A channel, for those that send: the slot has the value.
#[repr(transparent)]
struct Sending(Channel);

impl Awaited for Sending {
    unsafe fn parts(channel: *mut Sending) -> (*const Lock, *mut Queue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.senders) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Sending, from: *mut u8) -> Option<Outcome<()>> {
        // SAFETY: the caller's promise.
        unsafe { end(channel.cast(), (*channel).0.try_send(from)) }
    }
}

/// A channel, for those that receive: the slot is for the value.
#[repr(transparent)]
struct Receiving(Channel);

impl Awaited for Receiving {
    unsafe fn parts(channel: *mut Receiving) -> (*const Lock, *mut Queue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*channel).0.lock, &raw mut (*channel).0.receivers) }
    }

    #[inline(always)]
    unsafe fn attempt(channel: *mut Receiving, to: *mut u8) -> Option<Outcome<()>> {
        // SAFETY: the caller's promise.
        unsafe { end(channel.cast(), (*channel).0.try_receive(to)) }
    }
}

/// A place that others may use for the one at `place`: itself, or the task's own room if that moves away. A call that
/// does not wait needs none: the room may be another call's then, which a hook interrupts. NULL: there is no memory.
unsafe fn fixed(place: *mut u8, size: usize, deadline: i64) -> *mut u8 {
    // SAFETY: the task that runs.
    unsafe {
        match deadline != 0 && vessel::is_on_moving_stack(place.cast()) {
            true => extra::scratch(task::here(), size),
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
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        attempt::end::<Sending>(begin_send(
            caller,
            channel.cast(),
            from.cast_mut().cast(),
            deadline,
        ))
    }
}

#[inline(never)]
unsafe fn begin_send(caller: Caller, channel: *mut Sending, from: *mut u8, deadline: i64) -> Begun {
    if let Err(error) = call::begin(caller, deadline) {
        return Begun::Over(Err(error));
    }
    // SAFETY: the caller's promise.
    unsafe {
        (*channel).0.take("acort_chan_send");
        if let Some(outcome) = Sending::attempt(channel, from) {
            return Begun::Over(outcome);
        }
        let size = (*channel).0.element;
        let slot = fixed(from, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.give();
            return Begun::Over(Err(libc::ENOMEM));
        }
        if slot != from {
            copy(slot, from, size);
        }
        attempt::begin_waiting(channel, slot, Why::Send, Hearing::Cancellation, deadline)
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
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begin_receive(caller, channel.cast(), to.cast(), deadline) {
            Begun::Waits => {
                attempt::end::<Receiving>(Begun::Waits)?;
                received(to.cast());
                Ok(())
            }
            Begun::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
unsafe fn begin_receive(
    caller: Caller,
    channel: *mut Receiving,
    to: *mut u8,
    deadline: i64,
) -> Begun {
    if let Err(error) = call::begin(caller, deadline) {
        return Begun::Over(Err(error));
    }
    // SAFETY: the caller's promise.
    unsafe {
        (*channel).0.take("acort_chan_recv");
        let size = (*channel).0.element;
        if let Some(outcome) = Receiving::attempt(channel, to) {
            if outcome.is_ok() {
                sanitizer::is_written(to.cast(), size);
            }
            return Begun::Over(outcome);
        }
        let slot = fixed(to, size, deadline);
        if slot.is_null() {
            (*channel).0.lock.give();
            return Begun::Over(Err(libc::ENOMEM));
        }
        let hearing = Hearing::Cancellation;
        let begun = attempt::begin_waiting(channel, slot, Why::Receive, hearing, deadline);
        if let Begun::Over(Ok(())) = begun {
            sanitizer::is_written(to.cast(), size);
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
        let task = task::here();
        let channel: *mut Channel = ptr::with_exposed_provenance_mut((*task).about);
        let size = (*channel).element;
        if vessel::is_on_moving_stack(to.cast()) {
            copy(to, extra::room(task), size);
        }
        sanitizer::is_written(to.cast(), size);
    }
}
