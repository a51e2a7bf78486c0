//! The lock, parkers and queues.

use loom::cell::UnsafeCell;
use loom::thread;

use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::parker::Prepared;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::parker::wake_error;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::park::wake::wake;
use crate::{Shared, check};

/// Something that only one thread may touch at a time.
#[derive(Default)]
pub(crate) struct Own(UnsafeCell<u32>);

// SAFETY: loom finds two that touch it at once.
unsafe impl Sync for Own {}

impl Own {
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|place| unsafe { *place })
    }

    pub(crate) fn add(&self, more: u32) {
        // SAFETY: as above.
        self.0.with_mut(|place| unsafe { *place += more });
    }
}

/// Makes a lock's word one of the model, before other threads see it.
pub(crate) fn touch(lock: &Lock) {
    lock.0.load(Ordering::Relaxed);
}

/// A parker of a thread, armed.
fn armed(mode: WaitMode) -> Shared<Parker> {
    let parker = Shared::new(Parker::new());
    parker.wake_word().load(Ordering::Relaxed);
    assert!(matches!(parker.prepare(mode), Prepared::Waiting));
    parker
}

/// Waits as a thread does, without a deadline.
fn wait_for(parker: &Parker) {
    while parker.wake_word().load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
}

/// Two threads add to what the lock is for, twice each.
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

/// Of two that would end a wait one does, and who waits sees what that one did before.
///
/// Fails where a claim writes the word without comparing it again.
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
                // SAFETY: claimed.
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

/// A token is given before the wait, or ends it: never is it lost, and what was done before it is seen.
///
/// Fails where a token that ends no wait is not saved.
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
                // SAFETY: it has ended the wait.
                unsafe { wake(parker.raw(), 1) };
            }
        });
        match parker.prepare(WaitMode::Park) {
            Prepared::Waiting => wait_for(&parker),
            Prepared::TokenTaken => {}
            Prepared::Cancelled => unreachable!("nobody cancels"),
        }
        assert_eq!(gift.get(), 1);
        other.join().expect("no panic");
        assert!(!parker.try_take_token());
    });
}

/// A token that was saved is taken without a wait.
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

/// A cancellation comes before the wait, or ends it; a token that comes beside it stays.
#[test]
fn cancellation_is_not_lost() {
    check(3, || {
        let parker = Shared::new(Parker::new());
        parker.wake_word().load(Ordering::Relaxed);
        parker.is_cancelled();
        let cancels = thread::spawn(move || {
            if parker.cancel() {
                // SAFETY: it has ended the wait.
                unsafe { wake(parker.raw(), wake_error(libc::ECANCELED)) };
            }
        });
        let unparks = thread::spawn(move || {
            if parker.unpark() {
                // SAFETY: it has ended the wait.
                unsafe { wake(parker.raw(), 1) };
            }
        });
        let had_token = match parker.prepare(WaitMode::Park) {
            Prepared::Waiting => {
                wait_for(&parker);
                parker.wake_result().is_ok()
            }
            Prepared::TokenTaken => true,
            Prepared::Cancelled => false,
        };
        cancels.join().expect("no panic");
        unparks.join().expect("no panic");
        assert!(parker.is_cancelled());
        assert_eq!(parker.try_take_token(), !had_token);
    });
}

/// Who waits gives up while another one is about to wake it: it was woken or it is out of the queue, not both,
/// and no thread uses its place afterwards.
#[test]
fn place_is_withdrawn() {
    check(3, || {
        let object = Shared::new((Lock::NEW, WaitQueue::NEW, Own::default()));
        touch(&object.0);
        let waiter = thread::spawn(move || {
            let parker = armed(WaitMode::Uninterruptible);
            let gift = Shared::new(Own::default());
            let waiter = Shared::new(Waiter::new(parker.raw(), gift.raw().cast(), 1));
            // SAFETY: all of them are never freed; the lock is held for the queue.
            unsafe {
                object.0.lock();
                (*object.raw()).1.push(waiter.raw(), &raw const object.0);
                object.2.add(1);
                object.0.unlock();
                if parker.claim() {
                    Waiter::dequeue(waiter.raw());
                    // No thread writes there any more.
                    gift.add(2);
                    return 0;
                }
            }
            wait_for(&parker);
            gift.get()
        });
        // SAFETY: as above.
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
