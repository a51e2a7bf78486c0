//! The O_NONBLOCK flags that acort has set: one state for each entry, in one list.
//!
//! The rules N1 to N7 are in `nonblock`. The functions that change a state require the lock of its entry.

use core::cell::Cell;
use core::ffi::c_int;
use core::ptr;

use crate::rt::base::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
use crate::rt::os::{self, Result};
use crate::{sys, tls};

/// acort has set the flag (N1).
const SET: u32 = 1;
/// A call is about to set the flag (N6).
const SETTING: u32 = 4;
/// The end of the last runtime is about to clear the flag (N3).
const RESTORING: u32 = 2;

/// What distinguishes a file from the next file with its number (N2).
#[derive(Clone, Copy, PartialEq)]
struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
    access: c_int,
}

/// The state of one entry. All zero: acort has not set the flag.
pub(super) struct NonblockState {
    /// 0, `SETTING`, `SET`, or `SET | RESTORING`.
    state: AtomicU32,
    /// The process whose state this is (N5).
    process: AtomicU32,
    /// The thread that has stored `SETTING` (N6).
    setter: AtomicUsize,
    is_listed: bool,
    /// The entry's number. It does not change once the state is in the list.
    fd: c_int,
    identity: Identity,
    /// A duplicate of a closed file (N4), plus 1; 0: none.
    duplicate: Cell<c_int>,
    next: *mut NonblockState,
}

/// The list of the states that have ever been `SETTING`. It only grows.
#[unsafe(link_section = "aco_shared")]
static LIST: AtomicPtr<NonblockState> = AtomicPtr::new(ptr::null_mut());
/// The process whose exit(3) clears all flags: its calls set none from here on (N6). 0: none exits.
#[unsafe(link_section = "aco_shared")]
static EXITING: AtomicU32 = AtomicU32::new(0);

/// The status flags of `fd`.
pub(super) fn flags(fd: c_int) -> Result<c_int> {
    // SAFETY: fcntl(2) accepts any number.
    os::check(unsafe { libc::fcntl(fd, libc::F_GETFL) }, os::Syscall::Fcntl)
}

/// Replaces the status flags of `fd`.
pub(super) fn set_flags(fd: c_int, flags: c_int) -> Result<()> {
    // SAFETY: fcntl(2) accepts any number.
    os::check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) }, os::Syscall::Fcntl).map(drop)
}

fn identity(fd: c_int, flags: c_int) -> Result<Identity> {
    let status = os::file_status(fd)?;
    let access = flags & libc::O_ACCMODE;
    Ok(Identity { device: status.st_dev, inode: status.st_ino, access })
}

/// Identifies the calling thread among those that live.
fn this_thread() -> usize {
    tls::thread_state() as usize
}

/// Calls `act` with each state in the list.
pub(super) fn for_each(mut act: impl FnMut(*mut NonblockState)) {
    let mut state = LIST.load(Ordering::Acquire);
    while !state.is_null() {
        // SAFETY: entries are never freed (E1 of `fd_entry`), and stay in the list.
        let next = unsafe { (*state).next };
        act(state);
        state = next;
    }
}

impl NonblockState {
    /// The entry's number, of a state in the list.
    pub(super) fn fd(&self) -> c_int {
        self.fd
    }

    /// Returns true if acort has set the flag in this process, and does not clear it at the moment.
    pub(super) fn is_set(&self) -> bool {
        self.state.load(Ordering::Relaxed) == SET && self.is_of(sys::process_id())
    }

    fn is_of(&self, process: u32) -> bool {
        self.process.load(Ordering::Relaxed) == process
    }

    /// Returns true if the end of the last runtime may be clearing the flag (N3).
    #[inline(always)]
    pub(super) fn is_restoring(&self) -> bool {
        self.state.load(Ordering::Acquire) & RESTORING != 0
    }

    /// The flag is no longer acort's to clear.
    pub(super) fn forget(&self) {
        self.state.store(0, Ordering::Relaxed);
    }

