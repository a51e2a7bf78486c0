//! The caller of a function of the runtime: a task on its worker, or a plain thread.
//!
//! A call asks for it once, at the C face, and hands it through: the thread's word is read anew each time, as a switch
//! may come between two reads. It stays good during the call, for a task stays with its worker.

use core::ffi::c_void;
use core::ptr;

use super::task::Task;
use super::worker::Worker;
use crate::tls;

/// The worker that the caller runs on; NULL: a plain thread calls.
#[derive(Clone, Copy)]
pub(crate) struct Caller(*mut Worker);

impl Caller {
    #[inline(always)]
    pub(crate) fn current() -> Caller {
        Caller(Worker::current())
    }

    #[inline(always)]
    pub(crate) fn worker(self) -> *mut Worker {
        self.0
    }

    /// The task that calls; NULL: none.
    #[inline(always)]
    pub(crate) fn task(self) -> *mut Task {
        // SAFETY: the thread's worker.
        unsafe { self.0.as_ref() }.map_or(ptr::null_mut(), |worker| worker.current)
    }

    /// The owner of a lock that the caller is.
    #[inline(always)]
    pub(crate) fn owner(self) -> usize {
        owner(self.task())
    }

    /// Returns true if `place` lies on the stack that the worker's tasks share: it moves away when the task waits, so
    /// a pointer to it is good for no other thread or task.
    #[inline(always)]
    pub(crate) fn is_on_shared_stack(self, place: *const c_void) -> bool {
        // SAFETY: the thread's worker.
        !self.0.is_null() && unsafe { (*self.0).stack_cache.shared_stack_contains(place) }
    }
}

/// The owner of a lock that the caller is, of what [`Caller::task`] gives: the address of the task, or of the thread's
/// state.
#[inline(always)]
pub(crate) fn owner(task: *mut Task) -> usize {
    if task.is_null() { tls::thread_state() as usize } else { task as usize }
}
