//! Which of the calls that wait for a signal has it: the one that came first.
//!
//! Each signal that a call waits for has one owner, the first call whose set has it. A call takes what it
//! owns, and its signalfd tells of nothing else. In a table, of three calls and their sets:
//!
//! | | A {1, 2} owns | B {2, 3} owns | C {1, 3} owns |
//! |---|---|---|---|
//! | all three wait | 1, 2 | 3 | |
//! | A leaves | | 2, 3 | 1 |
//! | B leaves | | | 1, 3 |
//!
//! 1. What two calls own is disjoint; together it is what [`owned`] says.
//! 2. Only a call that came before the owner can have owned a signal before. So what a call owns grows until it
//!    leaves, and no later call takes what an earlier one waits for.
//! 3. A call that leaves, for whatever reason, gives what it owns to the next that want it. The new mask of a
//!    signalfd makes the system tell of signals that are pending already, so none is lost.
//! 4. A call that does not wait takes what has no owner.
//! 5. All changes are made with the mutex, masks included. A task that waits for it waits as for any other.
//!
//! A signal for one thread alone, as raise(3) sends it, follows the same rules: it comes to a call on that
//! thread, once that owns it. A child of fork(2) has none of its parent's threads: calls from before it own
//! nothing there, and those of the child come after them in the list.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_long};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::own_fd::OwnFd;
use crate::rt::base::parker::WaitMode;
use crate::rt::model::caller::Caller;
use crate::rt::model::task::Task;
use crate::rt::os;
use crate::rt::os::{Deadline, Result};
use crate::rt::sync::mutex::{self, Mutex};
use crate::sys;

/// A set of signals: bit 0 is signal 1.
pub(crate) type Signals = u64;

/// Signals have numbers up to this.
const LAST: c_int = 64;

/// A call that waits. It does not lie on the caller's stack, which may move away meanwhile.
pub(crate) struct Call {
    wanted: Signals,
    owned: AtomicU64,
    /// Its signalfd, whose mask is `owned`. None: the system refuses one.
    pub(crate) told: Option<OwnFd>,
    /// The one that came next.
    next: *mut Call,
}

/// All that wait, in the order in which they came.
struct Calls {
    mutex: UnsafeCell<Mutex>,
    first: UnsafeCell<*mut Call>,
    owned: AtomicU64,
    /// The process that `owned` is about.
    process: AtomicI32,
}

// SAFETY: `first` is touched with the mutex alone, which threads may share.
unsafe impl Sync for Calls {}

#[unsafe(link_section = "aco_shared")]
static CALLS: Calls = Calls {
    mutex: UnsafeCell::new(Mutex::NEW),
    first: UnsafeCell::new(ptr::null_mut()),
    owned: AtomicU64::new(0),
    process: AtomicI32::new(0),
};

/// The signals of a set of the C library's.
///
/// # Safety
/// It is valid.
pub(crate) unsafe fn signals_of(set: *const libc::sigset_t) -> Signals {
    // SAFETY: the caller's promise.
    let has = |&signal: &c_int| unsafe { libc::sigismember(set, signal) == 1 };
    (1..=LAST).filter(has).fold(0, |signals, signal| signals | 1 << (signal - 1))
}

