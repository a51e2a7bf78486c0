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
use super::group::Group;
use super::task_cold::TaskCold;
use super::worker::Worker;
use crate::abi::aco_t;
use crate::rt::base::list::Link;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::timer_heap::HeapSlot;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::os;
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
    /// What it waits for: a [`WaitReason`](crate::rt::park::wait::WaitReason).
    pub(crate) wait_reason: AtomicU8,
    /// `SHARED` ...; `lock` is for those that change.
    pub(crate) flags: AtomicU8,
    /// Bit 0: `part` is its result; the rest: the mutexes and locks that it has. Its worker's alone.
    own: u8,
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
    pub(crate) group_previous: *mut Task,
    pub(crate) id: AtomicU64,
    /// What few tasks need, from malloc, or NULL.
    pub(crate) cold: AtomicPtr<TaskCold>,
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

impl diag::Subject for Task {
    unsafe fn describe(object: *const Task, f: &mut Formatter) -> fmt::Result {
        // SAFETY: the caller's promise.
        write!(f, ", task {}", unsafe { (*object).id() })
    }
}

const HAS_RESULT: u8 = 1;
const LOCK: u8 = 2;

/// Tasks in a chunk.
const CHUNK: usize = 64;

/// Free blocks that belong to no worker.
#[unsafe(link_section = "aco_shared")]
static FREE_LOCK: Lock = Lock::NEW;
#[unsafe(link_section = "aco_shared")]
static FREE_LIST: AtomicPtr<Task> = AtomicPtr::new(ptr::null_mut());
/// All chunks, for tools that look for lost memory: each begins with the address of the next.
#[unsafe(link_section = "aco_shared")]
static CHUNKS: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
#[unsafe(link_section = "aco_shared")]
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A chunk: its first word is the address of the one before.
#[repr(C)]
struct Chunk {
    before: *mut c_void,
    tasks: [core::mem::MaybeUninit<Task>; CHUNK],
}

/// A free block: zeroed, or as its last task left it. None: there is no memory.
fn allocate_block() -> Option<NonNull<Task>> {
    let _guard = FREE_LOCK.guard();
    let first = FREE_LIST.load(Ordering::Relaxed);
    if let Some(block) = NonNull::new(first) {
        // SAFETY: blocks stay for ever; the list is ours.
        FREE_LIST.store(unsafe { (*first).next }, Ordering::Relaxed);
        return Some(block);
    }
    let chunk = os::allocate_zeroed::<Chunk>()?.as_ptr();
    // SAFETY: a new chunk, which nobody else knows.
    unsafe {
        (*chunk).before = CHUNKS.load(Ordering::Relaxed);
        CHUNKS.store(chunk.cast(), Ordering::Release);
        let tasks: *mut Task = (&raw mut (*chunk).tasks).cast();
        for index in 1..CHUNK {
            let next = if index + 1 < CHUNK { tasks.add(index + 1) } else { ptr::null_mut() };
            (*tasks.add(index)).next = next;
        }
        FREE_LIST.store(tasks.add(1), Ordering::Relaxed);
        NonNull::new(tasks)
    }
}

/// A task that has not begun, in no list. None: there is no memory.
pub(crate) fn create(start: TaskStart, flags: u8) -> Option<NonNull<Task>> {
    let worker = Worker::current();
    // SAFETY: the thread's worker has its own free blocks.
    let own = unsafe { worker.as_mut().and_then(|worker| worker.free_tasks.pop()) };
    let block = own.or_else(allocate_block)?;
    let task = block.as_ptr();
    // SAFETY: nobody else knows the block.
    unsafe {
        (*task).parker = Parker::new();
        (*task).co = ptr::null_mut();
        (*task).phase = Phase { start };
        (*task).own = 0;
        (*task).errno = 0;
        (*task).timer = 0;
        (*task).wait_reason.store(0, Ordering::Relaxed);
        (*task).flags.store(flags, Ordering::Relaxed);
        (*task).join_waiters = WaitQueue::NEW;
        (*task).cold.store(ptr::null_mut(), Ordering::Relaxed);
        let id = match worker.as_mut() {
            Some(worker) => worker.next_id(&NEXT_ID),
            None => NEXT_ID.fetch_add(1, Ordering::Relaxed),
        };
        (*task).id.store(id, Ordering::Relaxed);
        (*task).state.store(NEW, Ordering::Release);
    }
    Some(block)
}

/// The task at `address`; NULL: it is none's.
pub(crate) fn from_address(address: usize) -> *mut Task {
    let mut chunk: *mut Chunk = CHUNKS.load(Ordering::Acquire).cast();
    // SAFETY: chunks are never freed.
    unsafe {
        while !chunk.is_null() {
            let tasks: *mut Task = (&raw mut (*chunk).tasks).cast();
            if address.wrapping_sub(tasks.addr()) < CHUNK * size_of::<Task>() {
                return tasks.with_addr(address);
            }
            chunk = (*chunk).before.cast();
        }
    }
    ptr::null_mut()
}

/// Frees a task: its handle is not good any more.
///
/// # Safety
/// `task` has ended, or was never started; it is in no list, and nobody uses it from here on.
pub(crate) unsafe fn free(task: *mut Task) {
    // SAFETY: the caller's promise; blocks stay for ever.
    unsafe {
        TaskCold::free((*task).cold.load(Ordering::Acquire));
        (*task).state.store(FREE, Ordering::Release);
        let kept = Worker::current().as_mut().is_some_and(|worker| worker.free_tasks.push(task));
        if !kept {
            release_block(task);
        }
    }
}

/// Puts a free block where every thread finds it.
///
/// # Safety
/// `task` is free, and in no list.
pub(crate) unsafe fn release_block(task: *mut Task) {
    let _guard = FREE_LOCK.guard();
    // SAFETY: the caller's promise; the list is held.
    unsafe { (*task).next = FREE_LIST.load(Ordering::Relaxed) };
    FREE_LIST.store(task, Ordering::Relaxed);
}

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
        && let Some(own) = task.own.checked_add(LOCK)
    {
        task.own = own;
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
        && let Some(own) = task.own.checked_sub(LOCK)
    {
        task.own = own;
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
        self.own |= HAS_RESULT;
    }

    /// Returns true if `part` is its result.
    pub(crate) fn has_result(&self) -> bool {
        self.own & HAS_RESULT != 0
    }

    /// Returns true if it has a mutex or a lock.
    pub(crate) fn holds_lock(&self) -> bool {
        self.own >= LOCK
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
