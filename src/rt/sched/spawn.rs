//! Spawns tasks, renames them, and ends the running one.
//!
//! ```text
//!   check the attributes ──> task_pool::create: NEW ──> argument, name ──> count ──> group ──> hook ──> schedule
//!     EINVAL                  ENOMEM                     ENOMEM: freed
//!
//!   schedule: attributes.worker        where
//!   n                                  worker n: its inbox, or this worker's run queue
//!   -1, one worker, or ACORT_NEXT      this worker's run queue, if it is of the same runtime
//!   -1                                 the injector
//! ```
//!
//! * V1. Before the group has the task no other thread knows it. From then on a walk finds it (`dump`, cancel), and a
//!   worker runs it once it is scheduled.
//! * V2. The runtime counts the task before its group has it, so `live_tasks` misses no task that a walk can find
//!   alive.
//! * V3. ACORT_NEXT puts a task before the others of the run queue, for the first [`MAX_FRONT_PUSHES`] tasks of a
//!   turn. The next ones go to the end, so that tasks that spawn each other leave the other tasks their turns.
//! * V4. The worker of the spawner may take from the injector first: another one that falls out of its sleep waits for
//!   GRACE_NS of `base::spin` before it takes a task. So tasks that one task starts, and that wait
//!   for each other at once, begin on its worker. If the spawner goes on, they begin elsewhere after that time.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use super::{cleanup, priority, strict};
use crate::rt::base::tsan_release;
use crate::rt::model::abi::{
    ACORT_DETACHED, ACORT_LOW, ACORT_MEASURE, ACORT_NEXT, ACORT_SHARED, ACORT_UNCONSTRAINED,
    acort_attr_t, acort_body_t,
};
use crate::rt::model::task::{
    CUSTOM_STACK, DETACHED, SHARED, STACK_PAINTED, TaskStart, UNCONSTRAINED,
};
use crate::rt::model::{Group, Runtime, Task, Worker, hooks, task, task_cold, task_pool};
use crate::rt::os::{self, Result};
use crate::stack;

/// The attributes of acort_go().
pub(crate) const DEFAULT_ATTRIBUTES: acort_attr_t = acort_attr_t {
    size: size_of::<acort_attr_t>(),
    name: ptr::null(),
    group: ptr::null_mut(),
    stack_size: 0,
    flags: 0,
    worker: -1,
    stack: ptr::null_mut(),
    arg_copy_size: 0,
    arg_destroy: None,
};

/// The most tasks of a turn that ACORT_NEXT puts before the others (V3).
const MAX_FRONT_PUSHES: u32 = 16;

/// Spawns a task in the runtime of the running task. Errors: `EPERM` if no task runs; `EFAULT` if `arg` is on the
/// shared stack; those of [`spawn_in`].
///
/// # Safety
/// The attributes' name is NULL or ends in 0; their group is NULL or exists. `entry` is None or can be called with
/// `arg`.
pub(crate) unsafe fn spawn(
    attributes: &acort_attr_t,
    entry: acort_body_t,
    arg: *mut c_void,
) -> Result<NonNull<Task>> {
    let (worker, current) = (Worker::current(), task::current());
    if current.is_null() {
        strict::warn_no_task();
        return Err(libc::EPERM);
    }
    // SAFETY: a running task has a worker, a runtime and a group.
    unsafe {
        let runtime = (*worker).runtime;
        let group = match attributes.group {
            group if !group.is_null() => group,
            _ => (*current).group,
        };
        if attributes.arg_copy_size == 0 && (*worker).stack_cache.shared_stack_contains(arg) {
            return Err(libc::EFAULT);
        }
        spawn_in(runtime, group, attributes, 0, entry, arg)
    }
}

/// The flags of a task with these attributes. Errors: `EINVAL` for attributes that do not exist or do not fit together.
#[inline(never)]
fn task_flags(attributes: &acort_attr_t, arg: *mut c_void) -> Result<u8> {
    const FLAGS: [(u32, u8); 4] = [
        (ACORT_SHARED, SHARED),
        (ACORT_DETACHED, DETACHED),
        (ACORT_MEASURE, STACK_PAINTED | CUSTOM_STACK),
        (ACORT_UNCONSTRAINED, UNCONSTRAINED),
    ];
    const KNOWN_FLAGS: u32 = ACORT_SHARED
        | ACORT_DETACHED
        | ACORT_NEXT
        | ACORT_MEASURE
        | ACORT_UNCONSTRAINED
        | ACORT_LOW;
    let acort_attr_t { flags, stack, stack_size, arg_copy_size, .. } = *attributes;
    let is_private = flags & ACORT_SHARED == 0;
    let has_stack = stack.is_null() || is_private && stack::can_hold_stack(stack, stack_size);
    let has_arg = arg_copy_size == 0 || !arg.is_null();
    if flags & !KNOWN_FLAGS != 0
        || !has_stack
        || !has_arg
        || flags & ACORT_MEASURE != 0 && !is_private
    {
        return Err(libc::EINVAL);
    }
    let chosen = FLAGS.iter().filter(|(flag, _)| flags & flag != 0);
    let task_flags = chosen.fold(0, |all, (_, flag)| all | flag);
    Ok(if stack_size != 0 { task_flags | CUSTOM_STACK } else { task_flags })
}

