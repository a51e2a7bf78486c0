//! Synchronization objects: the last thread that needs one frees it.

use std::ffi::c_void;
use std::ptr;

use loom::thread;

use crate::ground::Own;
use crate::rt::base::parker::WaitMode;
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wait::at_deadline;
use crate::rt::sync::channel;
use crate::rt::sync::channel_life;
use crate::rt::sync::channel_wait;
use crate::rt::sync::condvar;
use crate::rt::sync::condvar::Condvar;
use crate::rt::sync::event;
use crate::rt::sync::event::Event;
use crate::rt::sync::future;
use crate::rt::sync::mutex;
use crate::rt::sync::mutex::Mutex;
use crate::rt::sync::semaphore;
use crate::rt::sync::semaphore::Semaphore;
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;
/// The deadline may have passed at any moment.
const SOON: Deadline = Deadline::at(1);

pub(crate) unsafe fn lock(mutex: Shared<Mutex>, deadline: Deadline) -> Result<()> {
    // SAFETY: the mutex is live.
    unsafe { mutex::lock(Caller::current(), mutex.raw(), WaitMode::Uninterruptible, deadline) }
}

pub(crate) unsafe fn unlock(mutex: Shared<Mutex>) -> Result<()> {
    // SAFETY: the mutex is live.
    unsafe { mutex::unlock(Caller::current(), mutex.raw()) }
}

/// Creates a mutex, and uses each of its words once (see `atomics`).
pub(crate) fn new_mutex() -> Shared<Mutex> {
    let mutex: Shared<Mutex> = Shared::zeroed();
    // SAFETY: the mutex is new. The second lock reads all of its words.
    unsafe {
        assert!(lock(mutex, NEVER).is_ok());
        assert_eq!(lock(mutex, NEVER), Err(libc::EDEADLK));
        assert!(unlock(mutex).is_ok());
        assert_eq!(unlock(mutex), Err(libc::EPERM));
    }
    mutex
}

/// Two threads take turns with the mutex. One of them may time out before it waits again. The last one frees the mutex.
///
/// Fails if `pass_on` without a waiter frees the mutex before it releases the lock: the mutex is used after it was
/// freed. Fails, too, if it frees the mutex after that without a check for new waiters: a call never returns.
#[test]
fn mutex_keeps_others_out() {
    check(3, || {
        let (mutex, users) = (new_mutex(), Shared::new(Own::default()));
        let uses = move |first_deadline: Deadline| {
            // SAFETY: the mutex is live until the last thread has unlocked it.
            unsafe {
                if lock(mutex, first_deadline).is_err() {
                    assert!(lock(mutex, NEVER).is_ok());
                }
                users.add(1);
                let is_last = users.get() == 2;
                assert!(unlock(mutex).is_ok());
                if is_last {
                    mutex.free();
                }
            }
        };
        let other = thread::spawn(move || uses(SOON));
        uses(NEVER);
        other.join().expect("no panic");
        assert_eq!(users.get(), 2);
    });
}

/// A thread takes the mutex again before the waiter that it has woken competes. The last of the turns frees the mutex.
///
/// Fails if a waiter that competes does not clear `WOKEN`, if one that has lost is not recorded as waiting (no call
/// wakes it), or if `pass_on` writes to the mutex after it has freed it (M5).
#[test]
fn mutex_is_taken_before_the_woken_one_competes() {
    check(3, || {
        let (mutex, users) = (new_mutex(), Shared::new(Own::default()));
        let uses = move |turns: u32| {
            for _ in 0..turns {
                // SAFETY: the mutex is live until the last turn has unlocked it.
                unsafe {
                    assert!(lock(mutex, NEVER).is_ok());
                    users.add(1);
                    let is_last = users.get() == 3;
                    assert!(unlock(mutex).is_ok());
                    if is_last {
                        mutex.free();
                    }
                }
            }
        };
        let other = thread::spawn(move || uses(1));
        uses(2);
        other.join().expect("no panic");
        assert_eq!(users.get(), 3);
    });
}

/// Two calls wait, one of which may time out, while a third thread takes the mutex twice.
#[test]
fn mutex_wakes_the_next() {
    check(2, || {
        let (mutex, users) = (new_mutex(), Shared::new(Own::default()));
        // SAFETY: the mutex is never freed.
        let turn = move |deadline: Deadline| unsafe {
            if lock(mutex, deadline).is_ok() {
                users.add(1);
                assert!(unlock(mutex).is_ok());
            }
        };
        let one = thread::spawn(move || turn(SOON));
        let other = thread::spawn(move || turn(NEVER));
        turn(NEVER);
        turn(NEVER);
        one.join().expect("no panic");
        other.join().expect("no panic");
        assert!(users.get() >= 3);
    });
}

