//! The pool of task blocks: allocates and frees tasks.
//!
//! ```text
//!   malloc ──> chunk of 64 blocks ──> global free list <──> free list of a worker <──> task
//! ```
//!
//! Chunks are never freed, so a handle of a freed task can be recognized until its block is reused (T1).

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::cold_block::ColdBlock;
use super::task::{FREE, NEW, Phase, Task, TaskStart};
use super::worker::Worker;
use crate::rt::base::{Lock, Parker, WaitQueue};
use crate::rt::os;

const TASKS_PER_CHUNK: usize = 64;

/// Guards the global free list, and the creation of chunks.
#[unsafe(link_section = "aco_shared")]
static FREE_LOCK: Lock = Lock::NEW;
#[unsafe(link_section = "aco_shared")]
static FREE_LIST: AtomicPtr<Task> = AtomicPtr::new(ptr::null_mut());
/// The chunk that was allocated last. Through it leak checkers reach all chunks.
#[unsafe(link_section = "aco_shared")]
static CHUNKS: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// The first id that no worker has reserved.
#[unsafe(link_section = "aco_shared")]
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A chunk of blocks.
#[repr(C)]
struct Chunk {
    /// The chunk that was allocated before this one.
    prev: *mut c_void,
    tasks: [core::mem::MaybeUninit<Task>; TASKS_PER_CHUNK],
}

/// Takes a block of the global free list, or of a new chunk: zeroed, or as its last task has left it. None: there is no
/// memory.
fn allocate_block() -> Option<NonNull<Task>> {
    let _guard = FREE_LOCK.guard();
    let first = FREE_LIST.load(Ordering::Relaxed);
    if let Some(block) = NonNull::new(first) {
        // SAFETY: blocks are never freed (T1). The lock is held.
        FREE_LIST.store(unsafe { (*first).next }, Ordering::Relaxed);
        return Some(block);
    }
    let chunk = os::allocate_zeroed::<Chunk>()?.as_ptr();
    // SAFETY: no other thread knows the new chunk.
    unsafe {
        (*chunk).prev = CHUNKS.load(Ordering::Relaxed);
        CHUNKS.store(chunk.cast(), Ordering::Release);
        let tasks: *mut Task = (&raw mut (*chunk).tasks).cast();
        for index in 1..TASKS_PER_CHUNK {
            let next =
                if index + 1 < TASKS_PER_CHUNK { tasks.add(index + 1) } else { ptr::null_mut() };
            (*tasks.add(index)).next = next;
        }
        FREE_LIST.store(tasks.add(1), Ordering::Relaxed);
        NonNull::new(tasks)
    }
}

/// Creates a task in state NEW, in no list. None: there is no memory.
pub(crate) fn create(start: TaskStart, flags: u8) -> Option<NonNull<Task>> {
    let worker = Worker::current();
    // SAFETY: the worker of this thread is live, and this thread alone uses its free list.
    let cached = unsafe { worker.as_mut().and_then(|worker| worker.free_tasks.pop()) };
    let block = cached.or_else(allocate_block)?;
    let task = block.as_ptr();
    // SAFETY: no other thread uses a free block.
    unsafe {
        (*task).parker = Parker::new();
        (*task).co = ptr::null_mut();
        (*task).phase = Phase { start };
        (*task).local_bits = 0;
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

/// Returns the task at `address`. Null: no chunk contains that address.
pub(crate) fn from_address(address: usize) -> *mut Task {
    let mut chunk: *mut Chunk = CHUNKS.load(Ordering::Acquire).cast();
    // SAFETY: chunks are never freed (T1).
    unsafe {
        while !chunk.is_null() {
            let tasks: *mut Task = (&raw mut (*chunk).tasks).cast();
            if address.wrapping_sub(tasks.addr()) < TASKS_PER_CHUNK * size_of::<Task>() {
                return tasks.with_addr(address);
            }
            chunk = (*chunk).prev.cast();
        }
    }
    ptr::null_mut()
}

/// Frees a task. Its handle is invalid from then on.
///
/// # Safety
/// `task` has completed, or was never placed in a queue. It is in no list, and no thread uses it any more.
pub(crate) unsafe fn free(task: *mut Task) {
    // SAFETY: no other thread uses the task. Its block is never freed (T1). The worker of this thread is live.
    unsafe {
        ColdBlock::free((*task).cold.load(Ordering::Acquire));
        (*task).state.store(FREE, Ordering::Release);
        let is_cached =
            Worker::current().as_mut().is_some_and(|worker| worker.free_tasks.push(task));
        if !is_cached {
            release_block(task);
        }
    }
}

/// Adds a block to the global free list.
///
/// # Safety
/// `task` is FREE, and in no list.
unsafe fn release_block(task: *mut Task) {
    let _guard = FREE_LOCK.guard();
    // SAFETY: the block is in no list. The lock is held.
    unsafe { (*task).next = FREE_LIST.load(Ordering::Relaxed) };
    FREE_LIST.store(task, Ordering::Relaxed);
}

impl Worker {
    /// Moves the worker's free blocks to the global free list.
    pub(crate) fn release_free_tasks(&mut self) {
        while let Some(block) = self.free_tasks.pop() {
            // SAFETY: the block was just taken out of a free list.
            unsafe { release_block(block.as_ptr()) };
        }
    }
}
