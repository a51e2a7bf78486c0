//! acort_group_next(): waits for the end of one more task of a group. G6 is in `model/group`.

use core::ffi::c_void;
use core::ptr;

use super::join;
use crate::rt::base::WaitReason;
use crate::rt::model::{Caller, Group, Task, Worker, task, task_cold};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable, attempt};

/// A group, as the calls that wait for one more end see it. A slot is for the task; it stays null if no task is left.
#[repr(transparent)]
struct Ended(Group);

impl Waitable for Ended {
    unsafe fn parts(group: *mut Ended) -> Parts {
        // SAFETY: the group exists.
        unsafe { (&raw const (*group).0.lock, &raw mut (*group).0.next_waiters) }
    }

    unsafe fn attempt(&mut self, slot: *mut u8) -> Attempt {
        // SAFETY: the lock is held, and the slot is for a task.
        unsafe {
            let task = self.0.take_ended();
            if task.is_null() && self.0.live != 0 {
                return None;
            }
            slot.cast::<*mut Task>().write(task);
        }
        SUCCESS
    }
}

/// Waits until one more task of `group` has ended, and frees it. Returns the task, which is not to be used, and its
/// result. Errors: `ESRCH` if no task is left; `EDEADLK` if the caller is a task of the group; `ENOMEM`, also if the
/// task could not start; `ETIMEDOUT`, `ECANCELED`.
///
/// # Safety
/// The group exists until the call returns.
pub(crate) unsafe fn next(
    caller: Caller,
    group: *mut Group,
    deadline: Deadline,
) -> Result<(*mut Task, *mut c_void)> {
    Group::check_not_member(group)?;
    let mut here: *mut Task = ptr::null_mut();
    let mut slot = &raw mut here;
    // SAFETY: the group exists. A task whose end the call has taken is the call's (G6), once its worker has unlocked it
    // (F2 of `finish`).
    unsafe {
        // The waker writes to the slot: it must not be on a shared stack (as C5 of `channel`).
        if !deadline.is_now() && Worker::is_on_shared_stack(slot.cast()) {
            slot = task_cold::reserve_scratch(task::current(), size_of::<*mut Task>()).cast();
            slot.as_mut().ok_or(libc::ENOMEM)?;
            slot.write(ptr::null_mut());
        }
        attempt::wait(caller, group.cast::<Ended>(), slot.cast(), WaitReason::Group, deadline)?;
        let task = slot.read().as_mut().ok_or(libc::ESRCH)?;
        drop(task.lock.guard());
        Ok((ptr::from_mut(task), join::take_result(task)?))
    }
}
