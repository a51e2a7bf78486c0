//! Where the blocks of tasks come from.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::cold_block::ColdBlock;
use super::task::{FREE, NEW, Phase, Task, TaskStart};
use super::worker::Worker;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::os;

/// Tasks in a chunk.
const TASKS_PER_CHUNK: usize = 64;

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
    prev: *mut c_void,
    tasks: [core::mem::MaybeUninit<Task>; TASKS_PER_CHUNK],
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

/// The task at `address`; NULL: it is none's.
pub(crate) fn from_address(address: usize) -> *mut Task {
    let mut chunk: *mut Chunk = CHUNKS.load(Ordering::Acquire).cast();
    // SAFETY: chunks are never freed.
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

/// Frees a task: its handle is not good any more.
///
/// # Safety
/// `task` has ended, or was never started; it is in no list, and nobody uses it from here on.
pub(crate) unsafe fn free(task: *mut Task) {
    // SAFETY: the caller's promise; blocks stay for ever.
    unsafe {
        ColdBlock::free((*task).cold.load(Ordering::Acquire));
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

impl Worker {
    /// Gives its free blocks to all.
    pub(crate) fn release_free_tasks(&mut self) {
        while let Some(block) = self.free_tasks.pop() {
            // SAFETY: free, and in no list now.
            unsafe { release_block(block.as_ptr()) };
        }
    }
}
