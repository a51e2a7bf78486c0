//! File descriptors that somebody waits for: one entry each, for the whole process.
//!
//! An entry is watched by the poller of one worker, its home: that of the task which waited first, or
//! last while nobody else did. It is registered once, edge-triggered. So who waits must know that there
//! was no edge since its call of the system gave EAGAIN: each edge counts, and who waits names the count
//! from before its call.
//!
//! Those that acort has made are closed by acort_close(), which empties the entry. Others may be closed by
//! code that knows nothing of acort, and the number be another file's: who is about to wait for such a one
//! asks the system whether the file is still the watched one, by watching it again.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::Outcome;
use super::kinds::{ALWAYS, poll};
use super::lock::{Lock, SeveralTouch};
use super::os;
use super::parker::Hearing;
use super::poller::Happened;
use super::queue::Queue;
use super::task;
use super::wait::{self, Wait};
use super::wake::wake_all;
use super::why::Why;
use super::worker::Worker;
use crate::sys;

/// Its home's poller watches it.
pub(super) const WATCHED: u32 = 32;
/// The other side is gone, or half of it.
const OVER: u32 = 64;
/// It was empty when the edges were as many as `empty_at` says.
const EMPTY: u32 = 128;
/// acort has made it, and acort_close() closes it.
pub(super) const OURS: u32 = 256;
/// Another file was found under its number, and that before may come back.
pub(super) const REPLACED: u32 = 512;

/// Which way.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    In,
    Out,
}

/// A file descriptor.
pub(crate) struct Entry {
    /// For all but the counts.
    pub(crate) lock: Lock,
    /// Counts what was open under this number.
    pub(super) generation: u32,
    pub(crate) bits: AtomicU32,
    /// The edges of each way.
    edges: [AtomicU32; 2],
    empty_at: AtomicU32,
    pub(super) home: *mut Worker,
    queues: [Queue; 2],
    _touched: SeveralTouch,
}

/// Entries in a piece of the table.
pub(super) const CHUNK: usize = 1024;
const CHUNKS: usize = 1024;

#[unsafe(link_section = "aco_shared")]
pub(super) static TABLE: [AtomicPtr<Entry>; CHUNKS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS];

/// The entry of `fd`. EBADF: there is no such number; EMFILE: too large a one; ENOMEM.
pub(crate) fn entry(fd: c_int) -> Outcome<*mut Entry> {
    let fd = usize::try_from(fd).map_err(|_| libc::EBADF)?;
    let place = TABLE.get(fd / CHUNK).ok_or(libc::EMFILE)?;
    let mut chunk = place.load(Ordering::Acquire);
    if chunk.is_null() {
        let new = os::allocate_array::<Entry>(CHUNK).ok_or(libc::ENOMEM)?.as_ptr();
        let orders = (Ordering::AcqRel, Ordering::Acquire);
        chunk = match place.compare_exchange(ptr::null_mut(), new, orders.0, orders.1) {
            Ok(_) => new,
            Err(first) => {
                // SAFETY: nobody else knows it.
                unsafe { sys::free(new.cast()) };
                first
            }
        };
    }
    // SAFETY: a chunk has so many entries.
    Ok(unsafe { chunk.add(fd % CHUNK) })
}

impl Entry {
    pub(super) fn has(&self, bit: u32) -> bool {
        self.bits.load(Ordering::Relaxed) & bit != 0
    }

    /// How many edges there were.
    #[inline(always)]
    pub(crate) fn edges(&self, way: Way) -> u32 {
        let [inward, outward] = &self.edges;
        (if way == Way::In { inward } else { outward }).load(Ordering::Acquire)
    }

    /// The queue of who waits for this way.
    pub(crate) fn queue(&mut self, way: Way) -> *mut Queue {
        let [readers, writers] = &mut self.queues;
        if way == Way::In { readers } else { writers }
    }

    /// A read has given less than it could, when there were so many edges.
    pub(crate) fn was_emptied(&self, edges: u32) {
        self.empty_at.store(edges, Ordering::Relaxed);
        self.bits.fetch_or(EMPTY, Ordering::Relaxed);
    }

    /// Is there nothing to read for certain?
    pub(crate) fn is_empty(&self, edges: u32) -> bool {
        let bits = self.bits.load(Ordering::Relaxed);
        bits & (EMPTY | OVER | WATCHED) == EMPTY | WATCHED
            && self.empty_at.load(Ordering::Relaxed) == edges
    }