/// Spawns a task in a group, from any thread. Errors: `EINVAL` for attributes that do not exist or do not fit together;
/// `ENOMEM`.
///
/// # Safety
/// The runtime and the group exist. The attributes' name is NULL or ends in 0. `entry` is None or can be called with
/// `arg`.
pub(crate) unsafe fn spawn_in(
    runtime: *mut Runtime,
    group: *mut Group,
    attributes: &acort_attr_t,
    more_flags: u8,
    entry: acort_body_t,
    arg: *mut c_void,
) -> Result<NonNull<Task>> {
    // SAFETY: the runtime and the group exist. No other thread knows the task before the group has it (V1).
    unsafe {
        let count = (*runtime).options.workers;
        let has_worker = attributes.worker >= 0;
        if entry.is_none()
            || attributes.worker < -1
            || has_worker && attributes.worker as u32 >= count
            || (*group).runtime != runtime
        {
            return Err(libc::EINVAL);
        }
        let acort_attr_t { flags, stack_size, stack, arg_copy_size, arg_destroy, .. } = *attributes;
        let is_plain = flags == 0
            && stack_size == 0
            && stack.is_null()
            && arg_copy_size == 0
            && arg_destroy.is_none();
        let flags = if is_plain { 0 } else { task_flags(attributes, arg)? } | more_flags;
        let start = TaskStart { entry, arg, stack_size, stack };
        let new = task_pool::create(start, flags).ok_or(libc::ENOMEM)?;
        let task = new.as_ptr();
        let is_prepared = is_plain || prepare(task, attributes);
        if !is_prepared || set_name(task, attributes.name).is_err() {
            task_pool::free(task);
            return Err(libc::ENOMEM);
        }
        (*runtime).task_created(Worker::current());
        (*group).add(task);
        hooks::call(task, |hooks| hooks.create);
        tsan_release(&raw const (*task).parker);
        schedule(runtime, task, attributes);
        Ok(new)
    }
}

/// Gives a NEW task what few tasks have: low priority, a copy of the argument, its destructor. Returns false if there
/// is no memory.
///
/// # Safety
/// No other thread knows the task. Its argument has `arg_copy_size` bytes.
#[cold]
unsafe fn prepare(task: *mut Task, attributes: &acort_attr_t) -> bool {
    // SAFETY: the task is NEW, so `start` is its phase. The argument has so many bytes.
    unsafe {
        if attributes.flags & ACORT_LOW != 0 {
            (*task).make_low();
        }
        let start = &mut (*task).phase.start;
        if attributes.arg_copy_size != 0 {
            start.arg = task_cold::copy_argument(task, start.arg, attributes.arg_copy_size);
            if start.arg.is_null() {
                return false;
            }
        }
        attributes
            .arg_destroy
            .is_none_or(|destroy| task_cold::set_arg_destructor(task, destroy, start.arg))
    }
}

/// Calls the argument's destructor, if the attributes have one: no task was started.
///
/// # Safety
/// The destructor can be called with `arg`.
pub(crate) unsafe fn destroy_argument(attributes: &acort_attr_t, arg: *mut c_void) {
    if let Some(destroy) = attributes.arg_destroy {
        // SAFETY: the destructor takes the argument.
        unsafe { destroy(arg) }
    }
}

/// Makes a NEW task ready.
///
/// # Safety
/// The task is in no list but its group's. `attributes.worker` is -1, or one of the runtime's workers.
unsafe fn schedule(runtime: *mut Runtime, task: *mut Task, attributes: &acort_attr_t) {
    let here = Worker::current();
    // SAFETY: `here` is NULL or this thread's. The task is in no list.
    unsafe {
        let is_own_runtime = !here.is_null() && (*here).runtime == runtime;
        let is_next = attributes.flags & ACORT_NEXT != 0;
        match (*runtime).worker(attributes.worker as u32) {
            None if is_own_runtime && (is_next || (*runtime).options.workers == 1) => {}
            None => {
                (*runtime).is_injector_awake.store(is_own_runtime, Ordering::Relaxed);
                return (*runtime).inject(task);
            }
            Some(worker) if ptr::eq(worker, here) => {}
            Some(worker) => return Worker::push_remote(ptr::from_ref(worker).cast_mut(), task),
        }
        if is_next && (*here).front_pushes < MAX_FRONT_PUSHES {
            (*here).front_pushes += 1;
            priority::push_front(here, task)
        } else {
            (*here).run_queue.push(task)
        }
    }
}

/// Copies a name for a task; NULL: it has none. Errors: `ENOMEM`.
///
/// # Safety
/// The lock of the task's group is held, or no other thread knows the task. `name` is NULL or ends in 0.
unsafe fn set_name(task: *mut Task, name: *const c_char) -> Result<()> {
    // SAFETY: `name` is NULL or ends in 0. No other thread reads the task's name.
    unsafe {
        let copy = os::strdup(name)?;
        if task_cold::set_name(task, copy) {
            return Ok(());
        }
        crate::sys::free(copy.cast());
    }
    Err(libc::ENOMEM)
}

/// Renames a task. Errors: `ENOMEM`.
///
/// # Safety
/// The task exists. `name` is NULL or ends in 0.
pub(crate) unsafe fn rename(task: *mut Task, name: *const c_char) -> Result<()> {
    // SAFETY: a task's group exists. A dump holds the same lock.
    unsafe {
        let _guard = (*(*task).group).lock.guard();
        set_name(task, name)
    }
}

/// Ends the running task with a result. Returns None if no task runs, or if the task has resumed a coroutine that runs.
pub(crate) fn exit(result: *mut c_void) -> Option<core::convert::Infallible> {
    let task = task::current();
    // SAFETY: the running task is this thread's, and its coroutine is the current one.
    unsafe {
        let task = task.as_mut()?;
        if crate::tls::current() != task.co {
            return None;
        }
        cleanup::run_all();
        task.set_result(result);
        crate::resume::exit(task.co, crate::resume::exit_to)
    }
}
