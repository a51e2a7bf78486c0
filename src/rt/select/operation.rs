//! The state of one call of acort_select(): its cases, its buffers, and the result of a pass. S1 to S11 are in `call`.

use core::ffi::c_int;
use core::ptr;

use super::buffers::SelectBuffers;
use super::case::Case;
use super::opened::{Opened, is_opened};
use crate::rt::base::{Random, Waiter};
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::{Task, task};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wake_waiter;
use crate::sanitizer;

/// The maximum number of cases of one call.
const MAX: usize = 1024;
/// The maximum number of cases of acort_poll(), whose indices are u16.
const MAX_POLL: usize = u16::MAX as usize;

/// One call. A task on a shared stack keeps it there while it waits.
pub(super) struct Select<'a> {
    pub(super) cases: &'a mut [acort_case_t],
    pub(super) buffers: SelectBuffers,
    /// Dropped after the buffers (SO3 of `opened`).
    pub(super) opened: Opened,
    /// The task that calls. NULL: a plain thread calls.
    pub(super) task: *mut Task,
    /// None: the cases are tried in their order.
    pub(super) random: Option<Random>,
    /// The cases are those of acort_poll() or acort_fdwait().
    pub(super) is_poll: bool,
    pub(super) deadline: Deadline,
}

/// The index of a case that is ready, and the waiter that its attempt has claimed. Err: its channel is closed.
pub(super) type ReadyCase = (usize, Result<*mut Waiter>);

impl Select<'_> {
    /// Checks the cases, and fills the buffers. Errors: `EINVAL` for too many, or an invalid one; those of
    /// [`Case::check`], [`Opened`] and [`SelectBuffers`].
    ///
    /// # Safety
    /// The objects of the cases exist.
    #[inline(never)]
    pub(super) unsafe fn prepare(&mut self) -> Result<()> {
        let max = if self.is_poll { MAX_POLL } else { MAX };
        if self.cases.len() > max {
            return Err(libc::EINVAL);
        }
        let (mut fds, mut bytes) = (0usize, 0usize);
        // SAFETY: the objects exist. The task runs here.
        unsafe {
            for (index, c_case) in self.cases.iter_mut().enumerate() {
                c_case.error = 0;
                if is_opened(c_case.op) {
                    self.opened.open(index, c_case)?;
                }
                if (c_case.op < 0) != self.is_poll {
                    return Err(libc::EINVAL);
                }
                let case = Case::of(c_case)?;
                let size = case.check(c_case.data.cast())?;
                fds += usize::from(matches!(case, Case::Fd(..)));
                bytes = bytes.checked_add(size).ok_or(libc::EINVAL)?;
            }
            self.buffers = SelectBuffers::new(self.task, self.cases.len(), fds, bytes)?;
            self.buffers.fill(self.cases)
        }
    }

    pub(super) fn case(&self, index: usize) -> Option<Case> {
        self.cases.get(index).and_then(|case| Case::of(case).ok())
    }

    pub(super) fn data(&self, index: usize) -> *mut u8 {
        self.cases.get(index).map_or(ptr::null_mut(), |case| case.data.cast())
    }

    pub(super) fn set_error(&mut self, index: usize, error: c_int) {
        if let Some(case) = self.cases.get_mut(index) {
            case.error = error;
        }
    }

    /// The result of the call after a pass, for which this wakes the other side (S1). None: no case is ready.
    ///
    /// # Safety
    /// `found` is the result of a pass, whose locks are free again.
    pub(super) unsafe fn deliver(
        &mut self,
        found: Result<Option<ReadyCase>>,
    ) -> Option<Result<usize>> {
        let (index, waiter) = match found.transpose()? {
            Ok((index, Ok(waiter))) => (index, waiter),
            Ok((index, Err(error))) => {
                self.set_error(index, error);
                return Some(Ok(index));
            }
            Err(error) => return Some(Err(error)),
        };
        // SAFETY: the pass has claimed the waiter, which stays in its call until it is woken. The case is performed.
        unsafe {
            wake_waiter(waiter);
            self.record(index);
        }
        Some(Ok(index))
    }

    /// Records that this case was performed: tells MemorySanitizer of a value, and the task of a mutex.
    ///
    /// # Safety
    /// The case is performed, and its object exists.
    pub(super) unsafe fn record(&self, index: usize) {
        // SAFETY: the caller has a reference of the channel. The task is this thread's.
        unsafe {
            match self.case(index) {
                Some(Case::Receive(channel)) => {
                    sanitizer::unpoison(self.data(index).cast(), (*channel).elem_size);
                }
                Some(Case::Mutex(_)) => task::lock_acquired(self.task),
                _ => {}
            }
        }
    }
}
