//! A ring of io_uring(7): the kernel performs operations while the thread goes on.
//!
//! ```text
//!   push ──> submission queue ──[ enter ]──> the kernel ──[ enter ]──> completion queue ──> pop
//!            take_back <──┘ unsubmitted      in flight
//! ```
//!
//! * U1. One thread uses a ring, the one that has created it (IORING_SETUP_SINGLE_ISSUER). A child of fork(2) has the
//!   same memory, and must not use it ([`is_ours`](Ring::is_ours)).
//! * U2. The kernel works for the ring within [`enter`](Ring::enter) alone (IORING_SETUP_DEFER_TASKRUN): it interrupts
//!   no system call of the thread. When there is such work, TASKRUN is set, and the kernel writes to the eventfd.
//! * U3. The kernel reads an entry in the `enter` that submits it, and not afterwards. What the entry points to belongs
//!   to the kernel until the entry's completion is popped.
//! * U4. The ring writes `sq_tail` and `cq_head`, the kernel the other words. A tail is stored with Release, and read
//!   with Acquire, after and before the entries that it counts; a head the same way.
//! * U5. `pending` counts the entries whose completions were not popped. More than the queue has room for wait in the
//!   kernel (CQ_OVERFLOW): the next `enter` brings them.
//!   An `enter` whose submission fails lets the kernel work all the same.
//! * U6. Where an operation would need a thread, it fails with EAGAIN or EOPNOTSUPP (RWF_NOWAIT). So the kernel starts
//!   no thread: it would stay for good, and count among the threads of the process (D2 of `deadlock`).

use core::ffi::{c_int, c_long, c_void};
use core::fmt::{self, Formatter};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use super::fd::close;
use super::result::Result;
use crate::{diag, sys};

/// The room of the submission queue. The completion queue has twice as much.
const ENTRIES: u32 = 64;

const SETUP_SUBMIT_ALL: u32 = 1 << 7;
const SETUP_TASKRUN_FLAG: u32 = 1 << 9;
const SETUP_SINGLE_ISSUER: u32 = 1 << 12;
const SETUP_DEFER_TASKRUN: u32 = 1 << 13;
const ENTER_GETEVENTS: u32 = 1;
const REGISTER_EVENTFD: u32 = 4;
/// In an entry that reads or writes (U6).
const RWF_NOWAIT: u32 = 8;
/// In the kernel's flags: completions wait in the kernel (U5); there is work for `enter` (U2).
const CQ_OVERFLOW: u32 = 1 << 1;
const TASKRUN: u32 = 1 << 2;
const OFFSET_QUEUES: libc::off_t = 0;
const OFFSET_ENTRIES: libc::off_t = 0x1000_0000;

/// What an entry asks for.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Opcode {
    Cancel = 14,
    Read = 22,
    Write = 23,
}

/// An entry of the submission queue.
#[repr(C)]
pub(crate) struct Entry {
    opcode: Opcode,
    flags: u8,
    priority: u16,
    fd: c_int,
    offset: u64,
    address: u64,
    length: u32,
    operation_flags: u32,
    /// Comes with the completion.
    token: u64,
    rest: [u64; 3],
}

impl Entry {
    pub(crate) fn new(
        opcode: Opcode,
        fd: c_int,
        (address, length): (*const c_void, u32),
        offset: u64,
    ) -> Entry {
        let address = address.expose_provenance() as u64;
        let operation_flags = if matches!(opcode, Opcode::Cancel) { 0 } else { RWF_NOWAIT };
        let (flags, priority, token, rest) = (0, 0, 0, [0; 3]);
        Entry { opcode, flags, priority, fd, offset, address, length, operation_flags, token, rest }
    }
}

/// A completion: the token of its entry, and the result: negative: an errno.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Completion {
    pub(crate) token: u64,
    pub(crate) result: i32,
    flags: u32,
}

/// The offsets of a queue's words: head, tail, mask, entries, then others by queue.
#[derive(Default)]
#[repr(C)]
struct Offsets {
    words: [u32; 8],
    address: u64,
}

