//! The entry of a descriptor number: its file's type, its registration and owner, and its waiters.
//!
//! ```text
//!                first use                first wait by a task of worker W
//!   UNKNOWN ────────────────> TYPE_KNOWN ─────────────────────────────────> REGISTERED (owner = W)
//!      ^                        ^                                           │    │
//!      │                        └── the owner changes: no task waits ───────┘    │
//!      └── reset ────────────────────────────────────────────────────────────────┘
//!
//!   event                           generation   bits become        waiters        registration
//!   ──────────────────────────────  ───────────  ─────────────────  ─────────────  ────────────────────────
//!   adopt: acort created the file   + 1          MANAGED, type      ECANCELED      left to the system
//!   acort_close                     + 1, or G2   none               ECANCELED      removed first
//!   the last call frees the number  + 1          none               try again      removed at acort_close
//!   type mismatch                   unchanged    none               ECANCELED      left to the system
//!   revalidate: another file        unchanged    REGISTERED, REUSED ECANCELED      new, same worker
//!   revalidate: cannot be polled    unchanged    none               ECANCELED      none
//!   the owner leaves                unchanged    MANAGED, type *    try again      ends with the poller
//!   * an unmanaged number: none
//!
//!   Each of them: token + 1, both ticks + 1, all waiters claimed.
//! ```
//!
//! Invariants:
//!
//! * E1. Entries are never freed.
//! * E2. REGISTERED implies an owner. The owner's poller has the file with poll_token(token, fd), and the owner's
//!   `registered_fds` counts it.
//! * E3. An event whose token or worker is not the entry's is stale, and is dropped.
//! * E4. No edge is lost. A call reads the tick, and asks the system. After EAGAIN it takes the lock, registers, and
//!   waits only if the tick is unchanged. `readiness::on_event` advances the tick under the lock.
//! * E5. The owner changes only while all four queues are empty.
//! * E6. An owner outlives its registrations: the worker resets each entry under its lock before its poller closes. So
//!   `registered_fds` is never 0 while an entry is REGISTERED with this owner.
//! * E7. DRAINED: the last read has emptied the socket. Only reads of managed TCP connections set it (`rw`). It
//!   counts while `drained_at` is the tick, with REGISTERED and without HANGUP.
//! * E8. An unmanaged number may mean another file at any time. Before a wait `fd_identity::revalidate` registers it
//!   again: EEXIST proves that it is the same file.
//! * E9. A waiter in a queue entered with the current generation. acort_close() changes the word `state` and claims
//!   all waiters under one lock; the waiters checked the word under the same lock. Other code that replaces the file
//!   leaves the generation as is.
//! * E10. epoll_ctl(2) runs under the entry's lock, and in a select under all its locks, so that registration and entry
//!   agree. If the system preempts that thread, the other users of the number spin across a system call; `Lock` yields
//!   the processor in between. close(2), which may linger, never runs under the lock (R4 of `fd_ref`).

use core::ffi::c_int;
use core::ptr;

use super::direction::Direction;
use super::fd_waiters::{ClaimedWaiters, FdWaiters};
use super::file_state::FileState;
use super::nonblock_state::NonblockState;
use crate::rt::base::atomic::{AtomicU32, Ordering};
use crate::rt::base::{Aliased, Lock};
use crate::rt::model::Worker;
use crate::rt::os::Result;

/// The file type is known: acort has asked the system.
pub(crate) const TYPE_KNOWN: u32 = 1;
/// The file is a socket.
pub(crate) const SOCKET: u32 = 2;
/// The file is a TCP socket: a short read has drained it, unless the peer has closed.
pub(crate) const TCP: u32 = 4;
/// The file is always ready, such as a regular file.
pub(crate) const ALWAYS_READY: u32 = 8;
/// The file is a pipe.
pub(crate) const PIPE: u32 = 16;
/// The bits of the file type.
pub(crate) const TYPE_MASK: u32 = TYPE_KNOWN | SOCKET | TCP | ALWAYS_READY | PIPE;

/// The owner's poller has the file (E2).
pub(crate) const REGISTERED: u32 = 32;
/// The peer has closed the connection, or its half.
pub(crate) const HANGUP: u32 = 64;
/// A read drained the file when the tick was `drained_at` (E7).
const DRAINED: u32 = 128;
/// acort created the file, and acort_close() closes it.
pub(crate) const MANAGED: u32 = 256;
/// Another file was found under the number, and the one before may come back.
pub(crate) const REUSED: u32 = 512;

