//! The lock, parkers and wait queues.

use loom::cell::UnsafeCell;
use loom::thread;

use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::parker::Prepared;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wake_reason::{interruption, wake_error};
use crate::rt::park::wake::wake;
use crate::{Shared, check};

/// A cell that only one thread may use at a time.
#[derive(Default)]
pub(crate) struct Own(UnsafeCell<u32>);

// SAFETY: loom reports two threads that use the cell at once.
unsafe impl Sync for Own {}

impl Own {
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: loom reports a thread that uses the cell at the same time.
        self.0.with(|place| unsafe { *place })
    }

    pub(crate) fn add(&self, more: u32) {
        // SAFETY: loom reports a thread that uses the cell at the same time.
        self.0.with_mut(|place| unsafe { *place += more });
    }
}

/// Uses a lock's word once, before other threads know it (see `atomics`).
pub(crate) fn touch(lock: &Lock) {
    lock.0.load(Ordering::Relaxed);
}

/// Creates the parker of a thread that is in a wait.
fn armed(mode: WaitMode) -> Shared<Parker> {
    let parker = Shared::new(Parker::new());
    parker.wake_word().load(Ordering::Relaxed);
    assert!(parker.prepare(mode).is_ok());
    parker
}

/// Waits as a plain thread does, without a deadline.
fn wait_for(parker: &Parker) {
    while parker.wake_word().load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
}

/// Two threads each add twice to a cell that the lock guards.
#[test]
fn lock_keeps_others_out() {
    check(3, || {
        let both = Shared::new((Lock::NEW, Own::default()));
        touch(&both.0);
        let add = move || {
            let held = both.0.guard();
            both.1.add(1);
            drop(held);
        };
        let twice = move || (0..2).for_each(|_| add());
        let other = thread::spawn(twice);
        twice();
        other.join().expect("no panic");
        assert_eq!(both.1.get(), 4);
    });
}

/// Of two wakers one ends the wait, and the waiter sees what that one did before (P1).
///
/// Fails if a claim writes the state without a comparison.
#[test]
fn wait_is_ended_once() {
    check(3, || {
        let parker = armed(WaitMode::Cancellable);
        let gift = Shared::new((Own::default(), Own::default()));
        let wakes = move |first: bool| {
            if parker.claim() {
                if first {
                    gift.0.add(1)
                } else {
                    gift.1.add(1)
                }
                // SAFETY: the parker is claimed.
                unsafe { wake(parker.raw(), if first { 1 } else { wake_error(libc::ETIMEDOUT) }) };
                1
            } else {
                0
            }
        };
        let others = [thread::spawn(move || wakes(true)), thread::spawn(move || wakes(false))];
        wait_for(&parker);
        match parker.wake_result() {
            Ok(number) => assert_eq!((number, gift.0.get()), (0, 1)),
            Err(error) => assert_eq!((error, gift.1.get()), (libc::ETIMEDOUT, 1)),
        }
        let ended: u32 = others.map(|other| other.join().expect("no panic")).iter().sum();
        assert_eq!(ended, 1);
    });
}

/// A token that is given before the wait or during it is not lost, and what was done before it is seen.
///
/// Fails if a token that ends no wait is not saved.
#[test]
fn token_is_not_lost() {
    check(3, || {
        let parker = Shared::new(Parker::new());
        parker.wake_word().load(Ordering::Relaxed);
        parker.is_cancelled();
        let gift = Shared::new(Own::default());
        let other = thread::spawn(move || {
            gift.add(1);
            if parker.unpark() {
                // SAFETY: this call has ended the wait.
                unsafe { wake(parker.raw(), 1) };
            }
        });
        match parker.prepare_park() {
            Prepared::Waiting => wait_for(&parker),
            Prepared::TokenTaken => {}
            Prepared::Stopped(_) => unreachable!("no thread cancels"),
        }
        assert_eq!(gift.get(), 1);
        other.join().expect("no panic");
        assert!(!parker.try_take_token());
    });
}

/// A saved token is taken without a wait.
#[test]
fn saved_token_is_seen() {
    check(3, || {
        let parker = Shared::new(Parker::new());
        parker.is_cancelled();
        let gift = Shared::new(Own::default());
        let other = thread::spawn(move || {
            gift.add(1);
            assert!(!parker.unpark());
        });
        while !parker.try_take_token() {
            thread::yield_now();
        }
        assert_eq!(gift.get(), 1);
        other.join().expect("no panic");
    });
}

