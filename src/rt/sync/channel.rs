//! A channel: a bounded queue of values of one size, with a queue of senders and one of receivers.
//!
//! ```text
//!   the caller    the other side's queue    ring             the value goes                      the waker wakes
//!   ────────────  ────────────────────────  ───────────────  ──────────────────────────────────  ───────────────
//!   sends         a receiver waits          empty            into the receiver's slot            the receiver
//!                 empty                     has room         into the ring
//!                 empty                     full, or none    the sender waits
//!   receives      empty                     has values       out of the ring
//!                 a sender waits            full             out of the ring; the sender's into  the sender
//!                 a sender waits            none             out of the sender's slot            the sender
//!                 empty                     empty            the receiver waits
//! ```
//!
//! A closed channel fails sends with EPIPE. Once the ring is empty, it fails receives, too, or gives each of them the
//! last value.
//!
//! * C1. 0 <= length <= capacity. The values are in the ring's slots first .. first + length, modulo capacity.
//! * C2. A sender waits only while length == capacity, a receiver only while length == 0.
//! * C3. Only one of the two queues has waiters whose wait has not ended. A select may be in both: it is one waiter.
//! * C4. A closed channel has no waiters: close claims all, and no caller enters a queue afterwards.
//! * C5. A value is copied under the lock, between the waker's memory or the ring and the waiter's slot. A slot never
//!   lies on a shared stack, which may be another task's at that moment: the waiter uses memory of its task
//!   (`channel_wait::stable_slot`).
//! * C6. The waker unlocks before it wakes, and does not use the channel afterwards: the woken caller may free it.
//! * C7. Only the owner's thread uses an ACORT_LOCAL channel, references aside. Its sends and receives do not take the
//!   lock, but may unlock it. Its waiters are tasks of the owner, which leave the queues on the owner's thread.
//!
//! How channels are created, closed and freed is in `channel_life`; how callers wait, in `channel_wait`.

use core::ptr;

use crate::diag;
use crate::rt::base::atomic::AtomicUsize;
use crate::rt::base::{Aliased, Lock, WaitQueue};
use crate::rt::model::Worker;
use crate::rt::park::{Attempt, SUCCESS};

/// A channel. The ring follows it in memory. All that a send or a receive uses is in its first 64 bytes: they are one
/// cache line of a channel of [`create`](super::channel_life::create).
#[repr(C)]
pub struct Channel {
    /// Protects `is_closed`, the ring and the queues.
    pub(crate) lock: Lock,
    pub(crate) is_closed: bool,
    /// The program has given the memory of the channel.
    pub(super) is_external: bool,
    /// The worker that alone uses the channel (C7). NULL: the channel is not ACORT_LOCAL.
    pub(crate) owner: *mut Worker,
    /// The size of a value in bytes.
    pub(crate) elem_size: usize,
    /// The number of slots in the ring.
    pub(crate) capacity: usize,
    /// The number of values in the ring (C1).
    pub(crate) length: usize,
    /// The slot of the first value.
    pub(crate) first: usize,
    pub(crate) receivers: WaitQueue,
    pub(crate) senders: WaitQueue,
    pub(crate) refcount: AtomicUsize,
    /// The value that receivers get from the closed channel. NULL: none.
    pub(super) last: *mut u8,
    pub(crate) _aliased: Aliased,
}

#[cfg(feature = "rt")]
const _: () = assert!(core::mem::offset_of!(Channel, refcount) <= 64);

impl diag::Describe for Channel {
    unsafe fn describe(_: *const Channel, _: &mut core::fmt::Formatter) -> core::fmt::Result {
        Ok(())
    }
}

/// Copies a value of `size` bytes.
///
/// # Safety
/// `from` is readable, and `to` writable, for `size` bytes.
#[inline(always)]
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: both have `size` bytes.
    unsafe {
        match size {
            8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
            _ => ptr::copy_nonoverlapping(from, to, size),
        }
    }
}

impl Channel {
    /// Takes the lock, unless the channel is local: unlocking that costs one store. Aborts on the wrong thread (C7).
    #[inline(always)]
    pub(super) fn lock_unless_local(&self, function: &str) {
        if self.owner.is_null() {
            self.lock.lock();
        } else {
            self.check_owner(function);
        }
    }

    /// Aborts if the channel is local to another thread (C7).
    #[inline(always)]
    pub(crate) fn check_owner(&self, function: &str) {
        if !self.owner.is_null() && self.owner != Worker::current() {
            abort_wrong_worker(function, self)
        }
    }

    /// The slot of the value with this index in the ring.
    #[inline(always)]
    fn slot(&self, index: usize) -> *mut u8 {
        let at = self.first + index;
        let at = if at >= self.capacity { at - self.capacity } else { at };
        ptr::from_ref(self)
            .cast_mut()
            .wrapping_add(1)
            .cast::<u8>()
            .wrapping_add(at * self.elem_size)
    }

