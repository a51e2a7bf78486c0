//! The state that the threads of a runtime inherit from the thread that creates it.
//!
//! Signal mask, allowed processors and floating-point environment, as they are at that moment. No task of the runtime
//! influences them.
//!
//! 1. The creator starts the workers, and a worker keeps what it inherits. Only `ACORT_PIN_CPUS` changes its
//!    processors.
//! 2. [`Inherited`] is the creator's state before any task of the runtime begins. It does not change afterwards: in
//!    acort_run(), acort_cancel_on_signals() puts another state with more blocked signals in its place.
//! 3. A thread of the blocking pool has all signals blocked, except during a call of the program, which has the
//!    creator's mask.
//! 4. A job of the pool begins in the state of its runtime's creator. The thread applies that state if the job before
//!    was one of another runtime, or a call of the program. So neither the task that asks nor an earlier call
//!    influences it.
//! 5. Each runtime and each job has a reference to its state; the last one frees it. A job that hangs outlives its
//!    runtime.
//!
//! By 1 and 3 the code of the program runs with the creator's mask in every thread of the runtime, unless that code
//! changes the mask. A child process inherits the mask of the thread that starts it, through execve(2), too: so it has
//! the creator's.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::rt::base::{tsan_acquire, tsan_release};
use crate::rt::os::{self, Result};
use crate::{arch, sys};

/// The state of the thread that has created a runtime.
pub(crate) struct Inherited {
    /// References: the runtime and its jobs (5).
    refcount: AtomicU32,
    /// A number that no other state has; not 0.
    id: u64,
    signals: libc::sigset_t,
    processors: os::CpuSet,
    fp_environment: u64,
}

impl Inherited {
    /// Returns the state of this thread, with one reference. Errors: ENOMEM.
    pub(crate) fn of_this_thread() -> Result<NonNull<Inherited>> {
        let mut fp_environment = 0_u64;
        // SAFETY: `fp_environment` has the size of the environment.
        unsafe { arch::get_fpenv((&raw mut fp_environment).cast()) };
        Inherited::new(os::signal_mask(), os::CpuSet::of_this_thread(), fp_environment)
    }

    /// Returns this state with other signals, and one reference. Errors: ENOMEM.
    pub(crate) fn with_signals(&self, signals: libc::sigset_t) -> Result<NonNull<Inherited>> {
        Inherited::new(signals, self.processors.clone(), self.fp_environment)
    }

    fn new(
        signals: libc::sigset_t,
        processors: os::CpuSet,
        fp_environment: u64,
    ) -> Result<NonNull<Inherited>> {
        #[unsafe(link_section = "aco_shared")]
        static LAST: AtomicU64 = AtomicU64::new(0);
        let state: NonNull<Inherited> =
            sys::allocate(size_of::<Inherited>()).ok_or(libc::ENOMEM)?.cast();
        let (refcount, id) = (AtomicU32::new(1), LAST.fetch_add(1, Ordering::Relaxed) + 1);
        // SAFETY: the new memory has the size of the state.
        unsafe { state.write(Inherited { refcount, id, signals, processors, fp_environment }) };
        Ok(state)
    }

    /// Adds a reference.
    pub(crate) fn acquire(&self) {
        self.refcount.fetch_add(1, Ordering::Relaxed);
    }

    /// Drops a reference. The last one frees the state. Null: nothing is done.
    ///
    /// # Safety
    /// The caller has a reference, and does not use the state afterwards.
    pub(crate) unsafe fn release(this: *mut Inherited) {
        // SAFETY: the state is live until the last reference is dropped, and the caller has one.
        unsafe {
            let Some(state) = this.as_ref() else { return };
            tsan_release(this);
            if state.refcount.fetch_sub(1, Ordering::AcqRel) == 1 {
                tsan_acquire(this);
                sys::free(this.cast());
            }
        }
    }

    /// Returns the signals that the creator had blocked.
    pub(crate) fn signals(&self) -> &libc::sigset_t {
        &self.signals
    }

    /// Returns the number of the state: no other state has it, and it is not 0.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Applies the creator's processors and floating-point environment to this thread.
    pub(crate) fn apply(&self) {
        self.processors.apply();
        // SAFETY: `of_this_thread` has stored an environment there.
        unsafe { arch::set_fpenv((&raw const self.fp_environment).cast()) };
    }
}
