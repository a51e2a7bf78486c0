//! Task control blocks: states, flags, what frees a task, and the order of locks. A blocked task needs no allocation:
//! its waiter and its timer slot are in the block.
//!
//! ```text
//!   state:
//!           create           first run            complete
//!     FREE ────────> NEW ───────────────> STARTED ────────> FINISHED
//!      ^              │ complete: no memory for a stack        │
//!      │              v                                        │
//!      │         SPAWN_FAILED                                  │
//!      └──────────────┴─────────── free ──────────────────────┘
//!
//!   freed by                if, under `lock` when the task completes
//!   the worker              DETACHED
//!   the joiner              JOINED: it waits in `join_waiters`, or has timed out and is about to check again
//!   join or detach, later,  neither; the task stays in the list of its group until then (G6)
//!   or acort_group_next
//!   the group               neither, until the group is freed
//!
//!   phase     holds                       while
//!   start     entry function, argument    NEW, and until the entry function is called
//!   waiter    a waiter                    STARTED, and `has_result()` is false
//!   result    the result                  `has_result()`
//! ```
//!
//! * T1. A block is never returned to the system, so `check` may read `state` through a stale handle. A new task has a
//!   new `id`.
//! * T2. From STARTED to FINISHED the task belongs to the worker `parker.worker()`, and runs on its thread alone.
//!   Only that thread writes `co`, `errno`, `timer` and `local_bits`, and changes the phase. Other threads change the
//!   waiter, under the lock of the object that it waits for (Q1 of `wait_queue`). The thread that has claimed the
//!   parker writes `next`. A report reads `co` under the lock of the group. So the worker takes that lock before it
//!   reuses or destroys the coroutine.
//! * T3. `next` links one list at a time: run queue, inbox, injector, `waiting_for_memory`, a `CancelBatch`, the list
//!   of abandoned tasks, free list. A task that runs, or waits and was not claimed, is in none of them.
//! * T4. JOINED, DETACHED and ABANDONED change under `lock`. `complete` reads the first two under `lock`, together with
//!   the change to FINISHED or SPAWN_FAILED. So exactly one line of the table applies.
//! * T5. All other flags are fixed at creation. The thread that finds the second deadlock sets ABANDONED.
//! * T6. The order of locks, outer to inner:
//!
//!   ```text
//!   runtime.lock ──> group.lock          walks over all tasks, groups that open and are cancelled
//!   task.lock    ──> group.lock          complete; join and detach of a completed task
//!   channel.lock ──> group.lock          the first scratch memory of a task (`task_cold`)
//!   job.lock     ──> lock of the pool    a waiter detaches its job (`blocking/pool`)
//!   ```
//!
//!   Only a select holds several locks of objects, tasks and file descriptors, in the order of their addresses, and
//!   behind them those of groups. No other locks nest. While it holds a lock, a thread neither switches coroutines nor
//!   calls a hook.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use super::abi::acort_body_t;
use super::cold_block::ColdBlock;
use super::group::Group;
use super::worker::Worker;
use crate::abi::aco_t;
use crate::rt::base::{HeapSlot, Link, Lock, Parker, WaitQueue, Waiter};
use crate::rt::os::Result;
use crate::{diag, tls};

/// The block is free.
pub(crate) const FREE: u8 = 0;
/// The task has not begun.
pub(crate) const NEW: u8 = 1;
/// The task has begun, and has not completed.
pub(crate) const STARTED: u8 = 2;
/// The task has completed.
pub(crate) const FINISHED: u8 = 3;
/// The task has completed without having begun: there was no memory for its stack.
pub(crate) const SPAWN_FAILED: u8 = 4;

