//! Access to the cold part of a task: its name, values, argument, cleanups, deadline, scratch memory.
//!
//! `cold` of a task is null until the task needs a block. Any thread may create the block, under the lock of the task's
//! group. The block then stays until the task is freed, so the task's own worker reads the pointer without that lock.

use core::ffi::{c_char, c_void};
use core::ptr;
use core::sync::atomic::Ordering;

use super::cold_block::{Cleanup, ColdBlock};
use super::task::Task;
use crate::record::{Destructor, Values};
use crate::rt::os::Deadline;
use crate::sys;

/// Returns the task's block, or null.
#[inline(always)]
unsafe fn get(task: *mut Task) -> *mut ColdBlock {
    // SAFETY: the task is live.
    unsafe { (*task).cold.load(Ordering::Relaxed) }
}

/// Returns the task's block; creates it if there is none. Null: there is no memory.
///
/// # Safety
/// The lock of the task's group is held, or no other thread knows the task.
unsafe fn get_or_create(task: *mut Task) -> *mut ColdBlock {
    // SAFETY: the task is live. No other thread creates its block at the same time.
    unsafe {
        let block = get(task);
        if !block.is_null() {
            return block;
        }
        let new = ColdBlock::new();
        (*task).cold.store(new, Ordering::Release);
        new
    }
}

/// As [`get_or_create`], under the lock of the group.
///
/// # Safety
/// `task` runs on this thread.
unsafe fn ensure(task: *mut Task) -> *mut ColdBlock {
    // SAFETY: the group of a running task is live.
    unsafe {
        let block = get(task);
        if !block.is_null() {
            return block;
        }
        let _guard = (*(*task).group).lock.guard();
        get_or_create(task)
    }
}

/// Copies the `size` bytes at `arg` to memory that is freed with the task, aligned as malloc(3) does. Returns the copy.
/// Null: there is no memory.
///
/// # Safety
/// No other thread knows the task, which has no block. `arg` is readable for `size` bytes.
pub(crate) unsafe fn copy_argument(
    task: *mut Task,
    arg: *const c_void,
    size: usize,
) -> *mut c_void {
    // SAFETY: `arg` is readable for `size` bytes; no other thread knows the task.
    unsafe {
        let Some((block, copy)) = ColdBlock::with_arg(arg, size) else { return ptr::null_mut() };
        (*task).cold.store(block, Ordering::Release);
        copy
    }
}

/// Makes `destroy` the destructor of the task's argument, `arg`. Returns false if there is no memory.
///
/// # Safety
/// No other thread knows the task.
pub(crate) unsafe fn set_arg_destructor(
    task: *mut Task,
    destroy: Destructor,
    arg: *mut c_void,
) -> bool {
    // SAFETY: no other thread knows the task.
    unsafe {
        let Some(block) = get_or_create(task).as_mut() else { return false };
        (block.arg_destroy, block.arg) = (Some(destroy), arg);
    }
    true
}

/// Takes the destructor of the task's argument, and the argument. None: there is no destructor, or it was taken.
///
/// # Safety
/// `task` is live, and its worker calls.
pub(crate) unsafe fn take_arg_destructor(task: *mut Task) -> Option<(Destructor, *mut c_void)> {
    // SAFETY: the task's worker alone uses the two fields after the task was created.
    unsafe {
        let block = get(task);
        if block.is_null() {
            return None;
        }
        Some(((*block).arg_destroy.take()?, (*block).arg))
    }
}

/// Pushes a cleanup function. Returns false if there is no memory.
///
/// # Safety
/// `task` runs on this thread.
pub(crate) unsafe fn push_cleanup(task: *mut Task, function: Destructor, arg: *mut c_void) -> bool {
    // SAFETY: only this thread uses the list.
    unsafe {
        let block = ensure(task);
        if block.is_null() {
            return false;
        }
        let Some(memory) = sys::allocate(size_of::<Cleanup>()) else { return false };
        let cleanup: *mut Cleanup = memory.as_ptr().cast();
        cleanup.write(Cleanup { next: (*block).cleanups, function, arg });
        (*block).cleanups = cleanup;
    }
    true
}

/// Takes the cleanup function that was pushed last, and its argument. None: there is none.
///
/// # Safety
/// `task` is live, and its worker calls.
pub(crate) unsafe fn pop_cleanup(task: *mut Task) -> Option<(Destructor, *mut c_void)> {
    // SAFETY: only the task's worker uses the list.
    unsafe {
        let block = get(task);
        if block.is_null() { None } else { ColdBlock::pop_cleanup(block) }
    }
}

/// Returns true if the task has cleanup functions.
///
/// # Safety
/// `task` is live, and its worker calls.
#[inline(always)]
pub(crate) unsafe fn has_cleanups(task: *mut Task) -> bool {
    // SAFETY: only the task's worker uses the list.
    unsafe { get(task).as_ref().is_some_and(|block| !block.cleanups.is_null()) }
}

/// Returns true if the task has a block.
///
/// # Safety
/// `task` is live.
#[inline(always)]
pub(crate) unsafe fn exists(task: *mut Task) -> bool {
    // SAFETY: the task is live.
    unsafe { !get(task).is_null() }
}

unsafe fn values_of(block: *mut ColdBlock) -> *mut Values {
    // SAFETY: the block is live unless it is null; only an address is taken.
    if block.is_null() { ptr::null_mut() } else { unsafe { &raw mut (*block).values } }
}

