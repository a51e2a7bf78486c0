//! What a program wants to be told of each task.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::abi::{acort_hooks_t, acort_task_t};
use super::task::Task;
use super::worker::Worker;
use crate::diag;
use crate::rt::base::wait_reason::Why;

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
        let worker = Worker::here();
        // SAFETY: this thread's worker.
        if let Some(worker) = unsafe { worker.as_mut() } {
            worker.in_hook += 1;
        }
        InHook(worker)
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        // SAFETY: as above.
        if let Some(worker) = unsafe { self.0.as_mut() } {
            worker.in_hook -= 1;
        }
    }
}

#[inline(always)]
fn tell(task: *mut Task, which: fn(&acort_hooks_t) -> Hook) {
    let hooks = HOOKS.load(Ordering::Acquire);
    if !hooks.is_null() {
        tell_slowly(hooks, task, which);
    }
}

#[cold]
#[inline(never)]
fn tell_slowly(hooks: *mut acort_hooks_t, task: *mut Task, which: fn(&acort_hooks_t) -> Hook) {
    // SAFETY: the program has promised that the hooks stay, and what they take.
    unsafe {
        if let Some(hook) = which(&*hooks) {
            let _inside = InHook::new();
            hook((*hooks).user, task);
        }
    }
}

/// A task was made.
#[inline(always)]
pub(crate) fn created(task: *mut Task) {
    tell(task, |hooks| hooks.create);
}

/// A task begins.
#[inline(always)]
pub(crate) fn started(task: *mut Task) {
    tell(task, |hooks| hooks.start);
}

/// A task has ended.
#[inline(always)]
pub(crate) fn ended(task: *mut Task) {
    tell(task, |hooks| hooks.finish);
}

/// A task was woken.
#[inline(always)]
pub(crate) fn woken(task: *mut Task) {
    tell(task, |hooks| hooks.wake);
}

/// A task begins to wait.
#[inline(always)]
pub(crate) fn waits(task: *mut Task, why: Why) {
    let hooks = HOOKS.load(Ordering::Acquire);
    if !hooks.is_null() {
        waits_slowly(hooks, task, why);
    }
}

#[cold]
#[inline(never)]
fn waits_slowly(hooks: *mut acort_hooks_t, task: *mut Task, why: Why) {
    // SAFETY: as in `tell_slowly`; the thread's worker, on which the task runs.
    unsafe {
        let Some(hook) = (*hooks).block else { return };
        let worker = Worker::here();
        if (*worker).is_telling {
            let what = format_args!("a hook that is told of a wait would have to wait");
            diag::fatal("acort", task, what, "wait in tasks, or call with deadline 0")
        }
        (*worker).is_telling = true;
        let _inside = InHook::new();
        hook((*hooks).user, task, why.text().as_ptr());
        (*worker).is_telling = false;
    }
}

/// How long a task may run before that is told, in nanoseconds; 0: for ever.
#[inline(always)]
pub(crate) fn slice_limit() -> i64 {
    // SAFETY: as in `tell_slowly`.
    unsafe { HOOKS.load(Ordering::Acquire).as_ref() }.map_or(0, |hooks| hooks.slice_limit)
}

/// A task has run for longer.
pub(crate) fn overran(task: *mut Task, nanoseconds: i64) {
    let hooks = HOOKS.load(Ordering::Acquire);
    // SAFETY: as in `tell_slowly`.
    unsafe {
        if let Some(hook) = hooks.as_ref().and_then(|hooks| hooks.slice) {
            let _inside = InHook::new();
            hook((*hooks).user, task, nanoseconds);
        }
    }
}
