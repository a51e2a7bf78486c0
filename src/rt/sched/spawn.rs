//! Tasks are started.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};

use crate::rt::base::lock::tsan_release;
use crate::rt::model::abi::{
    ACORT_DETACHED, ACORT_MEASURE, ACORT_NEXT, ACORT_SHARED, ACORT_UNCONSTRAINED, acort_attr_t,
    acort_body_t,
};
use crate::rt::model::group::Group;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{
    self, CUSTOM_STACK, DETACHED, SHARED, STACK_PAINTED, Task, TaskStart, UNCONSTRAINED,
};
use crate::rt::model::worker::Worker;
use crate::rt::model::{hooks, task_cold, task_pool};
use crate::rt::os::{self, Result};
use crate::stack;

/// A task of the caller's runtime and group.
pub(crate) const PLAIN: acort_attr_t = acort_attr_t {
    size: size_of::<acort_attr_t>(),
    name: ptr::null(),
    group: ptr::null_mut(),
    stack_size: 0,
    flags: 0,
    worker: -1,
    stack: ptr::null_mut(),
    arg_copy_size: 0,
};

/// So many tasks of a turn are put before the others (ACORT_NEXT); the next ones are put behind them.
const MAX_PUT_FIRST: u32 = 16;

/// Starts a task of the caller's runtime. Only in a task: EPERM. EFAULT: `argument` is on a shared stack.
///
/// # Safety
/// The name ends in 0, the group exists.
pub(crate) unsafe fn go(
    attributes: &acort_attr_t,
    body: acort_body_t,
    argument: *mut c_void,
) -> Result<NonNull<Task>> {
    let (worker, me) = (Worker::current(), task::current());
    if me.is_null() {
        return Err(libc::EPERM);
    }
    // SAFETY: the task runs here, on its worker; the caller's promise.
    unsafe {
        let runtime = (*worker).runtime;
        let group = match attributes.group {
            group if !group.is_null() => group,
            _ => (*me).group,
        };
        if attributes.arg_copy_size == 0 && (*worker).stack_cache.shared_stack_contains(argument) {
            return Err(libc::EFAULT);
        }
        launch(runtime, group, attributes, 0, body, argument)
    }
}

/// What the attributes say of a task, as its flags. EINVAL: they do not go together, or do not exist.
#[inline(never)]
fn flags_of(attributes: &acort_attr_t, argument: *mut c_void) -> Result<u8> {
    const FLAGS: [(u32, u8); 4] = [
        (ACORT_SHARED, SHARED),
        (ACORT_DETACHED, DETACHED),
        (ACORT_MEASURE, STACK_PAINTED | CUSTOM_STACK),
        (ACORT_UNCONSTRAINED, UNCONSTRAINED),
    ];
    const TYPE_KNOWN: u32 =
        ACORT_SHARED | ACORT_DETACHED | ACORT_NEXT | ACORT_MEASURE | ACORT_UNCONSTRAINED;
    let acort_attr_t { flags, stack, stack_size, arg_copy_size, .. } = *attributes;
    let is_own = flags & ACORT_SHARED == 0;
    let has_stack = stack.is_null() || is_own && stack::can_hold_stack(stack, stack_size);
    let has_argument = arg_copy_size == 0 || !argument.is_null();
    if flags & !TYPE_KNOWN != 0
        || !has_stack
        || !has_argument
        || flags & ACORT_MEASURE != 0 && !is_own
    {
        return Err(libc::EINVAL);
    }
    let given = FLAGS.iter().filter(|(flag, _)| flags & flag != 0);
    let given = given.fold(0, |all, (_, flag)| all | flag);
    Ok(if stack_size != 0 { given | CUSTOM_STACK } else { given })
}

