//! The entries of file descriptors that calls wait for: one a number, in `fd_table`.
//!
//! ```text
//!                first use                first wait by a task of worker W
//!   UNKNOWN ────────────────> TYPE_KNOWN ───────────────────────────────> REGISTERED (home = W)
//!      ^                        ^                                       │    │
//!      │                        └── the home changes: no task waits ─────┘    │
//!      └── reset: close, adopt, another file found, the worker leaves          │
//!
//!   event                     generation   bits become          waiters have   registration
//!   ────────────────────────  ───────────  ───────────────────  ─────────────  ──────────────────────
//!   adopt: acort made it      + 1          MANAGED, kind           ECANCELED      none yet
//!   acort_close               + 1          none                 ECANCELED      removed before
//!   no file of that kind      unchanged    none                 ECANCELED      left to the system
//!   another file found        unchanged    REGISTERED, REUSED    ECANCELED      a new one, same worker
//!   the worker leaves         unchanged    MANAGED, kind           a retry        ends with the poller
//!
//!   Each of them: token + 1, both counts of edges + 1, all waiters claimed.
//! ```
//!
//! Invariants:
//!
//! * E1. Entries are never freed.
//! * E2. REGISTERED implies a home, whose poller has the file by mark(token, fd), and whose `watches` counts it.
//! * E3. An event whose token or worker is not the entry's is stale, and dropped.
//! * E4. No edge is lost. A call reads the count of edges, asks the system, has EAGAIN, takes the lock, registers,
//!   and waits only if the count is unchanged. `readiness::happened` raises the count under the lock.
//! * E5. The home changes only while all four queues are empty.
//! * E6. A home outlives its entries: the worker resets each under its lock before its poller closes. So `watches`
//!   never reads 0 while one of them is REGISTERED.
//! * E7. EMPTY holds only for a file of acort's own, while `empty_at` is the count of edges, and not OVER.
//! * E8. A number that acort has not made may stand for another file at any time: before a wait `numbers::confirm`
//!   registers it again, and EEXIST proves that it is the same file.
//! * E9. A waiter in a queue began with the generation that the word has: acort_close() changes the word, and claims
//!   all waiters, under the lock under which they looked at the word. What other code replaces keeps its generation.
//!
//! epoll_ctl runs under the entry's lock, so that the registration and the entry agree. close(2) never does.

use core::ffi::c_int;
use core::ptr;

use super::file_state::FileState;
use super::nonblock::Lent;
use super::readiness::Waiters;
use super::thread_wait::ThreadPoll;
use crate::rt::base::atomic::{AtomicU32, Ordering};
use crate::rt::base::lock::{Aliased, Lock};
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;

/// Its home's poller watches it.
pub(crate) const REGISTERED: u32 = 32;
/// The other side is gone, or half of it.
pub(crate) const HANGUP: u32 = 64;
/// It was empty when the edges were as many as `empty_at` says.
const EMPTY: u32 = 128;
/// acort has made it, and acort_close() closes it.
pub(crate) const MANAGED: u32 = 256;
/// Another file was found under its number, and that before may come back.
pub(crate) const REUSED: u32 = 512;

/// Which way.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// A file descriptor.
pub(crate) struct FdEntry {
    /// For all but the words and counts.
    pub(crate) lock: Lock,
    pub(crate) bits: AtomicU32,
    /// Which file the number stands for, and the calls inside.
    pub(crate) state: FileState,
    /// What events of the registration are told by (E3).
    pub(crate) token: u32,
    /// The edges of each way.
    pub(crate) ticks: [AtomicU32; 2],
    empty_at: AtomicU32,
    pub(crate) owner: *mut Worker,
    /// Calls that take what is there, each way, and calls that only look (acort_select(), acort_fdwait()).
    pub(crate) exclusive_waiters: [WaitQueue; 2],
    pub(crate) shared_waiters: [WaitQueue; 2],
    /// Whether acort has made the file non-blocking.
    pub(crate) lent: Lent,
    /// Plain threads that wait in poll(2).
    pub(crate) polling: *mut ThreadPoll,
    _aliased: Aliased,
}

/// What a poller tells of `fd` by.
pub(crate) fn poll_token(token: u32, fd: c_int) -> u64 {
    u64::from(token) << 32 | fd as u64
}

