//! The hooks of the program, which are called at each change of a task's state.
//!
//! A task is created, starts, blocks, is woken, or finishes. A hook runs on the thread where that happens, without
//! any lock (T6). It must not wait.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::abi::{acort_hooks_t, acort_task_t};
use super::task::Task;
use super::worker::Worker;
use crate::diag;
use crate::rt::base::WaitReason;

/// The hooks, or null. The program keeps the struct while it is set.
#[unsafe(link_section = "aco_shared")]
static HOOKS: AtomicPtr<acort_hooks_t> = AtomicPtr::new(ptr::null_mut());

/// A hook for a task.
pub(crate) type Hook = Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>;

/// Sets the hooks; null: none.
pub(crate) fn set(hooks: *mut acort_hooks_t) {
    HOOKS.store(hooks, Ordering::Release);
}

/// Counts a hook that runs on this thread's worker, until it is dropped: no call yields meanwhile (B3 of `budget`).
struct InHook(*mut Worker);

impl InHook {
    fn new() -> InHook {
        let worker = Worker::current();
        // SAFETY: the worker of this thread is live, or null.
        if let Some(worker) = unsafe { worker.as_mut() } {
            worker.hook_depth += 1;
        }
        InHook(worker)
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        // SAFETY: the worker of this thread is live, or null.
        if let Some(worker) = unsafe { self.0.as_mut() } {
            worker.hook_depth -= 1;
        }
    }
}

/// Reports what the hook that `select` chooses is for.
#[inline(always)]
pub(crate) fn call(task: *mut Task, select: fn(&acort_hooks_t) -> Hook) {
    let hooks = HOOKS.load(Ordering::Acquire);
    if !hooks.is_null() {
        call_slow(hooks, task, select);
    }
}

#[cold]
#[inline(never)]
fn call_slow(hooks: *mut acort_hooks_t, task: *mut Task, select: fn(&acort_hooks_t) -> Hook) {
    // SAFETY: the program keeps the struct, and its hooks take these arguments.
    unsafe {
        if let Some(hook) = select(&*hooks) {
            let _inside = InHook::new();
            hook((*hooks).user, task);
        }
    }
}

/// Reports that a task is about to block.
#[inline(always)]
pub(crate) fn on_block(task: *mut Task, wait_reason: WaitReason) {
    let hooks = HOOKS.load(Ordering::Acquire);
    if !hooks.is_null() {
        on_block_slow(hooks, task, wait_reason);
    }
}

#[cold]
#[inline(never)]
fn on_block_slow(hooks: *mut acort_hooks_t, task: *mut Task, wait_reason: WaitReason) {
    // SAFETY: the hooks stay until others are set (acort_set_hooks()). A task blocks on the thread of its worker,
    // which is live.
    unsafe {
        let Some(hook) = (*hooks).block else { return };
        let worker = Worker::current();
        if (*worker).in_block_hook {
            let what = format_args!("a hook that is told of a wait would have to wait");
            diag::fatal("acort", task, what, "wait in tasks, or call with deadline 0")
        }
        (*worker).in_block_hook = true;
        let _inside = InHook::new();
        hook((*hooks).user, task, wait_reason.text().as_ptr());
        (*worker).in_block_hook = false;
    }
}

/// Returns how long a task may run before the `slice` hook is called, in nanoseconds; 0: it is never called.
#[inline(always)]
pub(crate) fn slice_limit() -> i64 {
    // SAFETY: the hooks stay until others are set (acort_set_hooks()).
    unsafe { HOOKS.load(Ordering::Acquire).as_ref() }.map_or(0, |hooks| hooks.slice_limit)
}

/// Reports that a task has run for longer than the limit.
pub(crate) fn on_slice_exceeded(task: *mut Task, nanoseconds: i64) {
    let hooks = HOOKS.load(Ordering::Acquire);
    // SAFETY: the hooks stay until others are set (acort_set_hooks()).
    unsafe {
        if let Some(hook) = hooks.as_ref().and_then(|hooks| hooks.slice) {
            let _inside = InHook::new();
            hook((*hooks).user, task, nanoseconds);
        }
    }
}
