//! Futures: a value or an error that comes once. A caller that waits for it waits for its event.
//!
//! A promise is a future that setters have references of, beside those of its users:
//!
//! ```text
//!                        references   setters
//!   create()                  1          0
//!   create_promise()          1          1     all setters have one reference together
//!   promise_future()         +1
//!   keep(), release_setter()                    +1 -1
//!   the last release_setter()        -1          0     EPIPE, where it has neither value nor error
//! ```
//!
//! 1. Everything is under the lock of the event. The last setter goes in the same step that looks for a value, so that
//!    EPIPE and a value exclude each other, and EPIPE comes once.
//! 2. The setters' reference goes last: the future is there while its last setter breaks it, though no user is.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::ptr;

use super::event::Event;
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::os::{self, Result};
use crate::rt::park::attempt;
use crate::rt::park::wake::wake_all;
use crate::{diag, sys};

/// A future. Everything under the lock of its event.
#[repr(C)]
pub struct Future {
    /// First: see [`event_of`].
    event: Event,
    references: usize,
    /// Those of setters; 0: it is no promise, or one that was kept or broken.
    setters: usize,
    value: *mut c_void,
    /// 0: it has a value.
    error: c_int,
    _aliased: Aliased,
}

impl diag::Subject for Future {
    unsafe fn describe(_: *const Future, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// A future, as its setters see it.
#[repr(transparent)]
pub struct Promise(Future);

impl Promise {
    /// The object itself.
    pub(crate) fn future(promise: *mut Promise) -> *mut Future {
        promise.cast()
    }
}

/// A future without a value. ENOMEM.
pub(crate) fn create() -> Result<*mut Future> {
    create_with(0)
}

/// A promise, with a reference of one setter. ENOMEM.
pub(crate) fn create_promise() -> Result<*mut Promise> {
    create_with(1).map(<*mut Future>::cast)
}

fn create_with(setters: usize) -> Result<*mut Future> {
    let future: *mut Future = os::allocate_zeroed().ok_or(libc::ENOMEM)?.as_ptr();
    let event = Event { lock: Lock::NEW, is_set: 0, queue: WaitQueue::NEW };
    let _aliased = Aliased {};
    // SAFETY: a new one.
    unsafe {
        let value = ptr::null_mut();
        future.write(Future { event, references: 1, setters, value, error: 0, _aliased });
    }
    Ok(future)
}

/// The event that is set with it.
pub(crate) fn event_of(future: *mut Future) -> *mut Event {
    future.cast()
}

/// Gives it its value, or its error if that is not 0. EALREADY: it has one.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn set(future: *mut Future, value: *mut c_void, error: c_int) -> Result<()> {
    // SAFETY: the caller's promise; a claimed caller stays until it is woken.
    unsafe {
        let held = (*future).event.lock.guard();
        let list = give(future, value, error)?;
        drop(held);
        wake_all(list, None);
    }
    Ok(())
}

/// The same, under the lock. Gives the callers that are to be woken.
unsafe fn give(future: *mut Future, value: *mut c_void, error: c_int) -> Result<*mut Waiter> {
    // SAFETY: the caller's promise.
    unsafe {
        if (*future).event.is_set != 0 {
            return Err(libc::EALREADY);
        }
        (*future).value = value;
        (*future).error = error;
        (*future).event.is_set = 1;
        Ok((*future).event.queue.claim_all())
    }
}

/// Waits for it, and gives its value, or its error.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn wait(
    caller: Caller,
    future: *mut Future,
    deadline: i64,
) -> Result<*mut c_void> {
    let (wait_reason, mode) = (WaitReason::Future, WaitMode::Cancellable);
    // SAFETY: the caller's promise. Once the event is set both stay as they are.
    unsafe {
        attempt::wait(caller, event_of(future), ptr::null_mut(), wait_reason, mode, deadline)?;
        let Future { value, error, .. } = *future;
        if error == 0 { Ok(value) } else { Err(error) }
    }
}

/// One reference more.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn add_ref(future: *mut Future) {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*future).event.lock.guard();
        (*future).references += 1;
    }
}

/// One reference less; the last one frees it.
///
/// # Safety
/// As [`set`]; the caller does not use it from here on.
pub(crate) unsafe fn release(future: *mut Future) {
    // SAFETY: the caller's promise.
    unsafe {
        let held = (*future).event.lock.guard();
        (*future).references -= 1;
        let (is_last, is_empty) = ((*future).references == 0, (*future).event.queue.is_empty());
        drop(held);
        if !is_last {
            return;
        }
        if !is_empty {
            let what = format_args!("the last reference of a future goes while somebody waits");
            diag::fatal("acort_future_unref", future, what, "whoever uses it has a reference")
        }
        sys::free(future.cast());
    }
}

/// One reference of a setter more.
///
/// # Safety
/// The caller has one.
pub(crate) unsafe fn add_setter(promise: *mut Promise) {
    let future = Promise::future(promise);
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*future).event.lock.guard();
        (*future).setters += 1;
    }
}

/// One reference of a setter less; with the last one the future fails with EPIPE, unless it has a value or an error.
///
/// # Safety
/// As [`keep`]; the caller does not use it from here on.
pub(crate) unsafe fn release_setter(promise: *mut Promise) {
    let future = Promise::future(promise);
    // SAFETY: the caller's promise; the setters' reference keeps the future until it is released.
    unsafe {
        let held = (*future).event.lock.guard();
        (*future).setters -= 1;
        if (*future).setters != 0 {
            return;
        }
        let list = give(future, ptr::null_mut(), libc::EPIPE).unwrap_or(ptr::null_mut());
        drop(held);
        wake_all(list, None);
        release(future);
    }
}
