//! The calls that wait for a thread, and the threads that wait for a call.
//!
//! Threads are started while more calls wait than threads do, up to a limit; a thread that has waited for long
//! ends. Idle ones sleep on a word that counts the calls given: who has seen no call sees the word change
//! for the next one.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::lock::Lock;
use super::os;
use super::queue::Queue;

/// A call. It belongs to the one that waits and to the thread that makes it; the last one frees it.
pub(crate) struct Job {
    pub(crate) lock: Lock,
    pub(crate) is_done: bool,
    /// Why it was not called, or 0.
    pub(crate) error: c_int,
    /// Nobody waits any more.
    pub(crate) is_given_up: bool,
    pub(crate) waiters: Queue,
    pub(crate) next: *mut Job,
    pub(crate) function: unsafe fn(*mut c_void),
    /// Frees what the call has made, where nobody waits any more.
    pub(crate) discard: unsafe fn(*mut c_void),
    pub(crate) data: *mut c_void,
}

/// First come, first served. The lock is for all but `given`.
pub(crate) struct Jobs {
    lock: Lock,
    first: AtomicPtr<Job>,
    last: AtomicPtr<Job>,
    waiting: AtomicU32,
    idle: AtomicU32,
    threads: AtomicU32,
    /// What idle threads sleep on: it counts jobs.
    given: AtomicU32,
}

/// Adds to a count that is held.
fn add(counter: &AtomicU32, more: i32) -> u32 {
    let value = counter.load(Ordering::Relaxed).wrapping_add_signed(more);
    counter.store(value, Ordering::Relaxed);
    value
}

impl Jobs {
    /// No job, no thread.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a list of its own")]
    pub(crate) const NEW: Jobs = Jobs {
        lock: Lock::NEW,
        first: AtomicPtr::new(ptr::null_mut()),
        last: AtomicPtr::new(ptr::null_mut()),
        waiting: AtomicU32::new(0),
        idle: AtomicU32::new(0),
        threads: AtomicU32::new(0),
        given: AtomicU32::new(0),
    };

    /// Puts a job at the end. True: the caller is to start a thread for it, which is counted already.
    ///
    /// # Safety
    /// The job is new, and stays until it is out of the list and made.
    pub(crate) unsafe fn put(&self, job: *mut Job, most: u32) -> bool {
        let held = self.lock.hold();
        // SAFETY: who is in the list exists; it is held.
        match unsafe { self.last.load(Ordering::Relaxed).as_mut() } {
            Some(last) => last.next = job,
            None => self.first.store(job, Ordering::Relaxed),
        }
        self.last.store(job, Ordering::Relaxed);
        let needs_thread = add(&self.waiting, 1) > self.idle.load(Ordering::Relaxed)
            && self.threads.load(Ordering::Relaxed) < most;
        if needs_thread {
            add(&self.threads, 1);
        }
        drop(held);
        self.given.fetch_add(1, Ordering::SeqCst);
        if !needs_thread {
            os::wake_one(&self.given);
        }
        needs_thread
    }

    /// A thread could not be started. Gives the jobs that wait, linked, out of the list and the caller's, where
    /// there is no other thread either.
    ///
    /// # Safety
    /// [`put`](Self::put) has asked for the thread.
    pub(crate) unsafe fn has_no_thread(&self) -> *mut Job {
        let _held = self.lock.hold();
        if add(&self.threads, -1) == 0 {
            let all = self.first.load(Ordering::Relaxed);
            self.first.store(ptr::null_mut(), Ordering::Relaxed);
            self.last.store(ptr::null_mut(), Ordering::Relaxed);
            self.waiting.store(0, Ordering::Relaxed);
            return all;
        }
        // Others will come to them.
        os::wake_one(&self.given);
        ptr::null_mut()
    }

    /// Takes a job out of the list. False: it is not in it.
    ///
    /// # Safety
    /// It was put in.
    pub(crate) unsafe fn take_back(&self, job: *mut Job) -> bool {
        let _held = self.lock.hold();
        // SAFETY: the caller's promise; the list is held.
        unsafe { self.remove(job) }
    }

    unsafe fn remove(&self, job: *mut Job) -> bool {
        let (mut before, mut this) = (ptr::null_mut::<Job>(), self.first.load(Ordering::Relaxed));
        // SAFETY: who is in the list exists.
        unsafe {
            while this != job {
                let Some(found) = this.as_ref() else { return false };
                (before, this) = (this, found.next);
            }
            match before.as_mut() {
                Some(before) => before.next = (*job).next,
                None => self.first.store((*job).next, Ordering::Relaxed),
            }
            if self.last.load(Ordering::Relaxed) == job {
                self.last.store(before, Ordering::Relaxed);
            }
            add(&self.waiting, -1);
        }
        true
    }

    /// The next job, out of the list and the caller's. None: none has come for `patience` nanoseconds, and the
    /// calling thread, which is not counted any more, ends.
    pub(crate) fn next(&self, patience: i64) -> Option<*mut Job> {
        loop {
            let given = self.given.load(Ordering::SeqCst);
            let held = self.lock.hold();
            let job = self.first.load(Ordering::Relaxed);
            if !job.is_null() {
                // SAFETY: it is the first of the list, which is held.
                unsafe { self.remove(job) };
                return Some(job);
            }
            add(&self.idle, 1);
            drop(held);
            let end = os::now() + patience;
            while self.given.load(Ordering::SeqCst) == given && os::now() < end {
                os::sleep_on(&self.given, given, end);
            }
            let _held = self.lock.hold();
            add(&self.idle, -1);
            if self.first.load(Ordering::Relaxed).is_null() && os::now() >= end {
                add(&self.threads, -1);
                return None;
            }
        }
    }
}
