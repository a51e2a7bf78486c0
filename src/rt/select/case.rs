//! One case of a select: its object, how it is tried, and the queue that it waits in.

use core::ffi::c_int;

use crate::rt::base::{Lock, WaitQueue};
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::io::fd_table;
use crate::rt::model::abi::{
    ACORT_EVENT, ACORT_FD_READ, ACORT_FD_WRITE, ACORT_FUTURE, ACORT_RECV, ACORT_SEND, ACORT_TASK,
    acort_case_t,
};
use crate::rt::model::{Task, task};
use crate::rt::os::Result;
use crate::rt::park::{Attempt, SUCCESS};
use crate::rt::sync::channel::Channel;
use crate::rt::sync::event::Event;
use crate::rt::sync::future;

/// `acort_case_t.op` of acort_poll() and acort_fdwait(): waits for the events `reserved` in the queue of readers.
pub(super) const POLL_READ: i32 = -1;
/// As [`POLL_READ`], in the queue of writers.
pub(super) const POLL_WRITE: i32 = -2;
/// Waits in the queue of writers for the file of the case before, which has the same descriptor.
pub(super) const POLL_WRITE_TOO: i32 = -3;

/// What one case waits for.
#[derive(Clone, Copy)]
pub(super) enum Case {
    Send(*mut Channel),
    Receive(*mut Channel),
    /// A descriptor, the queue of its entry, and the events of poll(2). None: those of the case before.
    Fd(*mut FdEntry, Direction, c_int, Option<i16>),
    /// The end of a task.
    Task(*mut Task),
    /// An event, or that of a future.
    Event(*mut Event),
}

impl Case {
    /// Errors: `EINVAL` if the operation is unknown, or a pointer is NULL; those of `fd_table::entry`. A task is not
    /// checked.
    pub(super) fn of(case: &acort_case_t) -> Result<Case> {
        let has_object = !case.object.is_null();
        let has_value = has_object && !case.data.is_null();
        Ok(match case.op {
            ACORT_SEND if has_value => Case::Send(case.object.cast()),
            ACORT_RECV if has_value => Case::Receive(case.object.cast()),
            ACORT_TASK if has_object => Case::Task(case.object.cast()),
            ACORT_EVENT if has_object => Case::Event(case.object.cast()),
            ACORT_FUTURE if has_object => Case::Event(future::event_of(case.object.cast())),
            ACORT_FD_READ => Case::of_fd(case, Direction::Read, Some(libc::POLLIN))?,
            ACORT_FD_WRITE => Case::of_fd(case, Direction::Write, Some(libc::POLLOUT))?,
            POLL_READ => Case::of_fd(case, Direction::Read, Some(case.reserved as i16))?,
            POLL_WRITE => Case::of_fd(case, Direction::Write, Some(case.reserved as i16))?,
            POLL_WRITE_TOO => Case::of_fd(case, Direction::Write, None)?,
            _ => return Err(libc::EINVAL),
        })
    }

    fn of_fd(case: &acort_case_t, direction: Direction, events: Option<i16>) -> Result<Case> {
        Ok(Case::Fd(fd_table::entry(case.fd)?, direction, case.fd, events))
    }

    /// Aborts if the channel is local to another thread.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn check_thread(self) {
        if let Case::Send(channel) | Case::Receive(channel) = self {
            // SAFETY: the channel exists.
            unsafe { (*channel).check_owner("acort_select") }
        }
    }

    /// The lock of the object.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn lock(self) -> *const Lock {
        // SAFETY: the object exists.
        unsafe {
            match self {
                Case::Send(channel) | Case::Receive(channel) => &raw const (*channel).lock,
                Case::Fd(entry, ..) => &raw const (*entry).lock,
                Case::Task(task) => &raw const (*task).lock,
                Case::Event(event) => &raw const (*event).lock,
            }
        }
    }

    /// The queue that a waiter of this case joins.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn queue(self) -> *mut WaitQueue {
        // SAFETY: the object exists.
        unsafe {
            match self {
                Case::Send(channel) => &raw mut (*channel).senders,
                Case::Receive(channel) => &raw mut (*channel).receivers,
                Case::Fd(entry, direction, ..) => (*entry).waiters.shared(direction),
                Case::Task(task) => &raw mut (*task).join_waiters,
                Case::Event(event) => &raw mut (*event).queue,
            }
        }
    }

    /// The low half of a task's id; 0 for other objects. The program may join and free the task meanwhile: the id
    /// distinguishes the task from the next one in its block. Errors: `ESRCH` if the task is freed.
    ///
    /// # Safety
    /// The object exists; a task may be freed.
    pub(super) unsafe fn snapshot(self) -> Result<u32> {
        let Case::Task(task) = self else { return Ok(0) };
        // SAFETY: task blocks are never freed (T1). The id is that of this task, if the check afterwards finds it
        // alive.
        let id = unsafe { (*task).id() };
        task::check(task).map(|_| id as u32)
    }

    /// Performs the case, unless the call must wait for that. `snapshot` is what [`snapshot`](Self::snapshot) returned.
    /// Descriptors are polled by `SelectBuffers`.
    ///
    /// # Safety
    /// The object exists, and its lock is held. `data` has the value of a send, or room for that of a receive.
    pub(super) unsafe fn try_now(self, data: *mut u8, snapshot: u32) -> Attempt {
        let or_wait = |is_ready| if is_ready { SUCCESS } else { None };
        // SAFETY: the object exists, its lock is held, and `data` is as its channel needs.
        unsafe {
            match self {
                Case::Send(channel) => (*channel).try_send(data),
                Case::Receive(channel) => (*channel).try_receive(data),
                Case::Task(task) => or_wait(!(*task).is_alive() || (*task).id() as u32 != snapshot),
                Case::Event(event) => or_wait((*event).is_set != 0),
                Case::Fd(..) => None,
            }
        }
    }

    /// The size of the value that the case moves, in bytes; 0: none.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn value_size(self) -> usize {
        // SAFETY: the object exists.
        unsafe {
            match self {
                Case::Send(channel) | Case::Receive(channel) => (*channel).elem_size,
                _ => 0,
            }
        }
    }
}
