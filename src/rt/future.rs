//! Futures: a value or an error that comes once. Who waits for it waits for its event.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::ptr;

use super::attempt;
use super::event::Event;
use super::lock::{Lock, SeveralTouch};
use super::parker::Hearing;
use super::queue::Queue;
use super::wake::wake_all;
use super::why::Why;
use super::{Outcome, os};
use crate::{diag, sys};

/// A future. Everything under the lock of its event.
#[repr(C)]
pub struct Future {
    /// First: see [`event_of`].
    event: Event,
    references: usize,
    value: *mut c_void,
    /// 0: it has a value.
    error: c_int,
    _touched: SeveralTouch,
}

impl diag::Subject for Future {
    unsafe fn describe(_: *const Future, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// A future without a value. ENOMEM.
pub(crate) fn create() -> Outcome<*mut Future> {
    let future: *mut Future = os::allocate_zeroed().ok_or(libc::ENOMEM)?.as_ptr();
    let event = Event { lock: Lock::NEW, is_set: 0, queue: Queue::NEW };
    let _touched = SeveralTouch {};
    // SAFETY: a new one.
    unsafe {
        future.write(Future { event, references: 1, value: ptr::null_mut(), error: 0, _touched });
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
pub(crate) unsafe fn set(future: *mut Future, value: *mut c_void, error: c_int) -> Outcome<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*future).event.lock.hold();
        if (*future).event.is_set != 0 {
            return Err(libc::EALREADY);
        }
        (*future).value = value;
        (*future).error = error;
        (*future).event.is_set = 1;
        let list = (*future).event.queue.claim_all();
        drop(held);
        wake_all(list, None);
    }
    Ok(())
}

/// Waits for it, and gives its value, or its error.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn wait(future: *mut Future, deadline: i64) -> Outcome<*mut c_void> {
    let (why, hearing) = (Why::Future, Hearing::Cancellation);
    // SAFETY: the caller's promise. Once the event is set both stay as they are.
    unsafe {
        attempt::wait(event_of(future), ptr::null_mut(), why, hearing, deadline)?;
        let Future { value, error, .. } = *future;
        if error == 0 { Ok(value) } else { Err(error) }
    }
}

/// One reference more.
///
/// # Safety
/// As [`set`].
pub(crate) unsafe fn reference(future: *mut Future) {
    // SAFETY: the caller's promise.
    unsafe {
        let _held = (*future).event.lock.hold();
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
        let held = (*future).event.lock.hold();
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