/// A cancellation comes before the wait, or ends it. A token that comes at the same time is not lost.
#[test]
fn cancellation_is_not_lost() {
    check(3, || {
        let parker = Shared::new(Parker::new());
        parker.wake_word().load(Ordering::Relaxed);
        parker.is_cancelled();
        let cancels = thread::spawn(move || {
            if parker.cancel() {
                // SAFETY: this call has ended the wait.
                unsafe { wake(parker.raw(), wake_error(libc::ECANCELED)) };
            }
        });
        let unparks = thread::spawn(move || {
            if parker.unpark() {
                // SAFETY: this call has ended the wait.
                unsafe { wake(parker.raw(), 1) };
            }
        });
        let had_token = match parker.prepare_park() {
            Prepared::Waiting => {
                wait_for(&parker);
                parker.wake_result().is_ok()
            }
            Prepared::TokenTaken => true,
            Prepared::Stopped(_) => false,
        };
        cancels.join().expect("no panic");
        unparks.join().expect("no panic");
        assert!(parker.is_cancelled());
        assert_eq!(parker.try_take_token(), !had_token);
    });
}

/// An interruption ends one wait, or is taken back. If a waker or a cancellation comes first, it ends no wait, and is
/// pending or void.
#[test]
fn interruption_is_heard_once() {
    let error = interruption(libc::EINTR);
    for is_cancelled in [false, true] {
        check(3, move || {
            let parker = armed(WaitMode::Cancellable);
            let interrupts = thread::spawn(move || {
                if parker.interrupt(libc::EINTR) {
                    // SAFETY: this call has ended the wait.
                    unsafe { wake(parker.raw(), wake_error(error)) };
                }
            });
            let wakes = thread::spawn(move || {
                let (has_ended, reason) = match is_cancelled {
                    true => (parker.cancel(), wake_error(libc::ECANCELED)),
                    false => (parker.claim(), 1),
                };
                if has_ended {
                    // SAFETY: this call has ended the wait.
                    unsafe { wake(parker.raw(), reason) };
                }
            });
            wait_for(&parker);
            let first = parker.wake_result();
            interrupts.join().expect("no panic");
            wakes.join().expect("no panic");
            let next = parker.prepare(WaitMode::Cancellable);
            match (is_cancelled, first) {
                (false, Ok(_)) => assert_eq!(next, Err(error)),
                (false, first) => assert_eq!((first, next), (Err(error), Ok(()))),
                (true, _) => assert_eq!(next, Err(libc::ECANCELED)),
            }
            assert!(!parker.take_interruption());
        });
    }
}

/// An interruption is taken back, or heard by the wait that begins, and never both.
#[test]
fn interruption_is_taken_back_or_heard() {
    check(3, || {
        let parker = Shared::new(Parker::new());
        parker.wake_word().load(Ordering::Relaxed);
        assert!(!parker.interrupt(libc::EINTR));
        let takes = thread::spawn(move || parker.take_interruption());
        let heard = parker.prepare(WaitMode::Cancellable);
        let was_taken = takes.join().expect("no panic");
        assert_eq!(heard, if was_taken { Ok(()) } else { Err(interruption(libc::EINTR)) });
    });
}

/// A waiter times out while a waker claims it: either it was woken, or it is out of the queue. Its memory is not used
/// afterwards.
#[test]
fn waiter_is_dequeued() {
    check(3, || {
        let object = Shared::new((Lock::NEW, WaitQueue::NEW, Own::default()));
        touch(&object.0);
        let waiter = thread::spawn(move || {
            let parker = armed(WaitMode::Uninterruptible);
            let gift = Shared::new(Own::default());
            let waiter = Shared::new(Waiter::new(parker.raw(), gift.raw().cast(), 1));
            // SAFETY: no object is freed. The lock is held for the queue.
            unsafe {
                object.0.lock();
                (*object.raw()).1.push(waiter.raw(), &raw const object.0);
                object.2.add(1);
                object.0.unlock();
                if parker.claim() {
                    Waiter::dequeue(waiter.raw());
                    // No waker writes here any more.
                    gift.add(2);
                    return 0;
                }
            }
            wait_for(&parker);
            gift.get()
        });
        // SAFETY: loom reports a thread that uses the cell at the same time.
        let given = unsafe {
            object.0.lock();
            let first = (*object.raw()).1.claim_front();
            object.2.get();
            object.0.unlock();
            match first.as_ref() {
                Some(first) => {
                    (*first.slot.cast::<Own>()).add(1);
                    wake(first.parker, 1);
                    1
                }
                None => 0,
            }
        };
        assert_eq!(waiter.join().expect("no panic"), given);
        let held = object.0.guard();
        assert!(object.1.is_empty());
        drop(held);
    });
}
