//! Descriptors that a call makes for itself.

use core::ffi::{c_int, c_long};
use core::mem::{self, ManuallyDrop};

use super::fd_entry::Direction;
use super::fd_identity;
use super::fd_ref::{FdRef, close_entry, restore};
use super::retry::RetryLoop;
use crate::rt::os::{self, Result};
use crate::sys;

/// A descriptor that a call has made for itself, and closes unless it gives it away. The call is inside meanwhile: where
/// other code closes it, that is not another file's end.
pub(crate) struct OwnFd(ManuallyDrop<FdRef>);

impl OwnFd {
    /// What the system has made; its errno otherwise. `kind` is what it is: `SOCKET` ..., 0: it is asked for later.
    pub(crate) fn from_raw(fd: c_long, kind: u32) -> Result<OwnFd> {
        let fd = usize::try_from(fd).map_err(|_| sys::errno())? as c_int;
        fd_identity::adopt(fd, kind);
        match FdRef::enter(fd) {
            Ok(file) => Ok(OwnFd(ManuallyDrop::new(file))),
            Err(error) => {
                let _ = os::close(fd);
                Err(error)
            }
        }
    }

    /// The call's reference to it.
    pub(crate) fn file(&self) -> &FdRef {
        &self.0
    }

    /// It is the caller's to close from here on. ECANCELED: it was closed.
    pub(crate) fn into_raw(mut self) -> Result<c_int> {
        let outcome = self.0.check().map(|()| self.0.fd);
        // SAFETY: the place itself is forgotten.
        unsafe { ManuallyDrop::drop(&mut self.0) };
        mem::forget(self);
        outcome
    }

    /// Calls `attempt`, the last time after the deadline, until it says something else than EAGAIN, and waits for input
    /// in between. ETIMEDOUT, ECANCELED.
    pub(crate) fn retry_until_done<T>(
        &self,
        deadline: i64,
        attempt: &mut dyn FnMut() -> Result<T>,
    ) -> Result<T> {
        let mut turn = RetryLoop::new(&self.0, Direction::Read, deadline);
        loop {
            let edges = self.0.entry().tick(Direction::Read);
            match attempt() {
                Err(libc::EAGAIN) if turn.is_last => return Err(libc::ETIMEDOUT),
                Err(libc::EAGAIN) => turn.wait(edges)?,
                outcome => return outcome,
            }
        }
    }
}

impl Drop for OwnFd {
    #[inline(never)]
    fn drop(&mut self) {
        let FdRef { fd, entry, cancel_state, .. } = *self.0;
        // Where other code has closed it the call only leaves.
        if self.0.is_current() && close_entry(fd, entry, true).is_some() {
            return restore(cancel_state);
        }
        // SAFETY: it is not used from here on.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}