    /// Sends the value at `from`, unless the caller must wait for that. Errors: `EPIPE` if the channel is closed.
    ///
    /// # Safety
    /// The lock is held, or the channel is local. `from` is readable for a value.
    #[inline(always)]
    pub(crate) unsafe fn try_send(&mut self, from: *const u8) -> Attempt {
        if self.is_closed {
            return Some(Err(libc::EPIPE));
        }
        // SAFETY: `from` has a value; a waiting receiver's slot, and a free slot of the ring, have room for one (C1,
        // C5).
        unsafe {
            let receiver = self.receivers.claim_front();
            if !receiver.is_null() {
                copy((*receiver).slot, from, self.elem_size);
                return Some(Ok(receiver));
            }
            if self.length == self.capacity {
                return None;
            }
            copy(self.slot(self.length), from, self.elem_size);
        }
        self.length += 1;
        SUCCESS
    }

    /// Receives a value to `to`, unless the caller must wait for that. Errors: `EPIPE` if the channel is closed and
    /// empty, without a last value.
    ///
    /// # Safety
    /// The lock is held, or the channel is local. `to` is writable for a value.
    #[inline(always)]
    pub(crate) unsafe fn try_receive(&mut self, to: *mut u8) -> Attempt {
        // SAFETY: `to` has room for a value; a waiting sender's slot, and a used slot of the ring, have one (C1, C5).
        unsafe {
            if self.length == 0 {
                let sender = self.senders.claim_front();
                if !sender.is_null() {
                    copy(to, (*sender).slot, self.elem_size);
                    return Some(Ok(sender));
                }
                return if self.is_closed { self.receive_last(to) } else { None };
            }
            copy(to, self.slot(0), self.elem_size);
            self.first = if self.first + 1 == self.capacity { 0 } else { self.first + 1 };
            // The first waiting sender's value takes the slot that is free now (C2).
            let sender = self.senders.claim_front();
            if sender.is_null() {
                self.length -= 1;
            } else {
                copy(self.slot(self.length - 1), (*sender).slot, self.elem_size);
            }
            Some(Ok(sender))
        }
    }

    /// Receives the last value of the closed channel.
    ///
    /// # Safety
    /// `to` is writable for a value.
    #[cold]
    unsafe fn receive_last(&self, to: *mut u8) -> Attempt {
        if self.last.is_null() {
            return Some(Err(libc::EPIPE));
        }
        // SAFETY: both have a value's size. The last value stays until the channel is freed.
        unsafe { copy(to, self.last, self.elem_size) };
        SUCCESS
    }
}

#[cold]
#[inline(never)]
fn abort_wrong_worker(function: &str, channel: &Channel) -> ! {
    let what = format_args!("used on a thread that is not the worker that created it");
    diag::fatal(function, channel, what, "ACORT_LOCAL is for the tasks of one worker")
}

// The tests are compiled in the library, not in tests/loom.
#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::{Channel, SUCCESS, ptr};
    use crate::rt::sync::channel_life;
    use std::collections::VecDeque;

    /// A value whose size takes the general path of `copy`.
    type Value = [u16; 3];

    fn send(channel: *mut Channel, value: Value) -> bool {
        // SAFETY: the channel is this test's alone; the value has the channel's size.
        unsafe { (*channel).try_send((&raw const value).cast()) == SUCCESS }
    }

    fn receive(channel: *mut Channel) -> Option<Value> {
        let mut value = Value::default();
        // SAFETY: the channel is this test's alone; the value has the channel's size.
        let attempt = unsafe { (*channel).try_receive((&raw mut value).cast()) };
        attempt.and_then(Result::ok).map(|_| value)
    }

    /// The ring, compared with a queue of the standard library: it fills and empties at all positions.
    #[test]
    fn ring_is_a_bounded_queue() {
        for capacity in [1, 2, 3, 7] {
            let channel = channel_life::create(size_of::<Value>(), capacity, 0).unwrap();
            let mut queue = VecDeque::new();
            for turn in 0..200_u16 {
                for _ in 0..usize::from(turn) % (capacity + 2) {
                    let value = [turn, queue.len() as u16, !turn];
                    assert_eq!(send(channel, value), queue.len() < capacity);
                    if queue.len() < capacity {
                        queue.push_back(value);
                    }
                }
                for _ in 0..usize::from(turn) % 3 {
                    assert_eq!(receive(channel), queue.pop_front());
                }
                // SAFETY: the channel exists.
                assert_eq!(unsafe { channel_life::length(channel) }, queue.len());
            }
            // SAFETY: the test has the only reference.
            unsafe { channel_life::release(channel) };
        }
    }

    #[test]
    fn closed_channel_gives_what_it_has() {
        let channel = channel_life::create(size_of::<Value>(), 2, 0).unwrap();
        assert!(send(channel, [1, 2, 3]));
        // SAFETY: the test has the only reference.
        unsafe {
            assert_eq!(channel_life::close(channel, ptr::null()), Ok(()));
            assert!(!send(channel, [4, 5, 6]));
            assert_eq!((receive(channel), receive(channel)), (Some([1, 2, 3]), None));
            channel_life::release(channel);
        }
    }
}
