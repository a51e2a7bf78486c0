//! The flag O_NONBLOCK: where acort sets it, and that it goes back.
//!
//! The flag belongs to the open file, which other processes may have as well: the shell its terminal, a parent its
//! listener.
//!
//! ```text
//!   socket: read, write, send, receive   never: MSG_DONTWAIT
//!   socket: connect                      during connect(2) alone: [`during`]
//!   socket: accept, fdwait, select       set by [`make`]  ─┐   given back: acort_close(), a runtime's end,
//!   what is no socket                    set by [`make`]  ─┘   exit(3). The end: of the last runtime
//! ```
//!
//! * N1. What acort has set is remembered in the entry of the number, with what tells the file: `LENT`. The entry's lock
//!   is held for it. A flag that the program has set is never touched.
//! * N2. The flag goes back only while the number stands for that file, as far as device, inode and access mode tell.
//! * N3. A call that asks the system, and gives it no flag against blocking, has called [`make`] for that very
//!   attempt. The end of the last runtime gives back what no call is inside of: it says `GIVING` first, then looks for calls;
//!   a call enters first, then looks for `GIVING`. So one of the two sees the other.
//! * N4. acort_close() gives back while each call inside waits: it asks the system no more. Where one may be asking, a
//!   copy of the file stays until the last call has left, which gives back.
//! * N5. Only the process that has set a flag gives it back: a child of fork(2) leaves it to its parent.

use core::ffi::c_int;
use core::ptr;

use super::fd_entry::FdEntry;
use super::fd_ref::FdRef;
use crate::rt::base::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
use crate::rt::os::{self, Result};
use crate::sys;

/// acort has set the flag (N1).
const LENT: u32 = 1;
/// It is being given back (N3).
const GIVING: u32 = 2;

/// What tells a file from the next one of its number (N2).
#[derive(Clone, Copy, PartialEq)]
struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
    access: c_int,
}

/// Of an entry. All zero: acort has set nothing.
pub(crate) struct Lent {
    /// `LENT`, `GIVING`.
    state: AtomicU32,
    is_listed: bool,
    fd: c_int,
    identity: Identity,
    /// A copy of a file that is closed (N4), plus one; 0: none.
    copy: c_int,
    /// Entries that have ever lent are in one list.
    next: *mut FdEntry,
}

/// The list, which only grows.
#[unsafe(link_section = "aco_shared")]
static LIST: AtomicPtr<FdEntry> = AtomicPtr::new(ptr::null_mut());
/// The process that has set what the list says (N5).
#[unsafe(link_section = "aco_shared")]
static PROCESS: AtomicU32 = AtomicU32::new(0);
/// exit(3) gives all back: nothing is set from here on.
#[unsafe(link_section = "aco_shared")]
static IS_EXITING: AtomicBool = AtomicBool::new(false);

fn flags(fd: c_int) -> Result<c_int> {
    // SAFETY: flags of a file descriptor.
    match unsafe { libc::fcntl(fd, libc::F_GETFL) } {
        ..0 => Err(os::last_errno(os::Syscall::Fcntl)),
        flags => Ok(flags),
    }
}

fn set_flags(fd: c_int, flags: c_int) -> Result<()> {
    // SAFETY: flags of a file descriptor.
    match unsafe { libc::fcntl(fd, libc::F_SETFL, flags) } {
        ..0 => Err(os::last_errno(os::Syscall::Fcntl)),
        _ => Ok(()),
    }
}

/// Returns true if the file does not block at the next call of the system (N3).
#[inline(always)]
pub(crate) fn is_kept(file: &FdRef) -> Result<bool> {
    fence(Ordering::SeqCst);
    let is_giving = file.entry().lent.state.load(Ordering::Acquire) & GIVING != 0;
    Ok(!is_giving && flags(file.fd())? & libc::O_NONBLOCK != 0)
}

fn identity(fd: c_int, flags: c_int) -> Result<Identity> {
    let status = os::file_status(fd)?;
    let access = flags & libc::O_ACCMODE;
    Ok(Identity { device: status.st_dev, inode: status.st_ino, access })
}

/// The file of `file` does not block at the next call of the system. ECANCELED: it is closed.
#[inline(never)]
pub(crate) fn make(file: &FdRef) -> Result<()> {
    if is_kept(file)? {
        return Ok(());
    }
    let _guard = file.entry().lock.guard();
    file.check()?;
    // SAFETY: the lock is held.
    unsafe { lend(file.entry_ptr(), file.fd()) }
}

/// As [`make`], while no call sets the flag for a moment ([`during`]): for a program that asks the system itself later.
#[inline(never)]
pub(crate) fn make_alone(file: &FdRef) -> Result<()> {
    let _guard = file.entry().lock.guard();
    file.check()?;
    // SAFETY: the lock is held.
    unsafe { lend(file.entry_ptr(), file.fd()) }
}

/// Sets the flag, and remembers that.
///
/// # Safety
/// The lock of the entry of `fd` is held.
#[cold]
unsafe fn lend(entry: *mut FdEntry, fd: c_int) -> Result<()> {
    let found = flags(fd)?;
    if found & libc::O_NONBLOCK != 0 {
        return Ok(());
    }
    let identity = identity(fd, found)?;
    take_over();
    set_flags(fd, found | libc::O_NONBLOCK)?;
    // SAFETY: the entry stays (E1), its lock is held; it is put in the list once, before others can find it there.
    unsafe {
        let lent = &raw mut (*entry).lent;
        ((*lent).fd, (*lent).identity) = (fd, identity);
        (*lent).state.store(LENT, Ordering::Release);
        if !(*lent).is_listed {
            (*lent).is_listed = true;
            let mut first = LIST.load(Ordering::Relaxed);
            loop {
                (*lent).next = first;
                let orders = (Ordering::Release, Ordering::Relaxed);
                match LIST.compare_exchange(first, entry, orders.0, orders.1) {
                    Ok(_) => break,
                    Err(seen) => first = seen,
                }
            }
        }
        fence(Ordering::SeqCst);
        if IS_EXITING.load(Ordering::Relaxed) {
            give_back(entry, fd);
        }
    }
    Ok(())
}