    /// Sets the flag of the file `fd`, unless it is set, and remembers that.
    ///
    /// # Safety
    /// `state` is in the entry of `fd`, whose lock is held.
    #[cold]
    pub(super) unsafe fn set(state: *mut NonblockState, fd: c_int) -> Result<()> {
        let process = sys::process_id();
        // SAFETY: the entry is never freed (E1 of `fd_entry`), and its lock is held.
        unsafe {
            if !(*state).is_of(process) {
                (*state).forget();
                (*state).process.store(process, Ordering::Relaxed);
            }
        }
        let found = flags(fd)?;
        if found & libc::O_NONBLOCK != 0 {
            return Ok(());
        }
        let identity = identity(fd, found)?;
        // SAFETY: the entry is never freed, and its lock is held. All fields are written before the state is in the
        // list.
        unsafe {
            (*state).identity = identity;
            (*state).setter.store(this_thread(), Ordering::Relaxed);
            (*state).state.store(SETTING, Ordering::Release);
            if !(*state).is_listed {
                ((*state).is_listed, (*state).fd) = (true, fd);
                let _ = LIST.fetch_update(Ordering::Release, Ordering::Relaxed, |first| {
                    (*state).next = first;
                    Some(state)
                });
            }
            fence(Ordering::SeqCst);
            if EXITING.load(Ordering::Relaxed) == process {
                (*state).forget();
                return Ok(());
            }
            let outcome = set_flags(fd, found | libc::O_NONBLOCK);
            (*state).state.store(if outcome.is_ok() { SET } else { 0 }, Ordering::Release);
            outcome
        }
    }

    /// Waits until another thread has set the flag (N6).
    fn await_setter(&self) {
        let is_setting = || self.state.load(Ordering::Acquire) == SETTING;
        if is_setting() && self.setter.load(Ordering::Relaxed) != this_thread() {
            let start = os::real_now();
            while is_setting() && os::real_now() - start < MAX_WAIT {
                sys::yield_thread();
            }
        }
    }

    /// Clears the flag of `fd`, if the number still means the file (N2), and forgets it.
    ///
    /// # Safety
    /// The entry's lock is held, or the process exits.
    pub(super) unsafe fn restore(&self, fd: c_int) {
        if let Ok(found) = flags(fd)
            && found & libc::O_NONBLOCK != 0
            && identity(fd, found) == Ok(self.identity)
        {
            let _ = set_flags(fd, found & !libc::O_NONBLOCK);
        }
        self.state.store(0, Ordering::Release);
    }

    /// Clears the flag, unless `is_busy` returns true: then a call is active, and may ask the system (N3).
    ///
    /// # Safety
    /// The entry's lock is held, and the flag is set.
    pub(super) unsafe fn restore_unless(&self, is_busy: impl FnOnce() -> bool) {
        self.state.store(SET | RESTORING, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if is_busy() {
            self.state.store(SET, Ordering::Release);
        } else {
            // SAFETY: the lock is held.
            unsafe { self.restore(self.fd) }
        }
    }

    /// Prepares for acort_close(), which closes `fd` next. `is_busy`: an active call may ask the system (N4).
    ///
    /// # Safety
    /// The entry's lock is held. The number still means the file.
    pub(super) unsafe fn before_close(&self, fd: c_int, is_busy: bool) {
        if !self.is_set() {
            return;
        }
        // SAFETY: the lock is held. fcntl(2) accepts any number.
        unsafe {
            if !is_busy {
                return self.restore(fd);
            }
            match libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) {
                // No descriptor is left: the file keeps the flag, so that no worker blocks.
                ..0 => self.forget(),
                duplicate => self.duplicate.set(duplicate + 1),
            }
        }
    }

    /// Clears the flag after the last call on a closed file (N4). Returns the duplicate, which the caller closes
    /// without the lock, for close(2) may linger.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn after_close(&self) -> Option<c_int> {
        let duplicate = self.duplicate.get() - 1;
        if duplicate < 0 {
            return None;
        }
        self.duplicate.set(0);
        // SAFETY: the lock is held.
        unsafe { self.restore(duplicate) };
        Some(duplicate)
    }
}

/// The time that exit(3) waits for a thread that is about to set a flag (N6), in nanoseconds.
const MAX_WAIT: i64 = 1_000_000_000;

/// Clears all flags, when the process calls exit(3) or unloads the library.
extern "C" fn restore_all() {
    let process = sys::process_id();
    EXITING.store(process, Ordering::SeqCst);
    fence(Ordering::SeqCst);
    // Takes no locks: a signal may have interrupted this thread while it held one.
    // SAFETY: the process exits; the states are never freed.
    for_each(|state| unsafe {
        if (*state).is_of(process) {
            (*state).await_setter();
            if (*state).state.load(Ordering::Acquire) != 0 {
                let duplicate = (*state).duplicate.get();
                (*state).restore(if duplicate != 0 { duplicate - 1 } else { (*state).fd });
            }
        }
    });
}

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = restore_all;