/// One thread locks the mutex again and again, the other one times out for good.
#[test]
fn mutex_is_not_lost_to_who_gives_up() {
    check(3, || {
        let (mutex, users) = (new_mutex(), Shared::new(Own::default()));
        let other = thread::spawn(move || {
            // SAFETY: the mutex is never freed.
            unsafe {
                if lock(mutex, SOON).is_ok() {
                    users.add(1);
                    assert!(unlock(mutex).is_ok());
                }
            }
        });
        for _ in 0..2 {
            // SAFETY: no object of this model is freed.
            unsafe {
                assert!(lock(mutex, NEVER).is_ok());
                users.add(1);
                assert!(unlock(mutex).is_ok());
            }
        }
        other.join().expect("no panic");
        assert!(users.get() >= 2);
    });
}

/// A signal that is sent once the mutex is free ends the wait, as the caller unlocks the mutex only after it has
/// enqueued its waiter.
///
/// Fails if the mutex is unlocked before the lock of the queue is taken.
#[test]
fn condition_misses_no_signal() {
    check(3, || {
        let (mutex, condition) = (new_mutex(), Shared::<Condvar>::zeroed());
        let is_said = Shared::new(Own::default());
        // SAFETY: neither is ever freed.
        unsafe { condvar::signal(condition.raw()) };
        let other = thread::spawn(move || {
            // SAFETY: no object of this model is freed.
            unsafe {
                assert!(lock(mutex, NEVER).is_ok());
                is_said.add(1);
                assert!(unlock(mutex).is_ok());
                condvar::signal(condition.raw());
            }
        });
        // SAFETY: no object of this model is freed.
        unsafe {
            assert!(lock(mutex, NEVER).is_ok());
            while is_said.get() == 0 {
                assert!(
                    condvar::wait(Caller::current(), condition.raw(), mutex.raw(), NEVER).is_ok()
                );
            }
            assert!(unlock(mutex).is_ok());
        }
        other.join().expect("no panic");
    });
}

/// A caller frees an event after it has waited for it.
///
/// Fails if the setter holds the lock until after the wake-ups.
#[test]
fn event_is_freed_by_who_waited() {
    check(4, || {
        let (event, gift) = (Shared::<Event>::zeroed(), Shared::new(Own::default()));
        crate::ground::touch(&event.lock);
        let other = thread::spawn(move || {
            gift.add(1);
            // SAFETY: the other thread frees the event after this call.
            unsafe { event::set(event.raw()) };
        });
        // SAFETY: the event is live.
        unsafe { assert!(event::wait(Caller::current(), event.raw(), NEVER).is_ok()) };
        event.free();
        assert_eq!(gift.get(), 1);
        other.join().expect("no panic");
    });
}

/// A post of a semaphore ends one wait, also if a waiter times out in between.
#[test]
fn semaphore_loses_nothing() {
    check(3, || {
        let semaphore: Shared<Semaphore> = Shared::zeroed();
        // SAFETY: the semaphore is never freed.
        unsafe { assert!(semaphore::init(semaphore.raw(), 0).is_ok()) };
        let other = thread::spawn(move || {
            // SAFETY: no object of this model is freed.
            unsafe { semaphore::post(semaphore.raw()).is_ok() }
        });
        // SAFETY: no object of this model is freed.
        unsafe {
            if semaphore::wait(Caller::current(), semaphore.raw(), SOON).is_err() {
                assert!(semaphore::wait(Caller::current(), semaphore.raw(), NEVER).is_ok());
            }
            assert!(other.join().expect("no panic"));
            assert!(semaphore::wait(Caller::current(), semaphore.raw(), Deadline::NOW).is_err());
        }
    });
}

