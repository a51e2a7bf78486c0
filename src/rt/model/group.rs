//! Groups: every task is in one, that of a main task or one that a program opens. A group keeps its tasks
//! until they are joined, or detached, or until it is closed. `nesting` says which group is inside which.

use core::ffi::c_int;
use core::ptr::{self, NonNull};

use super::caller::Caller;
use super::nesting::{self, Brackets};
use super::runtime::Runtime;
use super::task::{self, Task};
use super::worker::Worker;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::{Lock, SeveralTouch};
use crate::rt::base::parker::Hearing;
use crate::rt::base::wait_queue::{Queue, Waiter};
use crate::rt::base::wait_reason::Why;
use crate::rt::os::{self, Outcome};
use crate::rt::park::attempt::{self, Awaited};
use crate::sys;

/// A group of tasks.
pub struct Group {
    /// For all below but the last three.
    pub(crate) lock: Lock,
    /// Is it that of a main task?
    pub(crate) is_root: bool,
    /// It was cancelled. Written under the runtime's lock, too.
    pub(crate) is_cancelled: bool,
    /// Does a thread in acort_enter() do nothing but wait for its end? It is one that wakes nobody until then.
    is_waited_for: bool,
    /// Nothing could wake its tasks.
    pub(crate) is_stuck: bool,
    /// The errno that it has failed with first, or 0.
    error: c_int,
    /// How many have not ended.
    live: usize,
    first: *mut Task,
    /// Those who wait until none lives.
    waiters: Queue,
    pub(crate) runtime: *mut Runtime,
    /// Its place among the groups of the runtime, under that one's lock.
    pub(crate) brackets: Brackets,
    _touched: SeveralTouch,
}

/// A new group of `runtime`, inside the one of `opener`; NULL: inside none. `is_root`: that of a main task.
///
/// # Safety
/// The runtime exists; `opener` is NULL or the task that runs here, one of the runtime's.
pub(crate) unsafe fn open(
    runtime: *mut Runtime,
    opener: *mut Task,
    is_root: bool,
) -> Outcome<NonNull<Group>> {
    let group = os::allocate_zeroed::<Group>().ok_or(libc::ENOMEM)?;
    let new = group.as_ptr();
    // SAFETY: a new group; the caller's promise: the opener's group exists.
    unsafe {
        (*new).runtime = runtime;
        let _held = ((*runtime).lock.hold(), (*new).lock.hold());
        match opener.as_ref() {
            None => {
                (*new).is_root = is_root;
                nesting::put_in(ptr::null_mut(), new);
            }
            Some(opener) => {
                (*new).is_cancelled = nesting::is_born_cancelled(opener);
                nesting::put_in(opener.group, new);
            }
        }
    }
    Ok(group)
}

/// Opens a group inside that of the running task; in a hook that no task runs, inside none. EPERM: this thread is no
/// worker.
pub(crate) fn open_here() -> Outcome<*mut Group> {
    // SAFETY: the thread's worker, and the task that runs on it.
    unsafe {
        let worker = Worker::here().as_ref().ok_or(libc::EPERM)?;
        open(worker.runtime, worker.current, false).map(NonNull::as_ptr)
    }
}

/// Frees a group with its ended tasks.
///
/// # Safety
/// No task of it lives; nobody uses it from here on.
pub(crate) unsafe fn free(group: *mut Group) {
    // SAFETY: the caller's promise.
    unsafe {
        // First: a walk holds the runtime's lock, and comes to the groups of its list alone.
        nesting::take_out(group);
        while let Some(task) = NonNull::new((*group).first) {
            (*group).unlink(task.as_ptr());
            // Its worker may be about to let go of it: see `finish`.
            drop((*task.as_ptr()).lock.hold());
            task::free(task.as_ptr());
        }
        sys::free(group.cast());
    }
}