#[derive(Default)]
#[repr(C)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    rest: [u32; 7],
    sq: Offsets,
    cq: Offsets,
}

/// A ring, with its queues mapped.
pub(crate) struct Ring {
    fd: c_int,
    process: libc::pid_t,
    queues: *mut u8,
    queues_size: usize,
    entries: *mut Entry,
    sq: Offsets,
    cq: Offsets,
    /// Entries that `enter` is to submit.
    unsubmitted: u32,
    pending: u32,
}

impl Ring {
    /// Creates a ring, which writes to `eventfd` when [`enter`](Self::enter) has work (U2). Errors: those of
    /// io_uring_setup(2), io_uring_register(2) and mmap(2); `EINVAL` before Linux 6.1.
    pub(crate) fn new(eventfd: c_int) -> Result<Ring> {
        let mut params = Params {
            flags: SETUP_SUBMIT_ALL
                | SETUP_TASKRUN_FLAG
                | SETUP_SINGLE_ISSUER
                | SETUP_DEFER_TASKRUN,
            ..Params::default()
        };
        // SAFETY: the kernel writes the parameters. The mappings are new, and the kernel tells the words' places in
        // them.
        unsafe {
            let fd = libc::syscall(libc::SYS_io_uring_setup, ENTRIES, &raw mut params) as c_int;
            if fd < 0 {
                return Err(sys::errno());
            }
            let cq_array = params.cq.words[5] as usize;
            let sq_array = params.sq.words[6] as usize;
            let queues_size = (cq_array + params.cq_entries as usize * size_of::<Completion>())
                .max(sq_array + params.sq_entries as usize * size_of::<u32>());
            let queues = map(fd, OFFSET_QUEUES, queues_size);
            let entries = map(fd, OFFSET_ENTRIES, ENTRIES as usize * size_of::<Entry>());
            let Params { sq, cq, .. } = params;
            let ring = Ring {
                fd,
                process: libc::getpid(),
                queues: queues.unwrap_or(ptr::null_mut()),
                queues_size,
                entries: entries.unwrap_or(ptr::null_mut()).cast(),
                sq,
                cq,
                unsubmitted: 0,
                pending: 0,
            };
            let (number, file) = (libc::SYS_io_uring_register, &raw const eventfd);
            let registered = match libc::syscall(number, fd, REGISTER_EVENTFD, file, 1u32) {
                ..0 => Err(sys::errno()),
                _ => Ok(()),
            };
            if let Err(error) = queues.and(entries).map(drop).and(registered) {
                ring.close();
                return Err(error);
            }
            for index in 0..ENTRIES {
                ring.queues.add(sq_array).cast::<u32>().add(index as usize).write(index);
            }
            Ok(ring)
        }
    }

