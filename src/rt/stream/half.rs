//! One direction of a stream: its buffer, its state, and the one call that uses them.
//!
//! * S1. A call enters a half, and leaves it before it returns. A second call on that half fails with EBUSY. So the
//!   state belongs to the call that is inside, and a task may read while another one writes.
//! * S2. Bytes leave the buffer of the input when the caller gets them, and that of the output when the system has
//!   taken them. So a call that fails, or is canceled, loses none.
//! * S3. The first lasting error stays. The bytes that came before it are given first. Without that the error of a
//!   connection would be told once, and its next read would tell of a proper end.
//! * S4. What a reading call shows of the buffer stays until the next reading call. Removed bytes stay in place, so
//!   they may be put back from there.
//! * S5. The buffer of the input holds no more than `Stream::most_input` bytes.

use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::ops::{Deref, DerefMut};

use super::buffer::Buffer;
use crate::rt::base::atomic::{AtomicU32, Ordering};
use crate::rt::base::{tsan_acquire, tsan_release};
use crate::rt::os::Result;

/// The state of a half.
pub(crate) struct State {
    pub(crate) buffer: Buffer,
    /// The first lasting error (S3); 0: none.
    error: c_int,
    /// The input has ended, or the output was shut down.
    pub(crate) is_over: bool,
}

impl State {
    /// Errors: the first lasting error.
    pub(crate) fn check(&self) -> Result<()> {
        if self.error == 0 { Ok(()) } else { Err(self.error) }
    }

    /// Keeps the error that the system has given, if it lasts (S3). `system_error` is that of the last system call: the
    /// ETIMEDOUT of a deadline does not last, that of the system does.
    pub(crate) fn keep_error<T>(&mut self, outcome: Result<T>, system_error: c_int) -> Result<T> {
        if let Err(error) = outcome
            && error == system_error
            && !matches!(error, libc::EAGAIN | libc::EINTR | libc::ENOMEM | libc::EMFILE)
        {
            self.error = error;
        }
        outcome
    }
}

/// One direction.
pub(crate) struct Half {
    /// 1: a call is inside.
    is_busy: AtomicU32,
    state: UnsafeCell<State>,
}

impl Half {
    pub(crate) fn new() -> Half {
        let state = State { buffer: Buffer::EMPTY, error: 0, is_over: false };
        Half { is_busy: AtomicU32::new(0), state: UnsafeCell::new(state) }
    }

    /// Enters (S1). Errors: `EBUSY` if a call is inside.
    pub(crate) fn enter(&self) -> Result<Entered<'_>> {
        if self.is_busy.swap(1, Ordering::Acquire) != 0 {
            return Err(libc::EBUSY);
        }
        tsan_acquire(self);
        Ok(Entered(self))
    }
}

/// The call that is inside a half. It leaves when this is dropped.
pub(crate) struct Entered<'a>(&'a Half);

impl Deref for Entered<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        // SAFETY: the state is this call's (S1).
        unsafe { &*self.0.state.get() }
    }
}

impl DerefMut for Entered<'_> {
    fn deref_mut(&mut self) -> &mut State {
        // SAFETY: the state is this call's (S1).
        unsafe { &mut *self.0.state.get() }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        tsan_release(self.0);
        self.0.is_busy.store(0, Ordering::Release);
    }
}
