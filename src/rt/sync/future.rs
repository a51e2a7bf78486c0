//! A future: a value or an error that is set once. A caller waits for it by waiting for its event.
//!
//! A promise is a future with setters. The setters share one reference, beside those of the future's users:
//!
//! ```text
//!   step                                references  setters  also
//!   ──────────────────────────────────  ──────────  ───────  ─────────────────────────────────────
//!   create                                  1          0
//!   create_promise                          1          1     the reference is the setters'
//!   add_ref, release                       ± 1               0 references: freed
//!   add_setter, release_setter                        ± 1
//!   release_setter, the last setter        - 1         0     EPIPE, unless a value or an error is set
//! ```
//!
//! * F1. All fields change under the event's lock. Value and error do not change once the event is set.
//! * F2. The last setter leaves in the step that checks for a value. So the future gets either a value or EPIPE, and
//!   EPIPE once.
//! * F3. The setters' reference is released last: the future exists while its last setter fails it, with or without
//!   users.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::ptr;

use super::event::Event;
use crate::rt::base::{Aliased, Lock, WaitQueue, WaitReason, WakeList};
use crate::rt::model::Caller;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::{Attempt, Parts, Waitable, attempt};
use crate::{diag, sys};

/// A future.
#[repr(C)]
pub struct Future {
    /// The first field: [`event_of`] converts pointers. Its lock protects all fields (F1).
    event: Event,
    refcount: usize,
    /// The number of setters; 0: no promise, or a promise whose setters have left.
    setters: usize,
    value: *mut c_void,
    /// Once the event is set: an errno, or 0 if there is a value.
    error: c_int,
}

impl Waitable for Future {
    unsafe fn parts(future: *mut Future) -> Parts {
        // SAFETY: the future exists, and so its event.
        unsafe { Event::parts(event_of(future)) }
    }

    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt {
        // SAFETY: an event expects no slot.
        unsafe { self.event.attempt(slot) }
    }
}

impl Future {
    /// Sets the value, or the error if it is not 0. Returns the waiters, which the caller has claimed. Errors:
    /// `EALREADY`. The event's lock is held.
    fn set_locked(&mut self, value: *mut c_void, error: c_int) -> Result<WakeList> {
        if self.event.is_set != 0 {
            return Err(libc::EALREADY);
        }
        (self.value, self.error, self.event.is_set) = (value, error, 1);
        Ok(self.event.queue.claim_all())
    }
}

impl diag::Describe for Future {
    unsafe fn describe(_: *const Future, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// A future, as its setters refer to it.
#[repr(transparent)]
pub struct Promise(Future);

impl Promise {
    /// The future.
    pub(crate) fn future(promise: *mut Promise) -> *mut Future {
        promise.cast()
    }
}

/// Creates a future without a value. Errors: `ENOMEM`.
pub(crate) fn create() -> Result<*mut Future> {
    create_with(0)
}

/// Creates a promise with one setter. Errors: `ENOMEM`.
pub(crate) fn create_promise() -> Result<*mut Promise> {
    create_with(1).map(<*mut Future>::cast)
}

fn create_with(setters: usize) -> Result<*mut Future> {
    let future: *mut Future = os::allocate_zeroed().ok_or(libc::ENOMEM)?.as_ptr();
    let (lock, queue, _aliased) = (Lock::NEW, WaitQueue::NEW, Aliased {});
    let (event, value) = (Event { lock, is_set: 0, queue, _aliased }, ptr::null_mut());
    // SAFETY: the memory is new, and has the size of a future.
    unsafe { future.write(Future { event, refcount: 1, setters, value, error: 0 }) };
    Ok(future)
}

/// The event that is set together with the future.
pub(crate) fn event_of(future: *mut Future) -> *mut Event {
    future.cast()
}

/// Sets the value, or the error if it is not 0, and wakes all waiters. Errors: `EALREADY` if one is set.
///
/// # Safety
/// The caller has a reference.
pub(crate) unsafe fn set(future: *mut Future, value: *mut c_void, error: c_int) -> Result<()> {
    // SAFETY: the future exists while the caller has a reference.
    unsafe { attempt::change_and_wake(future, |future| future.set_locked(value, error)) }
}

/// Waits until the future is set, and returns its value. Errors: the future's; `ETIMEDOUT`; `ECANCELED`.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn wait(
    caller: Caller,
    future: *mut Future,
    deadline: Deadline,
) -> Result<*mut c_void> {
    // SAFETY: the caller has a reference. Value and error do not change once the event is set (F1).
    unsafe {
        attempt::wait(caller, future, ptr::null_mut(), WaitReason::Future, deadline)?;
        let Future { value, error, .. } = *future;
        if error == 0 { Ok(value) } else { Err(error) }
    }
}

/// Adds a reference.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn add_ref(future: *mut Future) {
    // SAFETY: the caller has a reference.
    unsafe {
        let _guard = (*future).event.lock.guard();
        (*future).refcount += 1;
    }
}

/// Releases the caller's reference. The last one frees the future. Aborts if callers wait for it then.
///
/// # Safety
/// As [`set`]; the caller does not use the future afterwards.
pub(crate) unsafe fn release(future: *mut Future) {
    // SAFETY: the caller has a reference until the count is lowered. After the last one no other thread uses the
    // future.
    unsafe {
        let guard = (*future).event.lock.guard();
        (*future).refcount -= 1;
        let (is_last, is_empty) = ((*future).refcount == 0, (*future).event.queue.is_empty());
        drop(guard);
        if !is_last {
            return;
        }
        if !is_empty {
            let what = format_args!("the last reference is released while a caller waits");
            diag::fatal("acort_future_unref", future, what, "each user needs a reference")
        }
        sys::free(future.cast());
    }
}

/// Adds a setter.
///
/// # Safety
/// The caller is a setter.
pub(crate) unsafe fn add_setter(promise: *mut Promise) {
    let future = Promise::future(promise);
    // SAFETY: the future exists while it has a setter (F3).
    unsafe {
        let _guard = (*future).event.lock.guard();
        (*future).setters += 1;
    }
}

/// Removes a setter. The last one fails the future with EPIPE, unless a value or an error is set.
///
/// # Safety
/// As [`add_setter`]; the caller does not use the promise afterwards.
pub(crate) unsafe fn release_setter(promise: *mut Promise) {
    let future = Promise::future(promise);
    let mut is_last = false;
    let remove = |future: &mut Future| {
        future.setters -= 1;
        is_last = future.setters == 0;
        if is_last { future.set_locked(ptr::null_mut(), libc::EPIPE) } else { Ok(WakeList::NEW) }
    };
    // SAFETY: the future exists until the setters' reference is released (F3).
    unsafe {
        let _ = attempt::change_and_wake(future, remove);
        if is_last {
            release(future);
        }
    }
}
