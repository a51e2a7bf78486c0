//! The caller of a function of the runtime: a task on its worker, or a plain thread.
//!
//! A function of the C interface reads it once and passes it on. Each read loads a thread-local variable, as a switch
//! of coroutines may come between two reads. The caller stays valid during the call: a task stays with its worker (T2).

use core::ffi::c_void;
use core::ptr;

use super::task::Task;
use super::worker::Worker;
use crate::tls;

/// The worker that the caller runs on; null: a plain thread calls.
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

    /// Returns the task that calls; null: a plain thread calls, or the scheduler of a worker.
    #[inline(always)]
    pub(crate) fn task(self) -> *mut Task {
        // SAFETY: the worker of this thread is live.
        unsafe { self.0.as_ref() }.map_or(ptr::null_mut(), |worker| worker.current)
    }

    /// Returns the owner that the caller is to a mutex or an rwlock.
    #[inline(always)]
    pub(crate) fn owner(self) -> usize {
        owner(self.task())
    }

    /// Returns true if `address` is on the stack that the worker's tasks share. Its content is copied elsewhere when
    /// the task waits, so no other task or thread may use the address.
    #[inline(always)]
    pub(crate) fn is_on_shared_stack(self, address: *const c_void) -> bool {
        // SAFETY: the worker of this thread is live.
        !self.0.is_null() && unsafe { (*self.0).stack_cache.shared_stack_contains(address) }
    }
}

/// Returns the owner that a caller is whose [`Caller::task`] is `task`: the address of the task, or of the thread's
/// state.
#[inline(always)]
pub(crate) fn owner(task: *mut Task) -> usize {
    if task.is_null() { tls::thread_state() as usize } else { task as usize }
}
