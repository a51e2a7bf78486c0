//! A worker: one thread, the tasks that it runs, and what they need.
//!
//! Only its own thread uses a worker, with these exceptions:
//!
//! | field | what other threads do |
//! |---|---|
//! | `inbox`, `poller` | push tasks, and wake the worker |
//! | `registered_fds`, `poller` | register and deregister file descriptors, under the lock of their entry |
//! | `has_abandoned_tasks` | the thread that abandons all tasks sets it |
//! | `waker_cpu` | the thread that wakes the worker sets it |
//! | `counters` | read |
//! | `runtime`, `index`, `errno_location` | read: they do not change while the worker runs |
//! | `thread` | the thread that creates and frees the runtime writes and reads it |
//! | `setup` | the thread that creates the runtime waits for it |

use core::ffi::{c_int, c_void};
use core::ptr;

use super::group_timer::GroupTimer;
use super::runtime::Runtime;
use super::stack_cache::StackCache;
use super::task::Task;
use crate::abi::aco_t;
use crate::rt::base::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, prefetch_write};
use crate::rt::base::{AdaptiveSpin, Aliased, FreeList, Inbox, List, Parker, Random, TimerHeap};
use crate::rt::os::poller::Poller;
use crate::rt::os::{self, Deadline, Result, Ring};
use crate::tls;

/// The counters of a worker. Only its own thread writes them.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) switches: AtomicU64,
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// Tasks that the thread has created.
    pub(crate) created: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) sleeps: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) received: AtomicU64,
    /// Calls that yielded because the slice of their task was used up (B1).
    pub(crate) forced: AtomicU64,
}

/// Adds to a counter that only this thread writes. A thread that reads the new value with Acquire sees what was done
/// before.
#[inline(always)]
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Release);
}

/// The result of the setup of a worker, on its own thread (N1 of `lifecycle`). All zero: there is none yet.
pub(crate) struct SetupResult(AtomicU32);

impl SetupResult {
    const DONE: u32 = u32::MAX;

    /// Stores the result, and ends the [`wait`](Self::wait).
    pub(crate) fn report(&self, result: Result<()>) {
        let word = result.map_or_else(|error| error as u32, |()| SetupResult::DONE);
        self.0.store(word, Ordering::Release);
        os::futex_wake_one(&raw const self.0);
    }

    /// Waits for the result.
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

/// What the tasks of a worker may do.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum TestMode {
    /// Everything: the runtime is not for a test. A zeroed worker has this mode.
    Off = 0,
    /// The clock is virtual, and there is no outside (V5 of `test_run`).
    Closed,
    /// The clock is virtual.
    Outside,
}

impl TestMode {
    /// Returns true if the worker has a virtual clock.
    pub(crate) fn is_virtual(self) -> bool {
        self != TestMode::Off
    }
}

/// The ready tasks of a worker that has had low tasks (see `sched/priority`). All zero: there are none.
pub(crate) struct Priorities {
    pub(crate) normal: List<Task>,
    pub(crate) low: List<Task>,
    /// Normal tasks that have run since the last low one, while a low one was ready.
    pub(crate) in_a_row: u32,
    /// A turn by priority goes on.
    pub(crate) in_turn: bool,
}

/// A worker.
#[repr(C)]
pub(crate) struct Worker {
    /// The task that runs; null while the scheduler runs.
    pub(crate) current: *mut Task,
    /// True: the task that switches to the scheduler blocks. False: it yields, and is ready.
    pub(crate) is_blocking: bool,
    /// A `block` hook runs.
    pub(crate) in_block_hook: bool,
    /// The tasks that are ready.
    pub(crate) run_queue: List<Task>,
    /// The units that are left of the turn, and how many of them the running task leaves (B1).
    pub(crate) turn_left: i32,
    pub(crate) slice_floor: i32,
    /// Tasks that were put at the front of the run queue in this turn.
    pub(crate) front_pushes: u32,
    /// Hooks that run, one inside another.
    pub(crate) hook_depth: u32,
    /// The address of the thread's errno.
    pub(crate) errno_location: *mut c_int,
    pub(crate) main_co: *mut aco_t,
    pub(crate) runtime: *mut Runtime,
    pub(crate) index: u32,
    /// Tasks of the worker that are STARTED.
    pub(crate) tasks: u32,
    /// Waits of its tasks that events from outside end (`WaitReason::is_external`).
    pub(crate) external_waits: u32,
    /// File descriptors that are registered with its poller.
    pub(crate) registered_fds: AtomicU32,
    pub(crate) timers: TimerHeap<Task>,
    /// Deadlines of groups (GT2 of `group_timer`).
    pub(crate) group_timers: TimerHeap<GroupTimer>,
    pub(crate) stack_cache: StackCache,
    pub(crate) free_tasks: FreeList<Task, 1024>,
    /// New tasks for whose stacks there was no memory. They start when another task has finished.
    pub(crate) waiting_for_memory: List<Task>,
    /// The ids that the worker has reserved: from `next_id` up to `last_id`, exclusive.
    next_id: u64,
    last_id: u64,
    pub(crate) random: Random,
    /// The worker is in chaos mode.
    pub(crate) chaos: bool,
    /// What a test run permits its tasks.
    pub(crate) test_mode: TestMode,
    /// Tasks that wait for the end of a blocking call (V3 of `test_run`).
    pub(crate) blocking_calls: u32,
    /// The next task is not the first of the run queue: chaos mode, or priorities.
    pub(crate) has_own_order: bool,
    pub(crate) priorities: Priorities,
    pub(crate) poller: Poller,
    /// Its ring (`blocking/ring`); null: it has none.
    pub(crate) ring: *mut Ring,
    /// It gets none.
    pub(crate) is_ring_refused: bool,
    pub(crate) thread: libc::pthread_t,
    pub(crate) setup: SetupResult,
    pub(crate) counters: Counters,
    pub(crate) spin: AdaptiveSpin,
    /// Tasks of the worker were abandoned, and it is to drop them (see `finish`).
    pub(crate) has_abandoned_tasks: AtomicBool,
    /// The processor on which a thread has ended the last sleep of the worker; -1: the system does not tell.
    waker_cpu: AtomicU32,
    pub(crate) inbox: Inbox<Task>,
    _aliased: Aliased,
}

