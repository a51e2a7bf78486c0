//! The last setter of a future goes, against those who wait for it.

use std::ffi::c_void;

use loom::thread;

use crate::ends::NEVER;
use crate::ground::Own;
use crate::rt::model::caller::Caller;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;
use crate::rt::sync::future::Promise;
use crate::{Shared, check};

/// A promise of two setters, and its future, of which the caller has a reference.
fn promise_of_two() -> (Shared<Promise>, Shared<Future>) {
    let promise = future::create_promise().expect("there is memory");
    // SAFETY: a new promise.
    unsafe {
        future::add_setter(promise);
        let future = Promise::future(promise);
        future::add_ref(future);
        (Shared::of(promise), Shared::of(future))
    }
}

/// Both setters go at once without a value, one of which waits then: the future fails once, and the waiter may be the
/// last that has it.
///
/// Fails where a setter looks whether it is the last one under another lock than the one that it goes under.
#[test]
fn last_setter_breaks_it() {
    check(3, || {
        let (promise, future) = promise_of_two();
        // SAFETY: each setter has a reference, and the waiter.
        unsafe {
            let other = thread::spawn(move || future::release_setter(promise.raw()));
            future::release_setter(promise.raw());
            assert_eq!(future::wait(Caller::current(), future.raw(), NEVER), Err(libc::EPIPE));
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// A waiter has EPIPE from the one setter, and frees the future at once.
///
/// Fails where the last setter uses the future after the setters' reference has gone.
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

/// One setter goes while the other one sets it: the value counts, and the waiter sees what was done before.
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
