//! A worker: one thread, its tasks that are ready, and what others give it.
//!
//! Only its own thread touches it, but for the inbox, in which any thread puts a task that it has woken.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use super::lists::{Blocks, List};
use super::lock::SeveralTouch;
use super::poller::Poller;
use super::runtime::Runtime;
use super::task::{self, Task};
use super::timers::Timers;
use super::vessel::Vessels;
use crate::abi::aco_t;
use crate::tls;

/// What a worker has counted: only its own thread writes it.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) switches: AtomicU64,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) sleeps: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// Adds to a count that only this thread writes.
#[inline(always)]
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}

/// A worker.
#[repr(C)]
pub(crate) struct Worker {
    /// The task that runs; NULL: the scheduler does.
    pub(crate) current: *mut Task,
    /// The task that leaves will be woken by somebody; otherwise it has yielded, and is ready.
    pub(crate) is_parking: bool,
    /// A hook is being told that a task waits.
    pub(crate) is_telling: bool,
    pub(crate) ready: List,
    /// Where this thread's errno is.
    pub(crate) errno: *mut c_int,
    pub(crate) main_co: *mut aco_t,
    pub(crate) runtime: *mut Runtime,
    pub(crate) number: u32,
    /// Tasks that have begun here and not ended.
    pub(crate) tasks: u32,
    /// Waits of its tasks that file descriptors and helpers end.
    pub(crate) outside: u32,
    /// File descriptors that its poller watches.
    pub(crate) watches: AtomicU32,
    pub(crate) timers: Timers,
    pub(crate) vessels: Vessels,
    pub(crate) blocks: Blocks,
    /// Tasks without memory for a stack, until another one ends.
    pub(crate) starved: List,
    /// The numbers of tasks are taken so many at a time.
    next_id: u64,
    last_id: u64,
    /// What chaos is made of; 0: there is none.
    pub(crate) chaos: u64,
    pub(crate) poller: Poller,
    pub(crate) thread: libc::pthread_t,
    pub(crate) counts: Counts,
    pub(crate) shared: Shared,
    _touched: SeveralTouch,
}

/// What other threads touch: in lines of its own.
#[repr(align(64))]
pub(crate) struct Shared {
    /// Tasks that others have woken, the last one first.
    inbox: AtomicPtr<Task>,
    /// It sleeps, or will, and is to be roused for what comes.
    is_asleep: AtomicBool,
    /// Threads that are giving it something.
    givers: AtomicU32,
}

impl Worker {
    /// The worker that this thread is, or NULL.
    #[inline(always)]
    pub(crate) fn here() -> *mut Worker {
        tls::worker().cast()
    }

    /// This thread is `worker` from here on; NULL: none.
    pub(crate) fn set_here(worker: *mut Worker) {
        tls::set_worker(worker.cast::<c_void>());
    }

    /// The number of a new task.
    pub(crate) fn next_id(&mut self, source: &AtomicU64) -> u64 {
        const AT_ONCE: u64 = 64;
        if self.next_id == self.last_id {
            self.next_id = source.fetch_add(AT_ONCE, Ordering::Relaxed);
            self.last_id = self.next_id + AT_ONCE;
        }
        self.next_id += 1;
        self.next_id - 1
    }

    /// Has nobody given it anything?
    pub(crate) fn has_empty_inbox(&self) -> bool {
        self.shared.inbox.load(Ordering::SeqCst).is_null()
    }

    /// It will sleep: what comes from now on rouses it.
    pub(crate) fn falls_asleep(&self) {
        self.shared.is_asleep.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// It is awake.
    pub(crate) fn is_awake(&self) {
        self.shared.is_asleep.store(false, Ordering::SeqCst);
    }

    /// Wakes it up, if it sleeps. False: it does not.
    pub(crate) fn rouse(&self) -> bool {
        fence(Ordering::SeqCst);
        let asleep = self.shared.is_asleep.load(Ordering::SeqCst)
            && self.shared.is_asleep.swap(false, Ordering::SeqCst);
        if asleep {
            self.poller.rouse();
        }
        asleep
    }

    /// Puts a task in its inbox. From any thread.
    ///
    /// # Safety
    /// The worker exists until its task has run; the task is in no list.
    pub(crate) unsafe fn post(worker: *mut Worker, task: *mut Task) {
        // SAFETY: the caller's promise; from the exchange on the worker waits for its givers before it
        // goes.
        unsafe {
            let shared = &raw const (*worker).shared;
            (*shared).givers.fetch_add(1, Ordering::Relaxed);
            let mut first = (*shared).inbox.load(Ordering::Relaxed);
            loop {
                (*task).next = first;
                let orders = (Ordering::AcqRel, Ordering::Relaxed);
                match (*shared).inbox.compare_exchange_weak(first, task, orders.0, orders.1) {
                    Ok(_) => break,
                    Err(now) => first = now,
                }
            }
            (*worker).rouse();
            (*shared).givers.fetch_sub(1, Ordering::Release);
        }
    }

    /// Makes ready what is in the inbox, in the order in which it came.
    pub(crate) fn take_inbox(&mut self) {
        if self.shared.inbox.load(Ordering::Relaxed).is_null() {
            return;
        }
        let mut task = self.shared.inbox.swap(ptr::null_mut(), Ordering::Acquire);
        let mut turned: *mut Task = ptr::null_mut();
        let mut received = 0;
        // SAFETY: the tasks are this worker's, and in no other list.
        unsafe {
            while let Some(this) = task.as_mut() {
                let next = this.next;
                this.next = turned;
                turned = task;
                task = next;
            }
            while let Some(this) = turned.as_ref() {
                let next = this.next;
                self.ready.push(turned);
                turned = next;
                received += 1;
            }
        }
        count(&self.counts.received, received);
    }

    /// Waits until nobody is giving it anything any more.
    pub(crate) fn wait_for_givers(&self) {
        while self.shared.givers.load(Ordering::Acquire) != 0 {
            crate::sys::let_others_run();
        }
    }

    /// Gives its free blocks to all.
    pub(crate) fn give_blocks_back(&mut self) {
        while let Some(block) = self.blocks.pop() {
            // SAFETY: free, and in no list now.
            unsafe { task::give_back(block.as_ptr()) };
        }
    }
}