    /// Makes it watched by the caller's worker, unless others wait at another one. True: its home will tell
    /// of each edge from before the call on.
    ///
    /// # Safety
    /// The lock is held; `worker` is this thread's.
    pub(crate) unsafe fn watch(&mut self, fd: c_int, worker: *mut Worker) -> Outcome<()> {
        let is_waited_for = self.queues.iter().any(|queue| !queue.is_empty());
        if self.has(WATCHED) && (self.home == worker || is_waited_for) {
            return Ok(());
        }
        // SAFETY: the caller's promise; a home is there until it has emptied its entries.
        unsafe {
            if self.has(WATCHED) {
                (*self.home).poller.forget(fd);
                (*self.home).watches.fetch_sub(1, Ordering::Relaxed);
                self.bits.fetch_and(!WATCHED, Ordering::Relaxed);
            }
            let mark = mark(self.generation, fd);
            (*worker).poller.watch(fd, mark)?;
            (*worker).watches.fetch_add(1, Ordering::Relaxed);
        }
        self.home = worker;
        self.bits.fetch_or(WATCHED, Ordering::Relaxed);
        Ok(())
    }

    /// Has somebody else made it, so that its number may be another file's?
    pub(super) fn is_foreign(&self) -> bool {
        !self.has(OURS)
    }

    /// Nothing is known of it any more. Gives those who waited.
    pub(super) unsafe fn empty(&mut self, bits: u32) -> [*mut super::queue::Waiter; 2] {
        // SAFETY: the lock is held; a home is there until it has emptied its entries.
        unsafe {
            if self.has(WATCHED) {
                (*self.home).watches.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.generation = self.generation.wrapping_add(1);
        self.home = ptr::null_mut();
        self.bits.store(bits, Ordering::Relaxed);
        for edges in &self.edges {
            edges.fetch_add(1, Ordering::Release);
        }
        let [readers, writers] = &mut self.queues;
        [readers.claim_all(), writers.claim_all()]
    }
}

/// Waits until `fd` may be ready, or was when there were more than `edges`. ETIMEDOUT; ECANCELED: the
/// task is, or somebody closes it; EBADF ...
pub(crate) fn wait(
    fd: c_int,
    entry: *mut Entry,
    way: Way,
    edges: u32,
    deadline: i64,
) -> Outcome<()> {
    let me = task::here();
    if me.is_null() {
        return thread_waits(fd, way, deadline);
    }
    // SAFETY: entries stay for ever; the lock is held until the wait gives it back.
    unsafe {
        let lock = &raw const (*entry).lock;
        (*lock).take();
        let watched = if deadline == 0 { Ok(()) } else { (*entry).watch(fd, Worker::here()) };
        if watched != Ok(()) || (*entry).edges(way) != edges {
            (*lock).give();
            return match watched {
                // A file of a sort that is always ready.
                Err(libc::EPERM) => {
                    (*entry).bits.fetch_or(ALWAYS, Ordering::Relaxed);
                    Ok(())
                }
                other => other,
            };
        }
        let why = if way == Way::In { Why::Read } else { Why::Write };
        let wait = Wait { why, about: fd as usize, hearing: Hearing::Cancellation, deadline };
        wait::in_queue(lock, (*entry).queue(way), ptr::null_mut(), wait)
    }
}

/// What a poller tells of `fd` by.
pub(super) fn mark(generation: u32, fd: c_int) -> u64 {
    u64::from(generation) << 32 | fd as u64
}

/// As [`wait`], for a plain thread.
fn thread_waits(fd: c_int, way: Way, deadline: i64) -> Outcome<()> {
    let events = if way == Way::In { libc::POLLIN } else { libc::POLLOUT };
    loop {
        match poll(fd, events, deadline) {
            Ok(0) if deadline >= 0 && os::now() >= deadline => return Err(libc::ETIMEDOUT),
            Ok(0) | Err(libc::EINTR) => {}
            outcome => return outcome.map(drop),
        }
    }
}

/// A poller tells its worker of an edge.
pub(crate) fn happened(worker: *mut Worker, what: Happened) {
    let fd = what.mark as u32 as c_int;
    let Ok(entry) = entry(fd) else { return };
    // SAFETY: entries stay for ever; who is claimed stays until it is woken.
    unsafe {
        let held = (*entry).lock.hold();
        if (*entry).generation != (what.mark >> 32) as u32 || (*entry).home != worker {
            return;
        }
        if what.is_over {
            (*entry).bits.fetch_or(OVER, Ordering::Relaxed);
        }
        let mut lists = [ptr::null_mut(); 2];
        let ready = [what.is_readable, what.is_writable];
        let ways = (*entry).edges.iter().zip(&mut (*entry).queues).zip(ready);
        for (list, ((edges, queue), is_ready)) in lists.iter_mut().zip(ways) {
            if is_ready {
                edges.fetch_add(1, Ordering::Release);
                *list = queue.claim_all();
            }
        }
        drop(held);
        for list in lists {
            wake_all(list, None);
        }
    }
}
