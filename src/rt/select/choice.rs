//! A call of `select`: its cases, its room, and what it has come to.

use core::ffi::c_int;
use core::ptr;

use super::buffers::SelectBuffers;
use super::case::Source;
use crate::rt::base::random::Random;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;
use crate::rt::park::wake::wake_waiter;
use crate::rt::sync::channel::Attempt;
use crate::sanitizer;

/// The most cases of one call.
const MAX: usize = 1024;

/// A call. A task on a shared stack keeps it there while it waits.
pub(super) struct Select<'a> {
    pub(super) cases: &'a mut [acort_case_t],
    pub(super) buffers: SelectBuffers,
    /// NULL: the call is a plain thread's.
    pub(super) me: *mut Task,
    /// None: by rank.
    pub(super) random: Option<Random>,
    pub(super) deadline: i64,
}

/// A case that is ready, and what it has come to.
pub(super) type Ready = (usize, Attempt);

impl Select<'_> {
    /// Checks the cases, and takes the room for them.
    #[inline(never)]
    pub(super) unsafe fn prepare(&mut self) -> Result<()> {
        if self.cases.is_empty() || self.cases.len() > MAX {
            return Err(libc::EINVAL);
        }
        let (mut descriptors, mut bytes) = (0usize, 0usize);
        // SAFETY: the caller's promise: the objects are there.
        unsafe {
            for case in self.cases.iter_mut() {
                case.error = 0;
                let source = Source::of(case)?;
                source.check_thread();
                descriptors += usize::from(matches!(source, Source::Ready(..)));
                if Worker::is_on_shared_stack(source.queue().cast()) {
                    return Err(libc::EFAULT);
                }
                bytes = bytes.checked_add(source.size()).ok_or(libc::EINVAL)?;
            }
            self.buffers = SelectBuffers::new(self.me, self.cases.len(), descriptors, bytes)?;
            self.buffers.fill(self.cases)
        }
    }

    pub(super) fn source(&self, number: usize) -> Option<Source> {
        self.cases.get(number).and_then(|case| Source::of(case).ok())
    }

    pub(super) fn data(&self, number: usize) -> *mut u8 {
        self.cases.get(number).map_or(ptr::null_mut(), |case| case.data.cast())
    }

    pub(super) fn set_error(&mut self, number: usize, error: c_int) {
        if let Some(case) = self.cases.get_mut(number) {
            case.error = error;
        }
    }

    /// What a pass has come to, after the locks are free (S1). None: no case is ready.
    pub(super) unsafe fn done(&mut self, found: Result<Option<Ready>>) -> Option<Result<usize>> {
        let (number, tried) = match found.transpose()? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let Attempt::Done(waiter) = tried else {
            self.set_error(number, libc::EPIPE);
            return Some(Ok(number));
        };
        // SAFETY: this call has claimed the waiter, and not woken it yet; the channel is there.
        unsafe {
            if !waiter.is_null() {
                wake_waiter(waiter);
            }
            if let Some(Source::Receive(channel)) = self.source(number) {
                sanitizer::is_written(self.data(number).cast(), (*channel).elem_size);
            }
        }
        Some(Ok(number))
    }
}
