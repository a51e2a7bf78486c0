//! The owner of each signal among the calls that wait for signals: the first call whose set has it.
//!
//! A call takes only signals that it owns, and its signalfd reports no others. For example, three calls and their sets:
//!
//! ```text
//!                     A {1, 2} owns   B {2, 3} owns   C {1, 3} owns
//!   all three wait    1, 2            3               none
//!   A leaves                          2, 3            1
//!   B leaves                                          1, 3
//! ```
//!
//! * O1. The sets that two calls own are disjoint. Their union is [`owned_signals`].
//! * O2. A signal passes only from an earlier call to a later one. So the set that a call owns only grows until the
//!   call leaves. No later call takes a signal that an earlier one waits for.
//! * O3. A call that leaves, for any reason, passes each signal that it owns to the next call that wants it. With a new
//!   mask a signalfd reports signals that are pending already, so that none is lost.
//! * O4. A call that does not wait takes signals without an owner only.
//! * O5. The list, the sets and the masks change under the mutex. A task waits for the mutex as for any other.
//!
//! A signal for one thread, such as raise(3) sends, follows the same rules: a call on that thread gets it once it owns
//! the signal. A child of fork(2) has none of its parent's threads: the calls that it inherits in the list own nothing
//! there, and its own calls come after them.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_long};
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::own_fd::OwnFd;
use super::signal_set::{SignalSet, to_sigset};
use crate::rt::base::WaitMode;
use crate::rt::model::{Caller, Task};
use crate::rt::os;
use crate::rt::os::{Deadline, Result};
use crate::rt::sync::mutex::{self, Mutex};
use crate::sys;

/// A call that waits. It is in separate memory: a task's stack may be copied away while the task waits.
pub(super) struct SignalWait {
    wanted: SignalSet,
    owned: AtomicU64,
    /// The call's signalfd, with the mask `owned`. None: the system refuses one.
    pub(super) signalfd: Option<OwnFd>,
    /// The next later call.
    next: *mut SignalWait,
}

/// The calls that wait, in their order of arrival.
struct SignalWaits {
    mutex: UnsafeCell<Mutex>,
    first: UnsafeCell<*mut SignalWait>,
    owned: AtomicU64,
    /// The process whose calls `owned` is about.
    process: AtomicU32,
}

// SAFETY: `first` is used under the mutex only (O5). Threads may share a mutex and atomics.
unsafe impl Sync for SignalWaits {}

#[unsafe(link_section = "aco_shared")]
static WAITS: SignalWaits = SignalWaits {
    mutex: UnsafeCell::new(Mutex::NEW),
    first: UnsafeCell::new(ptr::null_mut()),
    owned: AtomicU64::new(0),
    process: AtomicU32::new(0),
};

/// The signals that calls of this process own.
pub(super) fn owned_signals() -> SignalSet {
    let is_own = WAITS.process.load(Ordering::Acquire) == sys::process_id();
    if is_own { WAITS.owned.load(Ordering::Relaxed) } else { 0 }
}

/// Calls `act` under the mutex.
fn with_mutex<T>(act: impl FnOnce() -> T) -> T {
    let (caller, mutex) = (Caller::current(), WAITS.mutex.get());
    // SAFETY: the mutex is static. No call fails: the caller does not own the mutex, and its wait is uninterruptible
    // and without a deadline.
    unsafe {
        let _ = mutex::lock(caller, mutex, WaitMode::Uninterruptible, Deadline::NEVER);
        let result = act();
        let _ = mutex::unlock(caller, mutex);
        result
    }
}

