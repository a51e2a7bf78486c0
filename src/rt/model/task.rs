//! Tasks: one block each, which has all that a wait needs.
//!
//! FreeList come from chunks that stay for ever: a task that has been freed is recognised until its block
//! is used again. Each worker keeps some for itself.

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
use crate::rt::base::list::Link;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::timer_heap::HeapSlot;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::os::Result;
use crate::{diag, tls};

/// It is free, or nothing of ours.
pub(crate) const FREE: u8 = 0;
/// It has not begun.
pub(crate) const NEW: u8 = 1;
/// It has begun.
pub(crate) const STARTED: u8 = 2;
/// It has ended.
pub(crate) const FINISHED: u8 = 3;
/// It has ended without having begun: there was no memory for its stack.
pub(crate) const SPAWN_FAILED: u8 = 4;

/// On the worker's share stack.
pub(crate) const SHARED: u8 = 1;
/// Freed when it ends.
pub(crate) const DETACHED: u8 = 2;
/// Somebody joins it.
pub(crate) const JOINED: u8 = 4;
/// A main task: who has entered the runtime has its result.
pub(crate) const MAIN: u8 = 8;
/// Nothing can wake it, and nobody will.
pub(crate) const ABANDONED: u8 = 16;
/// Its own stack is like no other, and not kept: it has a size or a place of its own, or is measured.
pub(crate) const CUSTOM_STACK: u8 = 32;
/// Its own stack is filled with a pattern before it begins.
pub(crate) const STACK_PAINTED: u8 = 64;
/// Its calls take nothing of a budget.
pub(crate) const UNCONSTRAINED: u8 = 128;

/// A task.
#[repr(C)]
pub struct Task {
    /// First: a parker with a worker is a task.
    pub(crate) parker: Parker,
    /// The list that it is in: of those that are ready, of an inbox, of free ones.
    pub(crate) next: *mut Task,
    /// What it runs in; NULL before it begins.
    pub(crate) co: *mut aco_t,
    pub(crate) errno: c_int,
    /// Its place among the deadlines, or 0.
    pub(crate) timer: u32,
    /// `FREE` ...
    pub(crate) state: AtomicU8,
    /// What it waits for: a [`WaitReason`](crate::rt::base::wait_reason::WaitReason).
    pub(crate) wait_reason: AtomicU8,
    /// `SHARED` ...; `lock` is for those that change.
    pub(crate) flags: AtomicU8,
    /// Bit 0: `part` is its result; the rest: the mutexes and locks that it has. Its worker's alone.
    pub(super) local_bits: u8,
    /// For `state`, `flags`, `join_waiters`.
    pub(crate) lock: Lock,
    /// What it needs by turns.
    pub(crate) phase: Phase,
    /// The object that it waits for, or a file descriptor; of an ended one how deep its stack was used, if
    /// that was measured.
    pub(crate) wait_target: AtomicUsize,
    /// Those who wait for its end.
    pub(crate) join_waiters: WaitQueue,
    pub(crate) group: *mut Group,
    pub(crate) group_next: *mut Task,
    pub(crate) group_prev: *mut Task,
    pub(crate) id: AtomicU64,
    /// What few tasks need, from malloc, or NULL.
    pub(crate) cold: AtomicPtr<ColdBlock>,
}

// A million tasks is what a program may have.
const _: () = assert!(size_of::<Task>() <= 152);

/// What a task begins with.
#[derive(Clone, Copy)]
pub(crate) struct TaskStart {
    pub(crate) entry: acort_body_t,
    pub(crate) arg: *mut c_void,
    /// Bytes of its own stack; 0: the worker's default.
    pub(crate) stack_size: usize,
    /// The program's memory for it, or NULL.
    pub(crate) stack: *mut c_void,
}

/// What a task needs one after the other, in the same place.
#[repr(C)]
pub(crate) union Phase {
    /// Until it has begun.
    pub(crate) start: TaskStart,
    /// While it waits: its place in a queue.
    pub(crate) waiter: ManuallyDrop<Waiter>,
    /// From its end on, and where [`Task::has_result`] says so before.
    pub(crate) result: *mut c_void,
}