    /// The word at this place among the offsets of a queue.
    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: the kernel has told the place of the word in the mapping.
        unsafe { AtomicU32::from_ptr(self.queues.add(offset as usize).cast()) }
    }

    /// Returns true in the process that has created the ring (U1).
    pub(crate) fn is_ours(&self) -> bool {
        // SAFETY: no preconditions.
        self.process == unsafe { libc::getpid() }
    }

    /// Returns true if [`push`](Self::push) has no room before the next [`enter`](Self::enter).
    pub(crate) fn is_full(&self) -> bool {
        self.unsubmitted == ENTRIES
    }

    /// Returns true if each entry's completion was popped.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending == 0
    }

    /// Returns true if the kernel has entries whose completions were not popped.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.pending != self.unsubmitted
    }

    /// Adds an entry, whose completion has `token`. Returns false if there is no room before the next
    /// [`enter`](Self::enter).
    pub(crate) fn push(&mut self, entry: Entry, token: u64) -> bool {
        if self.is_full() {
            return false;
        }
        let tail = self.word(self.sq.words[1]);
        let at = tail.load(Ordering::Relaxed);
        // SAFETY: the slot is free: the kernel has read what it had (U3).
        unsafe { self.entries.add((at % ENTRIES) as usize).write(Entry { token, ..entry }) };
        tail.store(at.wrapping_add(1), Ordering::Release);
        self.unsubmitted += 1;
        self.pending += 1;
        true
    }

    /// Takes the last entry back that was not submitted, and returns its token. None: there is none.
    pub(crate) fn take_back(&mut self) -> Option<u64> {
        self.unsubmitted = self.unsubmitted.checked_sub(1)?;
        self.pending -= 1;
        let tail = self.word(self.sq.words[1]);
        let at = tail.load(Ordering::Relaxed).wrapping_sub(1);
        tail.store(at, Ordering::Release);
        // SAFETY: the slot has that entry, which the kernel has not read.
        Some(unsafe { (*self.entries.add((at % ENTRIES) as usize)).token })
    }

    /// Submits the entries, and lets the kernel work (U2), if there is either. Does not wait. Errors: those of
    /// io_uring_enter(2): `EAGAIN`, `EBUSY` for now; others for good.
    pub(crate) fn enter(&mut self) -> Result<()> {
        loop {
            let flags = self.word(self.sq.words[4]).load(Ordering::Relaxed);
            if self.unsubmitted == 0 && flags & (TASKRUN | CQ_OVERFLOW) == 0 {
                return Ok(());
            }
            let count = self.unsubmitted;
            match u32::try_from(self.submit(count)) {
                Ok(submitted) if submitted < count => self.unsubmitted -= submitted,
                Ok(_) => {
                    self.unsubmitted = 0;
                    return Ok(());
                }
                Err(_) if sys::errno() == libc::EINTR => {}
                Err(_) => {
                    let error = sys::errno();
                    // The kernel has not worked for what is in flight, and writes no second time to the eventfd.
                    self.submit(0);
                    return Err(error);
                }
            }
        }
    }

    /// io_uring_enter(2): submits `count` entries, and lets the kernel work (U2).
    fn submit(&self, count: u32) -> c_long {
        let (number, none, no_mask) = (libc::SYS_io_uring_enter, 0u32, ptr::null::<c_void>());
        // SAFETY: what the entries point to stays until their completions are popped (U3).
        unsafe { libc::syscall(number, self.fd, count, none, ENTER_GETEVENTS, no_mask, 0usize) }
    }

    /// Takes a completion. None: there is none.
    pub(crate) fn pop(&mut self) -> Option<Completion> {
        let (head, tail) = (self.word(self.cq.words[0]), self.word(self.cq.words[1]));
        let at = head.load(Ordering::Relaxed);
        if at == tail.load(Ordering::Acquire) {
            return None;
        }
        let mask = self.word(self.cq.words[2]).load(Ordering::Relaxed);
        // SAFETY: the kernel has written the completion before the tail (U4).
        let completion = unsafe {
            let array = self.queues.add(self.cq.words[5] as usize).cast::<Completion>();
            *array.add((at & mask) as usize)
        };
        head.store(at.wrapping_add(1), Ordering::Release);
        self.pending -= 1;
        Some(completion)
    }

    /// Unmaps the queues and closes the descriptor. The caller calls it once, when the ring is idle.
    pub(crate) fn close(&self) {
        let entries_size = ENTRIES as usize * size_of::<Entry>();
        // SAFETY: the mappings are this ring's alone.
        unsafe {
            for (address, size) in
                [(self.queues, self.queues_size), (self.entries.cast(), entries_size)]
            {
                if !address.is_null() {
                    libc::munmap(address.cast(), size);
                }
            }
        }
        let _ = close(self.fd);
    }
}

/// Maps a part of a ring.
fn map(fd: c_int, offset: libc::off_t, size: usize) -> Result<*mut u8> {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
    // SAFETY: a new mapping.
    match unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, fd, offset) } {
        libc::MAP_FAILED => Err(sys::errno()),
        address => Ok(address.cast()),
    }
}

impl diag::Describe for Ring {
    unsafe fn describe(_: *const Ring, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}