/// Set if the task runs on the stack that the worker's tasks share.
pub(crate) const SHARED: u8 = 1;
/// Set if the task is freed when it completes (T4). Cannot be set with JOINED or MAIN.
pub(crate) const DETACHED: u8 = 2;
/// Set while a call joins the task, and from then on if the task completes first (T4).
pub(crate) const JOINED: u8 = 4;
/// Set if the task is a main task: acort_run() and acort_enter() read its result, and no call joins or detaches it.
pub(crate) const MAIN: u8 = 8;
/// Set if the task never runs again: its runtime has found a deadlock twice (T5).
pub(crate) const ABANDONED: u8 = 16;
/// Set if the private stack has a particular size or address, or is painted. It is not cached.
pub(crate) const CUSTOM_STACK: u8 = 32;
/// Set if the private stack is filled with a pattern before the task begins. Set only with CUSTOM_STACK.
pub(crate) const STACK_PAINTED: u8 = 64;
/// Set if the calls of the task do not yield when its slice is used up (`budget`).
pub(crate) const UNCONSTRAINED: u8 = 128;

/// A task.
#[repr(C)]
pub struct Task {
    /// The first field: the address of a parker with an owner is the address of a task.
    pub(crate) parker: Parker,
    /// The link of the list that the task is in (T3).
    pub(crate) next: *mut Task,
    /// The coroutine that runs the task; null before it begins and after it has finished.
    pub(crate) co: *mut aco_t,
    /// errno of the task, while it does not run.
    pub(crate) errno: c_int,
    /// The slot of the task's deadline in the timer heap of its worker; 0: it has none.
    pub(crate) timer: u32,
    /// `FREE` to `SPAWN_FAILED`.
    pub(crate) state: AtomicU8,
    /// Why the task waits: a [`WaitReason`](crate::rt::base::wait_reason::WaitReason).
    pub(crate) wait_reason: AtomicU8,
    /// `SHARED` to `UNCONSTRAINED` (T4, T5).
    pub(crate) flags: AtomicU8,
    /// Bit 0: `phase` is the result. Bit 1: the task has low priority, which is fixed at creation. The other bits count
    /// the mutexes and rwlocks that the task holds. Only its worker's thread uses them.
    pub(super) local_bits: u8,
    /// Guards the changes to `state` and `flags` (T4), and `join_waiters`.
    pub(crate) lock: Lock,
    /// What the task needs in one phase of its life.
    pub(crate) phase: Phase,
    /// The address of the object that the task waits for, or the file descriptor. Of a finished task with a painted
    /// stack: how many bytes of the stack it has used.
    pub(crate) wait_target: AtomicUsize,
    /// The joiner, and selects that wait for the end of the task.
    pub(crate) join_waiters: WaitQueue,
    pub(crate) group: *mut Group,
    pub(crate) group_next: *mut Task,
    pub(crate) group_prev: *mut Task,
    pub(crate) id: AtomicU64,
    /// The cold part, or null (see `task_cold`).
    pub(crate) cold: AtomicPtr<ColdBlock>,
}

// A program may have a million tasks.
const _: () = assert!(size_of::<Task>() <= 152);

/// How a task starts.
#[derive(Clone, Copy)]
pub(crate) struct TaskStart {
    pub(crate) entry: acort_body_t,
    pub(crate) arg: *mut c_void,
    /// Bytes of the private stack; 0: the runtime's default.
    pub(crate) stack_size: usize,
    /// Memory of the program for the stack, or null.
    pub(crate) stack: *mut c_void,
}

/// What a task needs in one phase of its life only. See the table at the top of the file.
#[repr(C)]
pub(crate) union Phase {
    pub(crate) start: TaskStart,
    pub(crate) waiter: ManuallyDrop<Waiter>,
    pub(crate) result: *mut c_void,
}

// SAFETY: only lists use `next`.
unsafe impl Link for Task {
    #[inline(always)]
    fn next(this: *mut Task) -> *mut *mut Task {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).next }
    }
}

// SAFETY: only the timer heap writes `timer`.
unsafe impl HeapSlot for Task {
    #[inline(always)]
    fn slot(this: *mut Task) -> *mut u32 {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).timer }
    }
}

impl diag::Describe for Task {
    unsafe fn describe(object: *const Task, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `object` is a live task, whose number does not change.
        write!(f, ", task {}", unsafe { (*object).id() })
    }
}

const HAS_RESULT: u8 = 1;
const LOW: u8 = 2;
const LOCK_UNIT: u8 = 4;

