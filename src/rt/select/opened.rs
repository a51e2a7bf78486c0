//! What a select opens for its cases of children and signals. It waits for them as for other descriptors.
//!
//! That is a pidfd, or the signalfd of a call in the list of `signal_owner`.
//!
//! * SO1. `open` writes the number of the descriptor to `reserved` of the case, before any other code reads the case.
//! * SO2. A descriptor that is ready says that there may be something to take. A pass that draws the case takes it. So
//!   only the chosen case waits for its child or takes the signal. If other code was first, the case is not ready.
//! * SO3. The call closes all when it ends, after its references to the files. It holds no lock then, nor in `open`:
//!   `signal_owner` waits for a mutex.

use core::ffi::c_int;
use core::ptr;

use crate::rt::io::own_fd::OwnFd;
use crate::rt::io::signal::{self, SignalCall};
use crate::rt::model::abi::{ACORT_CHILD, ACORT_SIGNAL, acort_case_t};
use crate::rt::os::Result;
use crate::sys;

/// The list of what a call has opened.
pub(super) struct Opened(*mut Node);

struct Node {
    next: *mut Node,
    index: usize,
    source: Source,
}

enum Source {
    Child(#[expect(dead_code, reason = "it is closed when it is dropped")] OwnFd),
    Signal(SignalCall),
}

impl Opened {
    pub(super) const NONE: Opened = Opened(ptr::null_mut());

    /// Opens what the case needs. Errors: `EINVAL` for a process id that is not positive, a set that is NULL, or a
    /// signal that is not blocked; `ECHILD`; `EPERM` in a closed test run; `ENOMEM`; those of pidfd_open(2) and
    /// signalfd(2).
    ///
    /// # Safety
    /// The set of a signal's case is initialized.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn open(&mut self, index: usize, case: &mut acort_case_t) -> Result<()> {
        // SAFETY: the set is initialized. The memory has room for a node.
        unsafe {
            let (source, fd) = if case.op == ACORT_CHILD {
                let pidfd = signal::open_child(case.fd)?;
                let fd = pidfd.file().fd();
                (Source::Child(pidfd), fd)
            } else {
                let call = SignalCall::open(case.object.cast())?;
                let fd = call.fd()?;
                (Source::Signal(call), fd)
            };
            let node: *mut Node =
                sys::allocate(size_of::<Node>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
            node.write(Node { next: self.0, index, source });
            self.0 = node;
            case.reserved = fd;
            Ok(())
        }
    }

    /// Takes what the case waits for. Returns false if there is nothing to take. Other cases need no such step. Errors:
    /// `ECHILD` if other code has waited for the child.
    ///
    /// # Safety
    /// The data of the case is NULL or writable.
    pub(super) unsafe fn take(&self, index: usize, case: &mut acort_case_t) -> Result<bool> {
        let mut next = self.0;
        // SAFETY: the nodes are this call's.
        unsafe {
            while let Some(node) = next.as_ref() {
                if node.index == index {
                    return node.source.take(case);
                }
                next = node.next;
            }
        }
        Ok(true)
    }
}

impl Source {
    #[cold]
    #[inline(never)]
    unsafe fn take(&self, case: &mut acort_case_t) -> Result<bool> {
        // SAFETY: the data is NULL or writable.
        let taken = unsafe {
            match self {
                Source::Child(_) => signal::take_child(case.fd, case.data.cast()).map(drop),
                Source::Signal(call) => call.take(case.data.cast()).map(|number| case.fd = number),
            }
        };
        match taken {
            Err(libc::EAGAIN) => Ok(false),
            taken => taken.map(|()| true),
        }
    }
}

/// Returns true if the case is one of those that [`Opened`] is for.
pub(super) fn is_opened(op: c_int) -> bool {
    op == ACORT_CHILD || op == ACORT_SIGNAL
}

impl Drop for Opened {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.0.is_null() {
            self.close();
        }
    }
}

impl Opened {
    #[cold]
    #[inline(never)]
    fn close(&mut self) {
        while !self.0.is_null() {
            let node = self.0;
            // SAFETY: `open` has written the node, which the list no longer has.
            unsafe {
                self.0 = (*node).next;
                ptr::drop_in_place(node);
                sys::free(node.cast());
            }
        }
    }
}