/// Starts a task, from any thread.
///
/// # Safety
/// The group is one of the runtime's; the name ends in 0.
pub(crate) unsafe fn launch(
    runtime: *mut Runtime,
    group: *mut Group,
    attributes: &acort_attr_t,
    more_flags: u8,
    body: acort_body_t,
    argument: *mut c_void,
) -> Result<NonNull<Task>> {
    // SAFETY: the caller's promise.
    unsafe {
        let count = (*runtime).options.workers;
        let is_named = attributes.worker >= 0;
        if body.is_none()
            || attributes.worker < -1
            || is_named && attributes.worker as u32 >= count
            || (*group).runtime != runtime
        {
            return Err(libc::EINVAL);
        }
        let acort_attr_t { flags, stack_size, stack, arg_copy_size, .. } = *attributes;
        let is_plain = flags == 0 && stack_size == 0 && stack.is_null() && arg_copy_size == 0;
        let flags = if is_plain { 0 } else { flags_of(attributes, argument)? } | more_flags;
        let start = TaskStart { entry: body, arg: argument, stack_size, stack };
        let made = task_pool::create(start, flags).ok_or(libc::ENOMEM)?;
        let task = made.as_ptr();
        let is_copied = arg_copy_size == 0 || copy_argument(task, attributes);
        if !is_copied || set_name(task, attributes.name).is_err() {
            task_pool::free(task);
            return Err(libc::ENOMEM);
        }
        (*runtime).task_created(Worker::current());
        (*group).add(task);
        hooks::on_create(task);
        tsan_release(&raw const (*task).parker);
        place(runtime, task, attributes);
        Ok(made)
    }
}

/// Gives a new task a copy of its argument. False: there is no memory.
#[cold]
unsafe fn copy_argument(task: *mut Task, attributes: &acort_attr_t) -> bool {
    // SAFETY: the caller's promise: so many bytes are there, and nobody knows the task.
    unsafe {
        let beginning = &mut (*task).phase.start;
        let (from, size) = (beginning.arg, attributes.arg_copy_size);
        beginning.arg = task_cold::copy_argument(task, from, size);
        !beginning.arg.is_null()
    }
}

/// Gives a new task to who runs it.
unsafe fn place(runtime: *mut Runtime, task: *mut Task, attributes: &acort_attr_t) {
    let here = Worker::current();
    // SAFETY: the task is in no list; the number was checked.
    unsafe {
        let is_mine = !here.is_null() && (*here).runtime == runtime;
        let is_next = attributes.flags & ACORT_NEXT != 0;
        match (*runtime).worker(attributes.worker as u32) {
            None if is_mine && (is_next || (*runtime).options.workers == 1) => {}
            None => return (*runtime).inject(task),
            Some(worker) if ptr::eq(worker, here) => {}
            Some(worker) => return Worker::push_remote(ptr::from_ref(worker).cast_mut(), task),
        }
        // Tasks that start each other so must leave the others their turns.
        if is_next && (*here).front_pushes < MAX_PUT_FIRST {
            (*here).front_pushes += 1;
            (*here).run_queue.push_front(task)
        } else {
            (*here).run_queue.push(task)
        }
    }
}

/// Copies a name; NULL: none.
///
/// # Safety
/// Nobody else looks at the task's name; the text ends in 0.
pub(crate) unsafe fn set_name(task: *mut Task, name: *const c_char) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let copy = match name.is_null() {
            true => ptr::null_mut(),
            false => os::strdup(name).ok_or(libc::ENOMEM)?.as_ptr(),
        };
        if task_cold::set_name(task, copy) {
            return Ok(());
        }
        crate::sys::free(copy.cast());
    }
    Err(libc::ENOMEM)
}

/// Ends the running task with a result. None: no task runs here.
pub(crate) fn exit(result: *mut c_void) -> Option<core::convert::Infallible> {
    let task = task::current();
    // SAFETY: the task runs here.
    unsafe {
        let task = task.as_mut()?;
        if crate::tls::current() != task.co {
            return None;
        }
        task.set_result(result);
        crate::resume::exit(task.co, crate::resume::exit_to)
    }
}

/// Gives a task another name.
///
/// # Safety
/// The task exists; the text is NULL or ends in 0.
pub(crate) unsafe fn rename(task: *mut Task, name: *const c_char) -> Result<()> {
    // SAFETY: the caller's promise. Who shows tasks holds the group.
    unsafe {
        let _guard = (*(*task).group).lock.guard();
        set_name(task, name)
    }
}