impl FdEntry {
    pub(crate) fn has_bit(&self, bit: u32) -> bool {
        self.bits.load(Ordering::Relaxed) & bit != 0
    }

    /// How many edges there were.
    #[inline(always)]
    pub(crate) fn tick(&self, way: Direction) -> u32 {
        let [inward, outward] = &self.ticks;
        (if way == Direction::Read { inward } else { outward }).load(Ordering::Acquire)
    }

    /// The queue of the calls that take what is there this way.
    pub(crate) fn exclusive_waiters(&mut self, way: Direction) -> *mut WaitQueue {
        let [readers, writers] = &mut self.exclusive_waiters;
        if way == Direction::Read { readers } else { writers }
    }

    /// The queue of the calls that only look whether something is.
    pub(crate) fn shared_waiters(&mut self, way: Direction) -> *mut WaitQueue {
        let [readers, writers] = &mut self.shared_waiters;
        if way == Direction::Read { readers } else { writers }
    }

    /// A read has given less than it could, when there were so many edges.
    pub(crate) fn set_drained(&self, edges: u32) {
        self.empty_at.store(edges, Ordering::Relaxed);
        self.bits.fetch_or(EMPTY, Ordering::Relaxed);
    }

    /// Returns true if there is nothing to read for certain (E7).
    pub(crate) fn is_drained(&self, edges: u32) -> bool {
        let bits = self.bits.load(Ordering::Relaxed);
        bits & (EMPTY | HANGUP | REGISTERED) == EMPTY | REGISTERED
            && self.empty_at.load(Ordering::Relaxed) == edges
    }

    /// Makes it watched by the caller's worker, unless tasks wait at another one (E5): its home tells of each
    /// edge from before the call on.
    ///
    /// # Safety
    /// The lock is held; `worker` is this thread's.
    pub(crate) unsafe fn register(&mut self, fd: c_int, worker: *mut Worker) -> Result<()> {
        let mut queues = self.exclusive_waiters.iter().chain(&self.shared_waiters);
        let has_blocked_caller = queues.any(|queue| !queue.is_empty());
        if self.has_bit(REGISTERED) && (self.owner == worker || has_blocked_caller) {
            return Ok(());
        }
        // SAFETY: the caller's worker lives; a home does, too, until its entries are reset (E6).
        unsafe {
            self.deregister(fd);
            (*worker).poller.register(fd, poll_token(self.token, fd))?;
            (*worker).registered_fds.fetch_add(1, Ordering::Relaxed);
        }
        self.owner = worker;
        self.bits.fetch_or(REGISTERED, Ordering::Relaxed);
        Ok(())
    }

    /// No poller has it from here on: a copy of the file, dup(2)'s or a child's, wakes no worker.
    ///
    /// # Safety
    /// The lock is held; the number stands for the file still.
    pub(crate) unsafe fn deregister(&mut self, fd: c_int) {
        if self.has_bit(REGISTERED) {
            // SAFETY: the home is there until its entries are reset, each under its lock (E6).
            unsafe { (*self.owner).poller.deregister(fd) };
            self.clear_registration();
        }
    }

    /// The registration is gone. The lock is held.
    pub(crate) fn clear_registration(&mut self) {
        if self.has_bit(REGISTERED) {
            self.bits.fetch_and(!REGISTERED, Ordering::Relaxed);
            // What this thread did with the home's poller comes before its end.
            // SAFETY: as in `deregister`.
            unsafe { (*self.owner).registered_fds.fetch_sub(1, Ordering::Release) };
        }
        self.owner = ptr::null_mut();
    }

    /// Returns true if code beside acort has made it, so that its number may stand for another file.
    pub(crate) fn is_unmanaged(&self) -> bool {
        !self.has_bit(MANAGED)
    }

    /// Of the file nothing but `bits` is known from here on. Gives the waiters, which are claimed (E9).
    ///
    /// # Safety
    /// The lock is held; the registration is gone, or is by the next token and `bits` has REGISTERED.
    pub(crate) unsafe fn reset(&mut self, bits: u32) -> Waiters {
        self.bits.store(bits, Ordering::Relaxed);
        self.token = self.token.wrapping_add(1);
        // SAFETY: the lock is held.
        unsafe { self.claim_all() }
    }
}
