//! A worker: one thread, its tasks that are ready, and what others give it.
//!
//! Only its own thread touches it, but for the inbox, in which any thread puts a task that it has woken.

use core::ffi::{c_int, c_void};

use super::runtime::Runtime;
use super::stack_cache::Vessels;
use super::task::{self, Task};
use crate::abi::aco_t;
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::rt::base::inbox::Inbox;
use crate::rt::base::list::{Blocks, List};
use crate::rt::base::lock::SeveralTouch;
use crate::rt::base::parker::Parker;
use crate::rt::base::random::Random;
use crate::rt::base::spin::Patience;
use crate::rt::base::timer_heap::Timers;
use crate::rt::os::poller::Poller;
use crate::rt::os::{self, Outcome};
use crate::tls;

/// What a worker has counted: only its own thread writes it.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) switches: AtomicU64,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// Tasks that were made here.
    pub(crate) made: AtomicU64,
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
pub(crate) struct Preparation(AtomicU32);

impl Preparation {
    const DONE: u32 = u32::MAX;

    /// The outcome is known: ends the [`wait`](Self::wait).
    pub(crate) fn report(&self, outcome: Outcome<()>) {
        let word = outcome.map_or_else(|error| error as u32, |()| Preparation::DONE);
        self.0.store(word, Ordering::Release);
        os::wake_one(&raw const self.0);
    }

    /// The outcome, once it is known.
    pub(crate) fn wait(&self) -> Outcome<()> {
        loop {
            match self.0.load(Ordering::Acquire) {
                0 => os::sleep_on(&self.0, 0, -1),
                Preparation::DONE => return Ok(()),
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
    pub(crate) is_parking: bool,
    /// A hook is being told that a task waits.
    pub(crate) is_telling: bool,
    pub(crate) ready: List<Task>,
    /// Units of the turn that are left, and how many the task that runs is to leave of them (see `budget`).
    pub(crate) left: i32,
    pub(crate) floor: i32,
    /// Tasks that were put before the others in this turn.
    pub(crate) put_first: u32,
    /// A hook of the program runs.
    pub(crate) in_hook: u32,
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
    pub(crate) timers: Timers<Task>,
    pub(crate) vessels: Vessels,
    pub(crate) blocks: Blocks<Task>,
    /// Tasks without memory for a stack, until another one ends.
    pub(crate) starved: List<Task>,
    /// The numbers of tasks are taken so many at a time.
    next_id: u64,
    last_id: u64,
    pub(crate) random: Random,
    /// Chaos is on.
    pub(crate) chaos: bool,
    pub(crate) poller: Poller,
    pub(crate) thread: libc::pthread_t,
    pub(crate) preparation: Preparation,
    pub(crate) counts: Counts,
    pub(crate) patience: Patience,
    /// Tasks of it were withdrawn, and it ends them: see `finish`.
    pub(crate) gives_up: AtomicBool,
    /// What other threads touch.
    pub(crate) inbox: Inbox<Task>,
    _touched: SeveralTouch,
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

    /// Wakes it up, if it sleeps. False: it does not.
    pub(crate) fn rouse(&self) -> bool {
        let is_to_be_roused = self.inbox.is_to_be_roused();
        if is_to_be_roused {
            self.poller.rouse();
        }
        is_to_be_roused
    }

    /// Puts a task in its inbox. From any thread.
    ///
    /// # Safety
    /// The worker exists until its task has run; the task is in no list.
    pub(crate) unsafe fn post(worker: *mut Worker, task: *mut Task) {
        // SAFETY: the caller's promise; the worker waits for its givers before it goes.
        unsafe { Inbox::give(&raw const (*worker).inbox, task, || (*worker).poller.rouse()) }
    }

    /// Makes ready what is in the inbox, in the order in which it came.
    pub(crate) fn take_inbox(&mut self) {
        let (ready, mut received) = (&mut self.ready, 0);
        self.inbox.take(|task| {
            // SAFETY: this worker's task, and in no list now.
            unsafe { ready.push(task) };
            received += 1;
        });
        if received != 0 {
            count(&self.counts.received, received);
        }
    }

    /// Gives its free blocks to all.
    pub(crate) fn give_blocks_back(&mut self) {
        while let Some(block) = self.blocks.pop() {
            // SAFETY: free, and in no list now.
            unsafe { task::give_back(block.as_ptr()) };
        }
    }

    /// Returns true if `place` lies on the stack that this thread's tasks share: a pointer to it is good for no other
    /// thread or task.
    #[inline(always)]
    pub(crate) fn is_on_moving_stack(place: *const c_void) -> bool {
        // SAFETY: the thread's worker.
        unsafe { Worker::here().as_ref() }.is_some_and(|worker| worker.vessels.moves(place))
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
