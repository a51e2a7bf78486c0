//! A worker: one thread, its tasks that are ready, and what others give it.
//!
//! Only its own thread touches it, but for the inbox, in which any thread puts a task that it has woken.

use core::ffi::{c_int, c_void};

use super::runtime::Runtime;
use super::stack_cache::StackCache;
use super::task::Task;
use crate::abi::aco_t;
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::rt::base::inbox::Inbox;
use crate::rt::base::list::{FreeList, List};
use crate::rt::base::lock::Aliased;
use crate::rt::base::parker::Parker;
use crate::rt::base::random::Random;
use crate::rt::base::spin::AdaptiveSpin;
use crate::rt::base::timer_heap::TimerHeap;
use crate::rt::os::poller::Poller;
use crate::rt::os::{self, Deadline, Result};
use crate::tls;

/// What a worker has counted: only its own thread writes it.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) switches: AtomicU64,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// Tasks that were made here.
    pub(crate) created: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) sleeps: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) received: AtomicU64,
    /// Calls that gave way since their task's budget was used up.
    pub(crate) forced: AtomicU64,
}

/// Adds to a count that only this thread writes. Who sees it sees what was done before.
#[inline(always)]
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Release);
}

/// What has become of a worker's set-up, on its own thread (N1 of `lifecycle`). All zero: it is under way.
pub(crate) struct SetupResult(AtomicU32);

impl SetupResult {
    const DONE: u32 = u32::MAX;

    /// The outcome is known: ends the [`wait`](Self::wait).
    pub(crate) fn report(&self, outcome: Result<()>) {
        let word = outcome.map_or_else(|error| error as u32, |()| SetupResult::DONE);
        self.0.store(word, Ordering::Release);
        os::futex_wake_one(&raw const self.0);
    }

    /// The outcome, once it is known.
    pub(crate) fn wait(&self) -> Result<()> {
        loop {
            match self.0.load(Ordering::Acquire) {
                0 => os::futex_wait(&self.0, 0, Deadline::NEVER),
                SetupResult::DONE => return Ok(()),
                error => return Err(error as c_int),
            }
        }
    }
}

/// A worker.
#[repr(C)]
pub(crate) struct Worker {
    /// The task that runs; NULL: the scheduler does.
    pub(crate) current: *mut Task,
    /// The task that leaves will be woken by somebody; otherwise it has yielded, and is ready.
    pub(crate) is_blocking: bool,
    /// A hook is being told that a task waits.
    pub(crate) in_block_hook: bool,
    pub(crate) run_queue: List<Task>,
    /// Units of the turn that are left, and how many the task that runs is to leave of them (see `budget`).
    pub(crate) turn_left: i32,
    pub(crate) slice_floor: i32,
    /// Tasks that were put before the others in this turn.
    pub(crate) front_pushes: u32,
    /// A hook of the program runs.
    pub(crate) hook_depth: u32,
    /// Where this thread's errno is.
    pub(crate) errno_location: *mut c_int,
    pub(crate) main_co: *mut aco_t,
    pub(crate) runtime: *mut Runtime,
    pub(crate) index: u32,
    /// Tasks that have begun here and not ended.
    pub(crate) tasks: u32,
    /// Waits of its tasks that file descriptors and helpers end.
    pub(crate) external_waits: u32,
    /// File descriptors that its poller watches.
    pub(crate) registered_fds: AtomicU32,
    pub(crate) timers: TimerHeap<Task>,
    pub(crate) stack_cache: StackCache,
    pub(crate) free_tasks: FreeList<Task>,
    /// Tasks without memory for a stack, until another one ends.
    pub(crate) waiting_for_memory: List<Task>,
    /// The numbers of tasks are taken so many at a time.
    next_id: u64,
    last_id: u64,
    pub(crate) random: Random,
    /// Chaos is on.
    pub(crate) chaos: bool,
    pub(crate) poller: Poller,
    pub(crate) thread: libc::pthread_t,
    pub(crate) setup: SetupResult,
    pub(crate) counters: Counters,
    pub(crate) spin: AdaptiveSpin,
    /// Tasks of it were withdrawn, and it ends them: see `finish`.
    pub(crate) has_abandoned_tasks: AtomicBool,
    /// What other threads touch.
    pub(crate) inbox: Inbox<Task>,
    _aliased: Aliased,
}

impl Worker {
    /// The worker that this thread is, or NULL.
    #[inline(always)]
    pub(crate) fn current() -> *mut Worker {
        tls::worker().cast()
    }

    /// This thread is `worker` from here on; NULL: none.
    pub(crate) fn set_current(worker: *mut Worker) {
        tls::set_worker(worker.cast::<c_void>());
    }

    /// The number of a new task.
    pub(crate) fn next_id(&mut self, source: &AtomicU64) -> u64 {
        const BATCH: u64 = 64;
        if self.next_id == self.last_id {
            self.next_id = source.fetch_add(BATCH, Ordering::Relaxed);
            self.last_id = self.next_id + BATCH;
        }
        self.next_id += 1;
        self.next_id - 1
    }

    /// Wakes it up, if it sleeps. False: it does not.
    pub(crate) fn wake(&self) -> bool {
        let claim_wakeup = self.inbox.claim_wakeup();
        if claim_wakeup {
            self.poller.wake();
        }
        claim_wakeup
    }

    /// Puts a task in its inbox. From any thread.
    ///
    /// # Safety
    /// The worker exists until its task has run; the task is in no list.
    pub(crate) unsafe fn push_remote(worker: *mut Worker, task: *mut Task) {
        // SAFETY: the caller's promise; the worker waits for its pushers before it goes.
        unsafe { Inbox::push(&raw const (*worker).inbox, task, || (*worker).poller.wake()) }
    }

    /// Makes ready what is in the inbox, in the order in which it came.
    pub(crate) fn drain_inbox(&mut self) {
        let (ready, mut received) = (&mut self.run_queue, 0);
        self.inbox.drain(|task| {
            // SAFETY: this worker's task, and in no list now.
            unsafe { ready.push(task) };
            received += 1;
        });
        if received != 0 {
            count(&self.counters.received, received);
        }
    }

    /// Returns true if `place` lies on the stack that this thread's tasks share: a pointer to it is good for no other
    /// thread or task.
    #[inline(always)]
    pub(crate) fn is_on_shared_stack(place: *const c_void) -> bool {
        // SAFETY: the thread's worker.
        unsafe { Worker::current().as_ref() }
            .is_some_and(|worker| worker.stack_cache.shared_stack_contains(place))
    }
}

/// A parker's owner is a worker.
impl Parker {
    /// The worker of the task; NULL: a thread's parker, or that of a task which has not begun.
    #[inline(always)]
    pub(crate) fn worker(&self) -> *mut Worker {
        self.owner().cast()
    }
}