/// Returns the task with the handle `task`. Errors: EINVAL if the handle is null, ESRCH if the task was freed.
pub(crate) fn check(task: *mut Task) -> Result<NonNull<Task>> {
    let task = NonNull::new(task).ok_or(libc::EINVAL)?;
    // SAFETY: a block is never returned to the system (T1).
    match unsafe { task.as_ref() }.state.load(Ordering::Acquire) {
        NEW..=SPAWN_FAILED => Ok(task),
        _ => Err(libc::ESRCH),
    }
}

/// Returns the task that runs on this thread. Null: this is a plain thread, or the scheduler of a worker runs.
#[inline(always)]
pub(crate) fn current() -> *mut Task {
    let worker: *mut Worker = tls::worker().cast();
    // SAFETY: the worker of this thread is live.
    unsafe { worker.as_ref() }.map_or(ptr::null_mut(), |worker| worker.current)
}

/// Counts a mutex or rwlock that `task` has acquired, up to 63. Does nothing if `task` is null: a plain thread has
/// acquired it.
///
/// # Safety
/// `task` is null, or runs on this thread.
#[inline(always)]
pub(crate) unsafe fn lock_acquired(task: *mut Task) {
    // SAFETY: `task` is null, or runs on this thread, which alone uses `local_bits` (T2).
    if let Some(task) = unsafe { task.as_mut() }
        && let Some(local_bits) = task.local_bits.checked_add(LOCK_UNIT)
    {
        task.local_bits = local_bits;
    }
}

/// Counts a mutex or rwlock that `task` has released; another task may have acquired it.
///
/// # Safety
/// As [`lock_acquired`].
#[inline(always)]
pub(crate) unsafe fn lock_released(task: *mut Task) {
    // SAFETY: `task` is null, or runs on this thread, which alone uses `local_bits` (T2).
    if let Some(task) = unsafe { task.as_mut() }
        && let Some(local_bits) = task.local_bits.checked_sub(LOCK_UNIT)
    {
        task.local_bits = local_bits;
    }
}

impl Task {
    /// Returns the id, which no other task ever has. If the block is reused at the same time, it is the old or the new
    /// one.
    #[inline(always)]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// Returns true if one of these flags is set.
    #[inline(always)]
    pub(crate) fn has_flag(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    /// Sets or clears a flag. The caller holds `lock`, or T5 applies.
    pub(crate) fn set_flag(&self, flag: u8, on: bool) {
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(if on { flags | flag } else { flags & !flag }, Ordering::Relaxed);
    }

    /// Returns the waiter in the block. The task is in that phase.
    #[inline(always)]
    pub(crate) fn waiter(&mut self) -> *mut Waiter {
        (&raw mut self.phase).cast()
    }

    /// Stores the result: the task is about to complete.
    pub(crate) fn set_result(&mut self, result: *mut c_void) {
        self.phase = Phase { result };
        self.local_bits |= HAS_RESULT;
    }

    /// Takes the result back: the task goes on.
    pub(crate) fn take_result(&mut self) -> *mut c_void {
        self.local_bits &= !HAS_RESULT;
        // SAFETY: the caller has found that `phase` is the result.
        unsafe { self.phase.result }
    }

    /// Returns true if `phase` is the result.
    pub(crate) fn has_result(&self) -> bool {
        self.local_bits & HAS_RESULT != 0
    }

    /// Gives a new task low priority.
    pub(crate) fn make_low(&mut self) {
        self.local_bits |= LOW;
    }

    /// Returns true if the task has low priority.
    #[inline(always)]
    pub(crate) fn is_low(&self) -> bool {
        self.local_bits & LOW != 0
    }

    /// Returns true if the task holds a mutex or an rwlock.
    pub(crate) fn holds_lock(&self) -> bool {
        self.local_bits >= LOCK_UNIT
    }

    /// Returns true if the task has neither completed nor been freed.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), NEW | STARTED)
    }

    /// Returns true if the task has completed.
    pub(crate) fn has_finished(&self) -> bool {
        self.state.load(Ordering::Acquire) >= FINISHED
    }
}
