//! The release of the last setter of a promise, against calls that wait for its future.

use std::ffi::c_void;

use loom::thread;

use crate::ends::NEVER;
use crate::ground::Own;
use crate::rt::model::caller::Caller;
use crate::rt::sync::future;
use crate::rt::sync::future::Future;
use crate::rt::sync::future::Promise;
use crate::{Shared, check};

/// Creates a promise with two setters, and a reference to its future.
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

/// Both setters are released at once without a value, while a call waits: the future fails once. The waiter may have
/// the last reference.
///
/// Fails if a setter checks whether it is the last one under another lock than the one under which it is released.
#[test]
fn last_setter_breaks_it() {
    check(3, || {
        let (promise, future) = promise_of_two();
        // SAFETY: each setter has a reference, and so has the waiter.
        unsafe {
            let other = thread::spawn(move || future::release_setter(promise.raw()));
            future::release_setter(promise.raw());
            assert_eq!(future::wait(Caller::current(), future.raw(), NEVER), Err(libc::EPIPE));
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// One setter is released before; the other one breaks the future, and the waiter frees it at once.
///
/// Fails if the last setter uses the future after it has dropped the setters' reference.
#[test]
fn broken_one_is_freed_by_the_waiter() {
    check(3, || {
        let (promise, future) = promise_of_two();
        // SAFETY: each setter has a reference, and so has the waiter.
        unsafe {
            future::release_setter(promise.raw());
            let other = thread::spawn(move || future::release_setter(promise.raw()));
            assert_eq!(future::wait(Caller::current(), future.raw(), NEVER), Err(libc::EPIPE));
            future::release(future.raw());
            other.join().expect("no panic");
        }
    });
}

/// One setter is released while the other one sets the value: the value counts, and the waiter sees what was done
/// before.
#[test]
fn value_comes_before_the_last_setter_goes() {
    check(3, || {
        let gift = Shared::new(Own::default());
        let (promise, future) = promise_of_two();
        // SAFETY: each setter has a reference, and so has the waiter.
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