/// Adds a call that waits for `wanted`. Errors: those of signalfd(2), such as `EMFILE`; `ENOMEM`.
pub(super) fn add(wanted: SignalSet) -> Result<*mut SignalWait> {
    let memory = sys::allocate(size_of::<SignalWait>()).ok_or(libc::ENOMEM)?;
    let call: *mut SignalWait = memory.as_ptr().cast();
    let added = with_mutex(|| {
        let free = wanted & !owned_signals();
        let signalfd = new_signalfd(free)?;
        // SAFETY: `call` has memory for a `SignalWait`. The mutex is held, so that the calls in the list exist.
        unsafe {
            let (owned, next) = (AtomicU64::new(free), ptr::null_mut());
            call.write(SignalWait { wanted, owned, signalfd, next });
            *link_to(ptr::null_mut()) = call;
        }
        WAITS.owned.store(owned_signals() | free, Ordering::Relaxed);
        WAITS.process.store(sys::process_id(), Ordering::Release);
        Ok(call)
    });
    // SAFETY: on failure nothing was written to the memory, and the list does not have it.
    added.inspect_err(|_| unsafe { sys::free(memory.as_ptr()) })
}

/// Creates a signalfd. None: the system refuses the call.
fn new_signalfd(mask: SignalSet) -> Result<Option<OwnFd>> {
    let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
    // SAFETY: the set outlives the call.
    let fd = unsafe { libc::signalfd(-1, &to_sigset(mask), flags) };
    if fd < 0 && os::is_refusal(sys::errno()) {
        return Ok(None);
    }
    OwnFd::from_raw(c_long::from(fd), 0).map(Some)
}

/// Replaces the mask: the signalfd reports what is pending in the new one. This is no call of signalfd(3), which
/// ThreadSanitizer would treat as a new file.
fn set_mask(signalfd: &OwnFd, mask: SignalSet) {
    let no_flags: c_int = 0;
    // SAFETY: the mask outlives the call, and has the size of the kernel's sets.
    unsafe {
        let (set, size) = (&raw const mask, size_of::<SignalSet>());
        if libc::syscall(libc::SYS_signalfd4, signalfd.file().fd(), set, size, no_flags) < 0 {
            os::abort_failed(ptr::null::<Task>(), "signalfd4")
        }
    }
}

/// The signals that `call` may take.
///
/// # Safety
/// [`add`] has returned `call`, and [`remove`] has not had it.
pub(super) unsafe fn owned_by(call: *mut SignalWait) -> SignalSet {
    // SAFETY: a call in the list exists.
    unsafe { (*call).owned.load(Ordering::Acquire) }
}

/// Removes a call, passes its signals to later calls (O3), and frees it with its signalfd.
///
/// # Safety
/// As [`owned_by`].
pub(super) unsafe fn remove(call: *mut SignalWait) {
    // SAFETY: the mutex is held, so that the calls in the list exist, and `call` is one of them.
    with_mutex(|| unsafe {
        *link_to(call) = (*call).next;
        let mut left = owned_by(call);
        let mut next = (*call).next;
        while let Some(later) = next.as_ref() {
            let more = left & later.wanted;
            if more != 0 {
                let owned = later.owned.load(Ordering::Relaxed) | more;
                later.owned.store(owned, Ordering::Release);
                if let Some(signalfd) = &later.signalfd {
                    set_mask(signalfd, owned);
                }
                left &= !more;
            }
            next = later.next;
        }
        WAITS.owned.store(owned_signals() & !left, Ordering::Relaxed);
    });
    // SAFETY: the call is in the list no more, so that no other call uses it or its signalfd.
    unsafe {
        ptr::drop_in_place(call);
        sys::free(call.cast());
    }
}

/// The link that points to `call`. For NULL: the link at the end of the list.
///
/// # Safety
/// The mutex is held. `call` is NULL or in the list.
unsafe fn link_to(call: *mut SignalWait) -> *mut *mut SignalWait {
    let mut link = WAITS.first.get();
    // SAFETY: the mutex is held, so that the calls in the list exist. The walk ends at `call`, or at the list's end.
    unsafe {
        while *link != call {
            link = &raw mut (**link).next;
        }
    }
    link
}
