//! The last setter of a future leaves, while callers wait for the future.

use std::ffi::c_void;

use loom::thread;

use crate::ends::NEVER;
use crate::ground::Own;
use crate::rt::model::caller::Caller;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;
use crate::rt::sync::future::Promise;
use crate::{Shared, check};

/// A promise with two setters, and its future, with a reference for the caller.
fn promise_of_two() -> (Shared<Promise>, Shared<Future>) {
    let promise = future::create_promise().expect("there is memory");
    // SAFETY: the promise is new.
    unsafe {
        future::add_setter(promise);
        let future = Promise::future(promise);
        future::add_ref(future);
        (Shared::of(promise), Shared::of(future))
    }
}

/// Both setters leave at once without a value, and one of them waits then. The future fails once. The waiter may
/// release the last reference.
///
/// Fails if a setter checks whether it is the last one after it has unlocked (F2).
#[test]
fn last_setter_breaks_it() {
    check(3, || {
        let (promise, future) = promise_of_two();
        // SAFETY: each setter is one of the promise's two, and the waiter has a reference.
        unsafe {
            let other = thread::spawn(move || future::release_setter(promise.raw()));
            future::release_setter(promise.raw());
            assert_eq!(future::wait(Caller::current(), future.raw(), NEVER), Err(libc::EPIPE));
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// A waiter gets EPIPE from the last setter, and releases the future at once.
///
/// Fails if the last setter uses the future after it has released the setters' reference (F3).
#[test]
fn broken_one_is_freed_by_the_waiter() {
    check(3, || {
        let (promise, future) = promise_of_two();
        // SAFETY: as above.
        unsafe {
            future::release_setter(promise.raw());
            let other = thread::spawn(move || future::release_setter(promise.raw()));
            assert_eq!(future::wait(Caller::current(), future.raw(), NEVER), Err(libc::EPIPE));
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// One setter leaves while the other one sets the value: the waiter gets the value, and sees what was done before.
#[test]
fn value_comes_before_the_last_setter_goes() {
    check(3, || {
        let gift = Shared::new(Own::default());
        let (promise, future) = promise_of_two();
        // SAFETY: as above.
        unsafe {
            let other = thread::spawn(move || {
                gift.add(1);
                let value: *mut c_void = gift.raw().cast();
                assert!(future::set(Promise::future(promise.raw()), value, 0).is_ok());
                future::release_setter(promise.raw());
            });
            future::release_setter(promise.raw());
            let value: *mut Own =
                future::wait(Caller::current(), future.raw(), NEVER).expect("it has one").cast();
            assert_eq!((*value).get(), 1);
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}
