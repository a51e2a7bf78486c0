//! What a program wants to be told of each task.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::abi::{acort_hooks_t, acort_task_t};
use super::task::Task;
use super::worker::Worker;
use crate::diag;
use crate::rt::base::wait_reason::WaitReason;

#[unsafe(link_section = "aco_shared")]
static HOOKS: AtomicPtr<acort_hooks_t> = AtomicPtr::new(ptr::null_mut());

/// A function that is told of a task.
type Hook = Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>;

/// Sets the hooks; NULL: none.
pub(crate) fn set(hooks: *mut acort_hooks_t) {
    HOOKS.store(hooks, Ordering::Release);
}

/// This thread's worker, while a hook runs on it: no call gives way then (B3).
struct InHook(*mut Worker);

impl InHook {
    fn new() -> InHook {
        let worker = Worker::current();
        // SAFETY: this thread's worker.
        if let Some(worker) = unsafe { worker.as_mut() } {
            worker.hook_depth += 1;
        }
        InHook(worker)
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        // SAFETY: as above.
        if let Some(worker) = unsafe { self.0.as_mut() } {
            worker.hook_depth -= 1;
        }
    }
}

#[inline(always)]
fn call(task: *mut Task, select: fn(&acort_hooks_t) -> Hook) {
    let hooks = HOOKS.load(Ordering::Acquire);
    if !hooks.is_null() {
        call_slow(hooks, task, select);
    }
}

#[cold]
#[inline(never)]
fn call_slow(hooks: *mut acort_hooks_t, task: *mut Task, select: fn(&acort_hooks_t) -> Hook) {
    // SAFETY: the program has promised that the hooks stay, and what they take.
    unsafe {
        if let Some(hook) = select(&*hooks) {
            let _inside = InHook::new();
            hook((*hooks).user, task);
        }
    }
}

/// A task was made.
#[inline(always)]
pub(crate) fn on_create(task: *mut Task) {
    call(task, |hooks| hooks.create);
}

/// A task begins.
#[inline(always)]
pub(crate) fn on_start(task: *mut Task) {
    call(task, |hooks| hooks.start);
}

/// A task has ended.
#[inline(always)]
pub(crate) fn on_finish(task: *mut Task) {
    call(task, |hooks| hooks.finish);
}

/// A task was woken.
#[inline(always)]
pub(crate) fn on_wake(task: *mut Task) {
    call(task, |hooks| hooks.wake);
}

/// A task begins to wait.
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
    // SAFETY: as in `call_slow`; the thread's worker, on which the task runs.
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

/// How long a task may run before that is told, in nanoseconds; 0: for ever.
#[inline(always)]
pub(crate) fn slice_limit() -> i64 {
    // SAFETY: as in `call_slow`.
    unsafe { HOOKS.load(Ordering::Acquire).as_ref() }.map_or(0, |hooks| hooks.slice_limit)
}

/// A task has run for longer.
pub(crate) fn on_slice_exceeded(task: *mut Task, nanoseconds: i64) {
    let hooks = HOOKS.load(Ordering::Acquire);
    // SAFETY: as in `call_slow`.
    unsafe {
        if let Some(hook) = hooks.as_ref().and_then(|hooks| hooks.slice) {
            let _inside = InHook::new();
            hook((*hooks).user, task, nanoseconds);
        }
    }
}