/// A future gets its value once, and a waiter sees it. The last reference frees the future.
#[test]
fn future_comes_once() {
    check(3, || {
        let gift = Shared::new(Own::default());
        let future = Shared::of(future::create().expect("there is memory"));
        // SAFETY: each thread has a reference.
        unsafe {
            future::add_ref(future.raw());
            let other = thread::spawn(move || {
                gift.add(1);
                let value: *mut c_void = gift.raw().cast();
                assert!(future::set(future.raw(), value, 0).is_ok());
                assert_eq!(future::set(future.raw(), value, 0), Err(libc::EALREADY));
                future::release(future.raw());
            });
            let value = match future::wait(Caller::current(), future.raw(), SOON) {
                Err(_) => future::wait(Caller::current(), future.raw(), NEVER),
                outcome => outcome,
            };
            let value: *mut Own = value.expect("it has one").cast();
            assert_eq!((*value).get(), 1);
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// Sends the address of `gift`, after it has written there.
pub(crate) fn sends(
    channel: Shared<channel::Channel>,
    gift: Shared<Own>,
    deadline: Deadline,
) -> bool {
    gift.add(1);
    let value = gift.raw();
    // SAFETY: the caller has a reference.
    let outcome = unsafe {
        channel_wait::send(Caller::current(), channel.raw(), (&raw const value).cast(), deadline)
    };
    outcome.is_ok()
}

/// Receives such an address, and reads and writes there.
fn receives(channel: Shared<channel::Channel>, deadline: Deadline) -> std::result::Result<(), i32> {
    let mut value: *mut Own = ptr::null_mut();
    // SAFETY: the caller has a reference. What was sent is never freed.
    unsafe {
        channel_wait::receive(Caller::current(), channel.raw(), (&raw mut value).cast(), deadline)?;
        assert_eq!((*value).get(), 1);
        // Only the receiver uses it from here on.
        (*value).add(1);
    }
    Ok(())
}

pub(crate) fn new_channel(capacity: usize) -> Shared<channel::Channel> {
    let channel =
        channel_life::create(size_of::<*mut Own>(), capacity, 0).expect("there is memory");
    // SAFETY: the channel is new, and gets a reference for each of the two threads.
    unsafe {
        channel_life::add_ref(channel);
        // Uses the lock once (see `atomics`).
        channel_life::length(channel);
    }
    Shared::of(channel)
}

pub(crate) fn gift() -> Shared<Own> {
    Shared::new(Own::default())
}

/// Two values pass, in order, with and without a buffer. Then the channel is freed.
#[test]
fn channel_hands_over() {
    for capacity in [0, 1] {
        check(3, move || {
            let channel = new_channel(capacity);
            let gifts = [gift(), gift()];
            let other = thread::spawn(move || {
                for gift in gifts {
                    assert!(sends(channel, gift, NEVER));
                }
                // SAFETY: the sender has a reference.
                unsafe { channel_life::release(channel.raw()) };
            });
            assert!(receives(channel, NEVER).is_ok());
            assert_eq!(gifts[0].get(), 2);
            assert!(receives(channel, NEVER).is_ok());
            // SAFETY: the receiver has a reference.
            unsafe { channel_life::release(channel.raw()) };
            other.join().expect("no panic");
        });
    }
}

/// A receiver times out while a value is sent: either it has the value, or the sender times out.
#[test]
fn channel_loses_no_value() {
    check(3, || {
        let (channel, gift) = (new_channel(0), gift());
        let other = thread::spawn(move || sends(channel, gift, SOON));
        let was_received = receives(channel, SOON).is_ok();
        assert_eq!(other.join().expect("no panic"), was_received);
        assert_eq!(gift.get(), if was_received { 2 } else { 1 });
    });
}

/// A channel is closed while a call waits: the call has the value that was sent before, or EPIPE.
#[test]
fn channel_is_closed() {
    check(3, || {
        let (channel, gift) = (new_channel(1), gift());
        let other = thread::spawn(move || {
            assert!(sends(channel, gift, NEVER));
            // SAFETY: the sender has a reference.
            unsafe { assert!(channel_life::close(channel.raw(), ptr::null()).is_ok()) };
        });
        assert_eq!(receives(channel, NEVER), Ok(()));
        assert_eq!(receives(channel, NEVER), Err(libc::EPIPE));
        other.join().expect("no panic");
    });
}

/// What is sent after the deadline has ended a wait, and before the waiter is dequeued, is received (A1).
///
/// Fails if there is no last attempt.
#[test]
fn late_ones_are_given() {
    check(0, || {
        let (full, empty, gifts) = (new_channel(1), new_channel(1), [gift(), gift(), gift()]);
        at_deadline(move || assert!(sends(empty, gifts[0], Deadline::NOW)));
        assert_eq!(receives(empty, SOON), Ok(()));
        assert!(sends(full, gifts[1], Deadline::NOW));
        at_deadline(move || assert_eq!(receives(full, Deadline::NOW), Ok(())));
        assert!(sends(full, gifts[2], SOON));
        // SAFETY: no object is freed but the future, of which this thread has a reference.
        unsafe {
            let (semaphore, event) = (Shared::<Semaphore>::zeroed(), Shared::<Event>::zeroed());
            at_deadline(move || assert!(semaphore::post(semaphore.raw()).is_ok()));
            assert!(semaphore::wait(Caller::current(), semaphore.raw(), SOON).is_ok());
            assert!(semaphore::wait(Caller::current(), semaphore.raw(), Deadline::NOW).is_err());
            at_deadline(move || event::set(event.raw()));
            assert!(event::wait(Caller::current(), event.raw(), SOON).is_ok());
            let future = Shared::of(future::create().expect("there is memory"));
            let value: *mut c_void = gifts[0].raw().cast();
            at_deadline(move || assert!(future::set(future.raw(), value, 0).is_ok()));
            assert_eq!(future::wait(Caller::current(), future.raw(), SOON), Ok(value));
        }
    });
}

/// A value that is sent while the deadline passes is received once: by this wait, or later.
#[test]
fn late_value_is_received_once() {
    check(3, || {
        let (channel, gift) = (new_channel(1), gift());
        let other = thread::spawn(move || assert!(sends(channel, gift, NEVER)));
        let was_received = receives(channel, SOON).is_ok();
        other.join().expect("no panic");
        assert_eq!(receives(channel, Deadline::NOW).is_ok(), !was_received);
        assert_eq!(gift.get(), 2);
    });
}