// SAFETY: `next` is for lists alone; a task is in one at a time.
unsafe impl Link for Task {
    #[inline(always)]
    fn next(this: *mut Task) -> *mut *mut Task {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).next }
    }
}

// SAFETY: `timer` is for the heap alone.
unsafe impl HeapSlot for Task {
    #[inline(always)]
    fn slot(this: *mut Task) -> *mut u32 {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).timer }
    }
}

impl diag::Describe for Task {
    unsafe fn describe(object: *const Task, f: &mut Formatter) -> fmt::Result {
        // SAFETY: the caller's promise.
        write!(f, ", task {}", unsafe { (*object).id() })
    }
}

const HAS_RESULT: u8 = 1;
const LOCK_UNIT: u8 = 2;

/// The task that a C function was called for: EINVAL for NULL, ESRCH for one that was freed.
pub(crate) fn check(task: *mut Task) -> Result<NonNull<Task>> {
    let task = NonNull::new(task).ok_or(libc::EINVAL)?;
    // SAFETY: blocks stay for ever.
    match unsafe { task.as_ref() }.state.load(Ordering::Acquire) {
        NEW..=SPAWN_FAILED => Ok(task),
        _ => Err(libc::ESRCH),
    }
}

/// The task that runs here; NULL: this is a plain thread.
#[inline(always)]
pub(crate) fn current() -> *mut Task {
    let worker: *mut Worker = tls::worker().cast();
    // SAFETY: the thread's worker.
    unsafe { worker.as_ref() }.map_or(ptr::null_mut(), |worker| worker.current)
}

/// `task`, which runs here, has taken a mutex or a lock. From 127 on they are not counted. NULL: a thread has.
///
/// # Safety
/// It is NULL or the task that runs here.
#[inline(always)]
pub(crate) unsafe fn lock_acquired(task: *mut Task) {
    // SAFETY: the caller's promise.
    if let Some(task) = unsafe { task.as_mut() }
        && let Some(local_bits) = task.local_bits.checked_add(LOCK_UNIT)
    {
        task.local_bits = local_bits;
    }
}

/// It has given one up, perhaps one that another task took.
///
/// # Safety
/// As [`lock_acquired`].
#[inline(always)]
pub(crate) unsafe fn lock_released(task: *mut Task) {
    // SAFETY: the caller's promise.
    if let Some(task) = unsafe { task.as_mut() }
        && let Some(local_bits) = task.local_bits.checked_sub(LOCK_UNIT)
    {
        task.local_bits = local_bits;
    }
}

impl Task {
    /// Its number: no other task has it. Of a block that is used again meanwhile it is the old one or the new one.
    #[inline(always)]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// Has it this flag?
    #[inline(always)]
    pub(crate) fn has_flag(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    /// Gives it a flag. Its lock is held.
    pub(crate) fn set_flag(&self, flag: u8, on: bool) {
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(if on { flags | flag } else { flags & !flag }, Ordering::Relaxed);
    }

    /// Its place in a queue; for the task, while it has begun and not ended.
    #[inline(always)]
    pub(crate) fn waiter(&mut self) -> *mut Waiter {
        (&raw mut self.phase).cast()
    }

    /// Writes its result: it ends now.
    pub(crate) fn set_result(&mut self, result: *mut c_void) {
        self.phase = Phase { result };
        self.local_bits |= HAS_RESULT;
    }

    /// Returns true if `part` is its result.
    pub(crate) fn has_result(&self) -> bool {
        self.local_bits & HAS_RESULT != 0
    }

    /// Returns true if it has a mutex or a lock.
    pub(crate) fn holds_lock(&self) -> bool {
        self.local_bits >= LOCK_UNIT
    }

    /// Has it neither ended nor been freed?
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), NEW | STARTED)
    }

    /// Has it ended?
    pub(crate) fn has_finished(&self) -> bool {
        self.state.load(Ordering::Acquire) >= FINISHED
    }
}
