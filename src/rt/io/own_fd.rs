//! Descriptors that a call creates for itself: closed when the value is dropped.

use core::ffi::{c_int, c_long};
use core::mem::{self, ManuallyDrop};

use super::direction::Direction;
use super::fd_identity;
use super::fd_ref::{FdRef, close_entry, restore};
use super::retry::RetryLoop;
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// A descriptor that the call has created, and closes unless it returns it. The call is active on it meanwhile: where
/// other code closes the descriptor, the call does not close the next file of that number.
pub(crate) struct OwnFd(ManuallyDrop<FdRef>);

impl OwnFd {
    /// Takes the result of a system call: a new descriptor, or negative, with errno. `file_type` is what the file is,
    /// such as `SOCKET`; 0: acort asks the system when it needs the type.
    pub(crate) fn from_raw(fd: c_long, file_type: u32) -> Result<OwnFd> {
        let fd = usize::try_from(fd).map_err(|_| sys::errno())? as c_int;
        fd_identity::adopt(fd, file_type);
        match FdRef::enter(fd) {
            Ok(file) => Ok(OwnFd(ManuallyDrop::new(file))),
            Err(error) => {
                let _ = os::close(fd);
                Err(error)
            }
        }
    }

    /// The call's reference to the file.
    pub(crate) fn file(&self) -> &FdRef {
        &self.0
    }

    /// Returns the descriptor, which the caller closes. Errors: `ECANCELED` if it was closed.
    pub(crate) fn into_raw(mut self) -> Result<c_int> {
        let outcome = self.0.check().map(|()| self.0.fd);
        // SAFETY: `self` is forgotten, so that the reference is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.0) };
        mem::forget(self);
        outcome
    }

    /// Calls `attempt` until its result is not EAGAIN, and waits for input in between. The last attempt is after the
    /// deadline. Errors: `ETIMEDOUT`; `ECANCELED`; those of `attempt`.
    pub(crate) fn retry_until_done<T>(
        &self,
        deadline: Deadline,
        attempt: &mut dyn FnMut() -> Result<T>,
    ) -> Result<T> {
        let mut retry = RetryLoop::new(&self.0, Direction::Read, deadline);
        loop {
            let tick = self.0.entry().tick(Direction::Read);
            match attempt() {
                Err(libc::EAGAIN) if retry.is_last => return Err(libc::ETIMEDOUT),
                Err(libc::EAGAIN) => retry.wait(tick)?,
                outcome => return outcome,
            }
        }
    }
}

impl Drop for OwnFd {
    #[inline(never)]
    fn drop(&mut self) {
        let FdRef { fd, entry, cancel_state, .. } = *self.0;
        if self.0.is_current() && close_entry(fd, entry, true).is_some() {
            return restore(cancel_state);
        }
        // Other code has closed the descriptor: the call only leaves.
        // SAFETY: the reference is dropped once, here or in `into_raw`, which forgets `self`.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}
