//! The state that the threads of a runtime inherit from the thread that creates it.
//!
//! What the threads of a runtime inherit: the state of the thread that makes the runtime, at that moment, and of no
//! task of that runtime.
//!
//! The state is the signal mask, the processors that the thread may use, and the floating-point environment.
//!
//! 1. The maker starts the workers, and a worker keeps what it inherits. `ACORT_PIN_CPUS` alone changes its processors.
//! 2. [`Inherited`] is the maker's state before any task of the runtime begins. It does not change afterwards.
//! 3. A thread of the pool has all signals blocked, except during a call of the program, which has the maker's mask.
//! 4. A job of the pool begins in the state of its runtime's maker. The thread applies that where the job before was
//!    another runtime's, or a call of the program. So neither the task that asks, nor a call before, leaves anything.
//! 5. Each runtime and each job holds its state; the last one frees it. A job that hangs outlives its runtime.
//!
//! By 1 and 3 the program's code runs with the maker's mask in every thread of the runtime, unless that code changes
//! it. A child inherits the mask of the thread that makes it, over execve(2), too: so it has the maker's.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::rt::base::lock::{tsan_acquire, tsan_release};
use crate::rt::os::{self, Result};
use crate::{arch, sys};

/// The state of the thread that has made a runtime.
pub(crate) struct Inherited {
    /// Runtime and jobs.
    refcount: AtomicU32,
    /// No other has this number; it is not 0.
    id: u64,
    signals: libc::sigset_t,
    processors: os::CpuSet,
    fp_environment: u64,
}

impl Inherited {
    /// The state of this thread, which the caller holds.
    pub(crate) fn of_this_thread() -> Result<NonNull<Inherited>> {
        #[unsafe(link_section = "aco_shared")]
        static LAST: AtomicU64 = AtomicU64::new(0);
        let place: NonNull<Inherited> =
            sys::allocate(size_of::<Inherited>()).ok_or(libc::ENOMEM)?.cast();
        let mut fp_environment = 0_u64;
        // SAFETY: both places are writable, and have that size.
        unsafe {
            arch::get_fpenv((&raw mut fp_environment).cast());
            place.write(Inherited {
                refcount: AtomicU32::new(1),
                id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
                signals: os::signal_mask(),
                processors: os::CpuSet::of_this_thread(),
                fp_environment,
            });
        }
        Ok(place)
    }

    /// One more holds it.
    pub(crate) fn acquire(&self) {
        self.refcount.fetch_add(1, Ordering::Relaxed);
    }

    /// One less holds it: the last one frees it.
    ///
    /// # Safety
    /// The caller holds it, and does not use it afterwards.
    pub(crate) unsafe fn release(this: NonNull<Inherited>) {
        // SAFETY: the caller is one of its holders: it exists until the last one frees it.
        unsafe {
            tsan_release(this.as_ptr());
            if this.as_ref().refcount.fetch_sub(1, Ordering::AcqRel) == 1 {
                tsan_acquire(this.as_ptr());
                sys::free(this.as_ptr().cast());
            }
        }
    }

    /// The signals that the maker had blocked.
    pub(crate) fn signals(&self) -> &libc::sigset_t {
        &self.signals
    }

    /// Its number: no other has it, and it is not 0.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Gives this thread the maker's processors and floating-point environment.
    pub(crate) fn apply(&self) {
        self.processors.apply();
        // SAFETY: the maker has stored the environment.
        unsafe { arch::set_fpenv((&raw const self.fp_environment).cast()) };
    }
}