/// The entry of a number.
pub(crate) struct FdEntry {
    /// Protects all fields but `bits`, `state`, the ticks, `drained_at` and `nonblock`, which are also read without it.
    pub(crate) lock: Lock,
    pub(crate) bits: AtomicU32,
    /// Which file the number means, and the active calls.
    pub(crate) state: FileState,
    /// Distinguishes the events of this registration from those of earlier ones (E3).
    pub(crate) token: u32,
    drained_at: AtomicU32,
    pub(crate) owner: *mut Worker,
    pub(crate) waiters: FdWaiters,
    /// Whether acort has set the flag O_NONBLOCK.
    pub(super) nonblock: NonblockState,
    _aliased: Aliased,
}

/// The value that a poller returns with the events of `fd`.
pub(crate) fn poll_token(token: u32, fd: c_int) -> u64 {
    u64::from(token) << 32 | fd as u64
}

impl FdEntry {
    /// Returns true if `bit` is set.
    pub(crate) fn has_bit(&self, bit: u32) -> bool {
        self.bits.load(Ordering::Relaxed) & bit != 0
    }

    /// Returns true if other code opened the file, so that the number may mean another one by now (E8).
    pub(crate) fn is_unmanaged(&self) -> bool {
        !self.has_bit(MANAGED)
    }

    /// The number of edges in this direction.
    #[inline(always)]
    pub(crate) fn tick(&self, direction: Direction) -> u32 {
        self.waiters.tick(direction)
    }

    /// Records that a short read has drained the file, at this tick.
    pub(crate) fn set_drained(&self, tick: u32) {
        self.drained_at.store(tick, Ordering::Relaxed);
        self.bits.fetch_or(DRAINED, Ordering::Relaxed);
    }

    /// Returns true if the file has nothing to read (E7). `tick` is the current one.
    pub(crate) fn is_drained(&self, tick: u32) -> bool {
        let bits = self.bits.load(Ordering::Relaxed);
        bits & (DRAINED | HANGUP | REGISTERED) == DRAINED | REGISTERED
            && self.drained_at.load(Ordering::Relaxed) == tick
    }

    /// Registers the file with the poller of `worker`, unless tasks wait with another owner (E5). The owner's poller
    /// reports each edge from the start of this call on.
    ///
    /// # Safety
    /// The lock is held. `worker` is this thread's. The number means the file.
    pub(crate) unsafe fn register(&mut self, fd: c_int, worker: *mut Worker) -> Result<()> {
        if self.has_bit(REGISTERED) && (self.owner == worker || self.waiters.has_tasks()) {
            return Ok(());
        }
        // SAFETY: the lock is held; this thread's worker exists.
        unsafe {
            self.deregister(fd);
            (*worker).poller.register(fd, poll_token(self.token, fd))?;
            (*worker).registered_fds.fetch_add(1, Ordering::Relaxed);
        }
        self.owner = worker;
        self.bits.fetch_or(REGISTERED, Ordering::Relaxed);
        Ok(())
    }

    /// Removes the registration, also from the poller: a duplicate of the file, by dup(2) or in a child, wakes no
    /// worker afterwards.
    ///
    /// # Safety
    /// The lock is held. The number means the file.
    pub(super) unsafe fn deregister(&mut self, fd: c_int) {
        if self.has_bit(REGISTERED) {
            // SAFETY: the owner exists while the entry is REGISTERED and the lock is held (E6).
            unsafe { (*self.owner).poller.deregister(fd) };
            self.clear_registration();
        }
    }

    /// Records that no poller has the file. The lock is held.
    fn clear_registration(&mut self) {
        if self.has_bit(REGISTERED) {
            self.bits.fetch_and(!REGISTERED, Ordering::Relaxed);
            // Release: this thread's use of the owner's poller happens before the owner's end.
            // SAFETY: the owner exists while the lock is held, for it has not reset the entry (E6).
            unsafe { (*self.owner).registered_fds.fetch_sub(1, Ordering::Release) };
        }
        self.owner = ptr::null_mut();
    }

    /// Forgets the file: only `bits` are known. Claims all waiters (E9).
    ///
    /// # Safety
    /// The lock is held. If `bits` has REGISTERED, the owner's poller has the new file with the next token.
    pub(super) unsafe fn reset(&mut self, bits: u32) -> ClaimedWaiters {
        if bits & REGISTERED == 0 {
            self.clear_registration();
        }
        self.bits.store(bits, Ordering::Relaxed);
        self.token = self.token.wrapping_add(1);
        // SAFETY: the lock is held.
        unsafe { self.waiters.claim_all() }
    }
}