impl Worker {
    /// Returns the worker of this thread, or null.
    #[inline(always)]
    pub(crate) fn current() -> *mut Worker {
        tls::worker().cast()
    }

    /// Returns the first deadline of its tasks and groups. None: there is none.
    #[inline(always)]
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        let task = self.timers.next_deadline();
        match self.group_timers.next_deadline() {
            None => task,
            Some(group) => Some(task.map_or(group, |task| task.min(group))),
        }
    }

    /// Makes `worker` the worker of this thread; null: it has none.
    pub(crate) fn set_current(worker: *mut Worker) {
        tls::set_worker(worker.cast::<c_void>());
    }

    /// Returns the id for a new task. `source` is the first id that no worker has reserved.
    pub(crate) fn next_id(&mut self, source: &AtomicU64) -> u64 {
        const BATCH: u64 = 64;
        if self.next_id == self.last_id {
            self.next_id = source.fetch_add(BATCH, Ordering::Relaxed);
            self.last_id = self.next_id + BATCH;
        }
        self.next_id += 1;
        self.next_id - 1
    }

    /// Returns true if a task is ready.
    #[inline(always)]
    pub(crate) fn has_ready(&self) -> bool {
        let Priorities { normal, low, .. } = &self.priorities;
        !self.run_queue.is_empty() || self.has_own_order && !(normal.is_empty() && low.is_empty())
    }

    /// Wakes the worker if it sleeps. Returns false if it does not, or another thread wakes it (I2).
    pub(crate) fn wake(&self) -> bool {
        self.inbox.claim_wakeup(|| self.end_sleep())
    }

    /// Ends the sleep of the worker, whose wake-up this thread has claimed.
    fn end_sleep(&self) {
        self.waker_cpu.store(os::current_cpu() as u32, Ordering::Relaxed);
        self.poller.wake();
    }

    /// Returns true unless the thread that has ended the last sleep ran on the processor on which the worker runs.
    pub(crate) fn is_waker_elsewhere(&self) -> bool {
        let cpu = self.waker_cpu.load(Ordering::Relaxed) as c_int;
        cpu < 0 || cpu != os::current_cpu()
    }

    /// Pushes a task to the inbox of `worker`. From any thread.
    ///
    /// # Safety
    /// `task` is in no list. It belongs to `worker`, or is NEW and will belong to it.
    #[inline(never)]
    pub(crate) unsafe fn push_remote(worker: *mut Worker, task: *mut Task) {
        // SAFETY: the worker lives until its task has run, and until no thread pushes (I6).
        unsafe { Inbox::push(&raw const (*worker).inbox, task, || (*worker).end_sleep()) }
    }

    /// Moves the tasks in the inbox to the run queue, in the order in which they were pushed.
    pub(crate) fn drain_inbox(&mut self) {
        let (ready, mut received) = (&mut self.run_queue, 0);
        self.inbox.drain(|task| {
            // SAFETY: a task that was drained is in no list.
            unsafe {
                if received == 0 {
                    // The first one runs at once, and often calls the same object again, which its waker has written.
                    let object = (*task).wait_target.load(Ordering::Relaxed);
                    prefetch_write(ptr::without_provenance::<u8>(object));
                }
                ready.push(task)
            };
            received += 1;
        });
        if received != 0 {
            count(&self.counters.received, received);
        }
    }

    /// Returns true if `address` is on the stack that the tasks of this thread's worker share. No other task or thread
    /// may use the address.
    #[inline(always)]
    pub(crate) fn is_on_shared_stack(address: *const c_void) -> bool {
        // SAFETY: the worker of this thread is live.
        unsafe { Worker::current().as_ref() }
            .is_some_and(|worker| worker.stack_cache.shared_stack_contains(address))
    }
}

/// The owner of a parker is a worker; `base` does not know the type.
impl Parker {
    /// Returns the worker of the task, or null (P4 of `parker`).
    #[inline(always)]
    pub(crate) fn worker(&self) -> *mut Worker {
        self.owner().cast()
    }
}