impl Group {
    /// Takes a new task in. It is cancelled if the group is.
    ///
    /// # Safety
    /// Nobody else knows the task.
    pub(crate) unsafe fn take_in(&mut self, task: *mut Task) {
        let _held = self.lock.hold();
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            (*task).group = self;
            (*task).group_next = self.first;
            (*task).group_previous = ptr::null_mut();
            if let Some(first) = self.first.as_mut() {
                first.group_previous = task;
            }
            if self.is_cancelled && !self.is_root {
                (*task).parker.cancel();
            }
        }
        self.first = task;
        self.live += 1;
    }

    /// Takes a task out of the list. The lock is held, or nobody else knows the group.
    ///
    /// # Safety
    /// The task is in it.
    unsafe fn unlink(&mut self, task: *mut Task) {
        // SAFETY: the caller's promise; who is in the list exists.
        unsafe {
            let (next, previous) = ((*task).group_next, (*task).group_previous);
            match previous.as_mut() {
                Some(previous) => previous.group_next = next,
                None => self.first = next,
            }
            if let Some(next) = next.as_mut() {
                next.group_previous = previous;
            }
        }
    }

    /// An ended task is not kept any more.
    ///
    /// # Safety
    /// The task is in the list.
    pub(crate) unsafe fn forget(&mut self, task: *mut Task) {
        let _held = self.lock.hold();
        // SAFETY: the caller's promise.
        unsafe { self.unlink(task) }
    }

    /// A task has ended, and is kept or not. Gives who is to be woken: after the last one those who wait; the
    /// group may be gone then.
    ///
    /// # Safety
    /// The group exists; the task is in its list.
    #[inline(always)]
    pub(crate) unsafe fn ended(group: *mut Group, task: *mut Task, is_kept: bool) -> *mut Waiter {
        // SAFETY: the caller's promise.
        unsafe {
            let _held = (*group).lock.hold();
            if !is_kept {
                (*group).unlink(task);
            }
            (*group).live -= 1;
            if (*group).live == 0 && (*group).is_waited_for {
                (*group).is_waited_for = false;
                (*(*group).runtime).waiting_callers.fetch_sub(1, Ordering::SeqCst);
            }
            if (*group).live == 0 { (*group).waiters.claim_all() } else { ptr::null_mut() }
        }
    }

    /// The thread that has started its tasks waits for their end from here on.
    pub(crate) fn caller_waits(&mut self) {
        let _held = self.lock.hold();
        if self.live != 0 {
            self.is_waited_for = true;
            // SAFETY: a group's runtime is there.
            unsafe { (*self.runtime).a_caller_waits() }
        }
    }

    /// Calls `visit` for each task, the ended ones that are kept, too. The lock is held meanwhile.
    pub(crate) fn each(&mut self, visit: &mut dyn FnMut(*mut Task)) {
        let _held = self.lock.hold();
        let mut task = self.first;
        // SAFETY: who is in the list exists.
        while let Some(this) = unsafe { task.as_ref() } {
            let next = this.group_next;
            visit(task);
            task = next;
        }
    }
}

/// Until no task of it lives.
impl Awaited for Group {
    unsafe fn parts(group: *mut Group) -> (*const Lock, *mut Queue) {
        // SAFETY: the caller's promise.
        unsafe { (&raw const (*group).lock, &raw mut (*group).waiters) }
    }

    unsafe fn attempt(group: *mut Group, _: *mut u8) -> Option<Outcome<()>> {
        // SAFETY: the caller's promise.
        unsafe {
            if (*group).live != 0 {
                return None;
            }
            (*group).lock.give();
        }
        Some(Ok(()))
    }
}

/// `group` has failed with the errno `error`, unless it has failed before: all its tasks but the caller are
/// cancelled, as by [`nesting::cancel`]. EINVAL: that is no errno.
///
/// # Safety
/// The group exists.
pub(crate) unsafe fn fail(group: *mut Group, error: c_int) -> Outcome<()> {
    if error <= 0 {
        return Err(libc::EINVAL);
    }
    // SAFETY: the caller's promise.
    unsafe {
        let held = (*group).lock.hold();
        if (*group).error == 0 {
            (*group).error = error;
        }
        drop(held);
        nesting::cancel(group);
    }
    Ok(())
}

/// The errno that `group` has failed with.
///
/// # Safety
/// The group exists, and no task of it lives.
pub(crate) unsafe fn outcome(group: *mut Group) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let _held = (*group).lock.hold();
        if (*group).error == 0 { Ok(()) } else { Err((*group).error) }
    }
}

/// EDEADLK: the running task is one of `group`, so that its end would wait for itself.
fn refuse_member(group: *mut Group) -> Outcome<()> {
    // SAFETY: the task that runs.
    let is_member = unsafe { task::here().as_ref() }.is_some_and(|me| me.group == group);
    if is_member { Err(libc::EDEADLK) } else { Ok(()) }
}

/// Waits until no task of `group` lives. EDEADLK: the caller is one.
///
/// # Safety
/// The group exists until then.
pub(crate) unsafe fn wait(
    caller: Caller,
    group: *mut Group,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    refuse_member(group)?;
    // SAFETY: the caller's promise.
    unsafe { attempt::wait(caller, group, ptr::null_mut(), Why::Group, hearing, deadline) }
}

/// Cancels the tasks of `group`, waits for their ends, and frees it. EDEADLK: the caller is one, and nothing is
/// done.
///
/// # Safety
/// The group exists; nobody uses it from here on.
pub(crate) unsafe fn close(group: *mut Group) -> Outcome<()> {
    refuse_member(group)?;
    // SAFETY: the caller's promise.
    unsafe {
        nesting::cancel(group);
        wait(Caller::current(), group, Hearing::Nothing, -1)?;
        free(group);
    }
    Ok(())
}

/// `group`, or where that is NULL the running task's. EPERM: none runs.
pub(crate) fn or_own(group: *mut Group) -> Outcome<*mut Group> {
    // SAFETY: the task that runs.
    match unsafe { task::here().as_ref() } {
        _ if !group.is_null() => Ok(group),
        Some(task) => Ok(task.group),
        None => Err(libc::EPERM),
    }
}