/// What is remembered is this process's from here on (N5).
fn take_over() {
    let process = sys::process_id();
    let before = PROCESS.swap(process, Ordering::Relaxed);
    if before != 0 && before != process {
        // SAFETY: what the parent has set is the parent's to give back.
        each(|entry| unsafe { (*entry).lent.state.store(0, Ordering::Relaxed) });
    }
}

fn each(mut act: impl FnMut(*mut FdEntry)) {
    let mut entry = LIST.load(Ordering::Acquire);
    while !entry.is_null() {
        // SAFETY: entries are never freed (E1), and stay in the list.
        let next = unsafe { (*entry).lent.next };
        act(entry);
        entry = next;
    }
}

/// Gives the flag of the file back that has the number `fd` (N2), and remembers nothing more.
///
/// # Safety
/// The lock of `entry` is held, or the process ends.
unsafe fn give_back(entry: *mut FdEntry, fd: c_int) {
    // SAFETY: the entry stays (E1); its lock is held, or no other thread runs on.
    unsafe {
        if let Ok(found) = flags(fd)
            && found & libc::O_NONBLOCK != 0
            && identity(fd, found) == Ok((*entry).lent.identity)
        {
            let _ = set_flags(fd, found & !libc::O_NONBLOCK);
        }
        (*entry).lent.state.store(0, Ordering::Release);
    }
}

/// Runtimes of this process; a child of fork(2) counts its parent's with its own.
#[unsafe(link_section = "aco_shared")]
static RUNTIMES: AtomicU32 = AtomicU32::new(0);

/// A runtime begins.
pub(crate) fn runtime_begins() {
    RUNTIMES.fetch_add(1, Ordering::SeqCst);
}

/// A runtime has ended. Where it was the last one, what no call is inside of goes back (N3).
pub(crate) fn runtime_is_over() {
    let is_last = RUNTIMES.fetch_sub(1, Ordering::SeqCst) == 1;
    if !is_last || sys::process_id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: the lock is held.
    each(|entry| unsafe {
        let lent = &raw mut (*entry).lent;
        if (*lent).state.load(Ordering::Relaxed) != LENT {
            return;
        }
        let _guard = (*entry).lock.guard();
        if (*lent).state.load(Ordering::Relaxed) != LENT {
            return;
        }
        (*lent).state.store(LENT | GIVING, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if (*entry).state.is_busy() {
            (*lent).state.store(LENT, Ordering::Release);
        } else {
            give_back(entry, (*lent).fd);
        }
    });
}

impl Lent {
    /// The number stands for a file that acort has made.
    pub(super) fn forget(&self) {
        self.state.store(0, Ordering::Relaxed);
    }

    /// acort_close() closes the file of `fd` next. `is_busy`: a call inside may be asking the system (N4).
    ///
    /// # Safety
    /// The lock of `entry` is held; the number stands for the file.
    pub(super) unsafe fn before_close(entry: *mut FdEntry, fd: c_int, is_busy: bool) {
        // SAFETY: the lock is held.
        unsafe {
            let is_lent = (*entry).lent.state.load(Ordering::Relaxed) == LENT;
            if !is_lent || sys::process_id() != PROCESS.load(Ordering::Relaxed) {
                return;
            }
            if !is_busy {
                return give_back(entry, fd);
            }
            match libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) {
                // No descriptor is left: the file keeps the flag, so that no worker blocks.
                ..0 => (*entry).lent.forget(),
                copy => (*entry).lent.copy = copy + 1,
            }
        }
    }

    /// The last call that was inside a closed file has left (N4). Gives the copy, to be closed without the lock: that may
    /// linger.
    ///
    /// # Safety
    /// The lock of `entry` is held.
    pub(super) unsafe fn after_close(entry: *mut FdEntry) -> Option<c_int> {
        // SAFETY: the lock is held.
        unsafe {
            let copy = (*entry).lent.copy - 1;
            if copy < 0 {
                return None;
            }
            (*entry).lent.copy = 0;
            give_back(entry, copy);
            Some(copy)
        }
    }
}

/// Calls `act` while the file of `file` does not block, and gives the flag back at once. Of two such calls the second has
/// its turn after that.
pub(crate) fn during<T>(file: &FdRef, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let fd = file.fd();
    let held = file.entry().lock.guard();
    file.check()?;
    let found = flags(fd)?;
    if found & libc::O_NONBLOCK != 0 {
        drop(held);
        return act();
    }
    set_flags(fd, found | libc::O_NONBLOCK)?;
    let outcome = act();
    let _ = set_flags(fd, found);
    drop(held);
    outcome
}

/// The process ends by exit(3), or the library is unloaded.
extern "C" fn give_all_back() {
    if sys::process_id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    IS_EXITING.store(true, Ordering::SeqCst);
    fence(Ordering::SeqCst);
    // No lock: the thread may have been interrupted by a signal while it held one.
    // SAFETY: the process ends.
    each(|entry| unsafe {
        if (*entry).lent.state.load(Ordering::Acquire) != 0 {
            let lent = &raw const (*entry).lent;
            give_back(entry, if (*lent).copy != 0 { (*lent).copy - 1 } else { (*lent).fd });
        }
    });
}

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = give_all_back;