/// The same as a set of the C library's.
pub(crate) fn set_of(signals: Signals) -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: the first call initialises the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in (1..=LAST).filter(|signal| signals >> (signal - 1) & 1 != 0) {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// The signals that calls of this process wait for.
pub(crate) fn owned() -> Signals {
    let is_known = CALLS.process.load(Ordering::Acquire) == this_process();
    if is_known { CALLS.owned.load(Ordering::Relaxed) } else { 0 }
}

fn this_process() -> libc::pid_t {
    // SAFETY: the call has no preconditions.
    unsafe { libc::getpid() }
}

/// Calls `act` with the mutex.
fn with_mutex<T>(act: impl FnOnce() -> T) -> T {
    let (caller, mutex) = (Caller::current(), CALLS.mutex.get());
    // SAFETY: the mutex stays. The caller does not have it, and waits as long as it takes: no call fails.
    unsafe {
        let _ = mutex::lock(caller, mutex, WaitMode::Uninterruptible, Deadline::NEVER);
        let result = act();
        let _ = mutex::unlock(caller, mutex);
        result
    }
}

/// A call begins to wait for `wanted`. EMFILE, ENOMEM ...
pub(crate) fn enter(wanted: Signals) -> Result<*mut Call> {
    let place = sys::allocate(size_of::<Call>()).ok_or(libc::ENOMEM)?;
    let call: *mut Call = place.as_ptr().cast();
    let entered = with_mutex(|| {
        let free = wanted & !owned();
        let told = new_signalfd(free)?;
        // SAFETY: so much was allocated; a call in the list exists, and the mutex is held.
        unsafe {
            call.write(Call { wanted, owned: AtomicU64::new(free), told, next: ptr::null_mut() });
            *link_to(ptr::null_mut()) = call;
        }
        CALLS.owned.store(owned() | free, Ordering::Relaxed);
        CALLS.process.store(this_process(), Ordering::Release);
        Ok(call)
    });
    // SAFETY: where that has failed nothing was written there.
    entered.inspect_err(|_| unsafe { sys::free(place.as_ptr()) })
}

/// None: the system refuses the call.
fn new_signalfd(mask: Signals) -> Result<Option<OwnFd>> {
    let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
    // SAFETY: the set is there for as long as the call.
    let fd = unsafe { libc::signalfd(-1, &set_of(mask), flags) };
    if fd < 0 && os::is_refusal(sys::errno()) {
        return Ok(None);
    }
    OwnFd::from_raw(c_long::from(fd), 0).map(Some)
}

/// The system tells of what is pending in the new mask. ThreadSanitizer would take signalfd(3) for a new file.
fn set_mask(told: &OwnFd, mask: Signals) {
    let no_flags: c_int = 0;
    // SAFETY: the mask is there for as long as the call, and has the size that the system's sets have.
    unsafe {
        let (place, size) = (&raw const mask, size_of::<Signals>());
        if libc::syscall(libc::SYS_signalfd4, told.file().fd(), place, size, no_flags) < 0 {
            os::abort_failed(ptr::null::<Task>(), "signalfd4")
        }
    }
}

/// What `budget` may take.
///
/// # Safety
/// It has entered, and not left.
pub(crate) unsafe fn owned_by(call: *mut Call) -> Signals {
    // SAFETY: the caller's promise.
    unsafe { (*call).owned.load(Ordering::Acquire) }
}

/// A call waits no more, and is freed with its signalfd: the next ones have what it owned.
///
/// # Safety
/// As [`owned_by`].
pub(crate) unsafe fn leave(call: *mut Call) {
    // SAFETY: the caller's promise; a call in the list exists, and the mutex is held.
    with_mutex(|| unsafe {
        *link_to(call) = (*call).next;
        let mut left = owned_by(call);
        let mut next = (*call).next;
        while let Some(later) = next.as_ref() {
            let more = left & later.wanted;
            if more != 0 {
                let owned = later.owned.load(Ordering::Relaxed) | more;
                later.owned.store(owned, Ordering::Release);
                if let Some(told) = &later.told {
                    set_mask(told, owned);
                }
                left &= !more;
            }
            next = later.next;
        }
        CALLS.owned.store(owned() & !left, Ordering::Relaxed);
    });
    // SAFETY: no other call finds it any more, or its signalfd's number.
    unsafe {
        ptr::drop_in_place(call);
        sys::free(call.cast());
    }
}

/// What leads to `budget` in the list; NULL: the list's end.
///
/// # Safety
/// The mutex is held; the call is in the list.
unsafe fn link_to(call: *mut Call) -> *mut *mut Call {
    let mut link = CALLS.first.get();
    // SAFETY: the caller's promise; a call in the list exists.
    unsafe {
        while *link != call {
            link = &raw mut (**link).next;
        }
    }
    link
}