/// Returns the task's values, or null if it has no block.
///
/// # Safety
/// `task` is live, and its worker calls.
pub(crate) unsafe fn values(task: *mut Task) -> *mut Values {
    // SAFETY: the task is live.
    unsafe { values_of(get(task)) }
}

/// Returns the task's values; creates its block if there is none. Null: there is no memory.
///
/// # Safety
/// `task` runs on this thread.
pub(crate) unsafe fn ensure_values(task: *mut Task) -> *mut Values {
    // SAFETY: the task runs on this thread.
    unsafe { values_of(ensure(task)) }
}

/// Returns the nearest deadline of the task's scopes.
///
/// # Safety
/// `task` runs on this thread, and has set one.
pub(crate) unsafe fn nearest_deadline(task: *const Task) -> Deadline {
    // SAFETY: a task that has set one has a block.
    unsafe { Deadline::at((*get(task.cast_mut())).nearest_deadline) }
}

/// Sets the nearest deadline of the task's scopes. False: there is no memory.
///
/// # Safety
/// `task` runs on this thread.
pub(crate) unsafe fn set_nearest_deadline(task: *mut Task, deadline: Deadline) -> bool {
    // SAFETY: the task runs on this thread, which alone uses the field.
    unsafe {
        let block = ensure(task);
        if !block.is_null() {
            (*block).nearest_deadline = deadline.as_i64();
        }
        !block.is_null()
    }
}

/// Returns `size` bytes of the task's scratch memory, aligned to 8; its content is lost. Null: there is no memory.
///
/// # Safety
/// `task` runs on this thread.
pub(crate) unsafe fn reserve_scratch(task: *mut Task, size: usize) -> *mut u8 {
    // SAFETY: the task runs on this thread, which alone uses the scratch memory.
    unsafe {
        let block = ensure(task);
        if block.is_null() || !ColdBlock::reserve_scratch(block, size) {
            return ptr::null_mut();
        }
        ColdBlock::scratch(block)
    }
}

/// As [`reserve_scratch`], for a call that keeps the memory while hooks run, until [`release_scratch`]. Hooks make
/// calls of the same task. Such a call has null while another one keeps the memory, or while a `block` hook runs: the
/// task that is about to wait may use the memory.
///
/// # Safety
/// `task` runs on this thread.
pub(crate) unsafe fn acquire_scratch(task: *mut Task, size: usize) -> *mut u8 {
    // SAFETY: the task runs on this thread, which alone uses the scratch memory.
    unsafe {
        let is_acquired = get(task).as_ref().is_some_and(|block| block.is_acquired);
        if is_acquired || (*(*task).parker.worker()).in_block_hook {
            return ptr::null_mut();
        }
        let scratch = reserve_scratch(task, size);
        if !scratch.is_null() {
            (*get(task)).is_acquired = true;
        }
        scratch
    }
}

/// Ends what [`acquire_scratch`] has begun.
///
/// # Safety
/// The caller has acquired the task's scratch memory, and runs on its worker.
pub(crate) unsafe fn release_scratch(task: *mut Task) {
    // SAFETY: a task with scratch memory has a block.
    unsafe { (*get(task)).is_acquired = false }
}

/// Returns the scratch memory that the task has reserved.
///
/// # Safety
/// `task` runs on this thread, and has reserved scratch memory.
pub(crate) unsafe fn scratch(task: *mut Task) -> *mut u8 {
    // SAFETY: a task with scratch memory has a block.
    unsafe { ColdBlock::scratch(get(task)) }
}

/// Records that `count` wait-queue nodes are at the start of the task's scratch memory; 0: none.
///
/// # Safety
/// `task` runs on this thread, and has reserved the scratch memory.
pub(crate) unsafe fn set_select_waiters(task: *mut Task, count: u32) {
    // SAFETY: a task with scratch memory has a block.
    unsafe { (*get(task)).select_waiters = count }
}

/// Takes the nodes of a task that waits in a select out of their queues.
///
/// # Safety
/// The task's wait has ended, and the task does not run. The objects that it has waited for are live.
pub(crate) unsafe fn dequeue_select_waiters(task: *mut Task) {
    // SAFETY: the wait has ended, and the objects are live.
    unsafe {
        let block = get(task);
        if !block.is_null() {
            ColdBlock::dequeue_select_waiters(block);
        }
    }
}

/// Returns the task's name, or null.
///
/// # Safety
/// `task` is live.
pub(crate) unsafe fn name(task: *mut Task) -> *mut c_char {
    // SAFETY: the task is live, and so is its block.
    unsafe {
        let block = (*task).cold.load(Ordering::Acquire);
        if block.is_null() { ptr::null_mut() } else { (*block).name.load(Ordering::Acquire) }
    }
}

/// Replaces the task's name, which is freed. `name` is from malloc, or null. False: there is no memory.
///
/// # Safety
/// The lock of the task's group is held, or no other thread knows the task.
pub(crate) unsafe fn set_name(task: *mut Task, name: *mut c_char) -> bool {
    // SAFETY: the lock of the group is held, or no other thread knows the task.
    unsafe {
        if name.is_null() && get(task).is_null() {
            return true;
        }
        let Some(block) = get_or_create(task).as_ref() else { return false };
        block.set_name(name);
    }
    true
}
