//! The cases of a select: what they are.

use core::ffi::c_int;

use crate::rt::base::lock::Lock;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::io::fd_table;
use crate::rt::model::abi::{
    ACORT_EVENT, ACORT_FD_READ, ACORT_FD_WRITE, ACORT_FUTURE, ACORT_RECV, ACORT_SEND, ACORT_TASK,
    acort_case_t,
};
use crate::rt::model::task::{self, Task};
use crate::rt::os::Result;
use crate::rt::sync::channel::{Attempt, Channel};
use crate::rt::sync::event::Event;
use crate::rt::sync::future;

/// A case, as it is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Send(*mut Channel),
    Receive(*mut Channel),
    Ready(*mut FdEntry, Direction, c_int),
    Task(*mut Task),
    Event(*mut Event),
}

impl Source {
    /// EINVAL: there is no such case, or its object is NULL. A task is not looked at.
    pub(crate) fn of(case: &acort_case_t) -> Result<Source> {
        let has_object = !case.object.is_null();
        let has_value = has_object && !case.data.is_null();
        Ok(match case.op {
            ACORT_SEND if has_value => Source::Send(case.object.cast()),
            ACORT_RECV if has_value => Source::Receive(case.object.cast()),
            ACORT_TASK if has_object => Source::Task(case.object.cast()),
            ACORT_EVENT if has_object => Source::Event(case.object.cast()),
            ACORT_FUTURE if has_object => Source::Event(future::event_of(case.object.cast())),
            ACORT_FD_READ | ACORT_FD_WRITE => {
                let way = if case.op == ACORT_FD_READ { Direction::Read } else { Direction::Write };
                Source::Ready(fd_table::entry(case.fd)?, way, case.fd)
            }
            _ => return Err(libc::EINVAL),
        })
    }

    /// Aborts where its object is not for this thread.
    ///
    /// # Safety
    /// The object exists, as for all below.
    pub(crate) unsafe fn check_thread(self) {
        if let Source::Send(channel) | Source::Receive(channel) = self {
            // SAFETY: the caller's promise.
            unsafe { (*channel).check_owner("acort_select") }
        }
    }

    /// # Safety
    /// The object exists.
    pub(crate) unsafe fn lock(self) -> *const Lock {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) | Source::Receive(channel) => &raw const (*channel).lock,
                Source::Ready(entry, ..) => &raw const (*entry).lock,
                Source::Task(task) => &raw const (*task).lock,
                Source::Event(event) => &raw const (*event).lock,
            }
        }
    }

    pub(crate) unsafe fn queue(self) -> *mut WaitQueue {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) => &raw mut (*channel).senders,
                Source::Receive(channel) => &raw mut (*channel).receivers,
                Source::Ready(entry, way, _) => (*entry).waiters.shared(way),
                Source::Task(task) => &raw mut (*task).join_waiters,
                Source::Event(event) => &raw mut (*event).queue,
            }
        }
    }

    /// What tells a task from the next one in its block, which somebody else may join and free meanwhile:
    /// the end of its number. ESRCH: it is none any more.
    pub(crate) unsafe fn snapshot(self) -> Result<u32> {
        let Source::Task(task) = self else { return Ok(0) };
        // SAFETY: blocks stay for ever. What is read before the check is of this task, or of one that has gone.
        let number = unsafe { (*task).id() };
        task::check(task).map(|_| number as u32)
    }

    /// Does it, if nobody must wait for that. The lock is held; `mark` is what [`mark`](Self::mark) has given.
    /// File descriptors are asked for elsewhere.
    pub(crate) unsafe fn attempt(self, data: *mut u8, mark: u32) -> Attempt {
        let or_waits = |is_ready| if is_ready { Attempt::READY } else { Attempt::WouldBlock };
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) => (*channel).try_send(data),
                Source::Receive(channel) => (*channel).try_receive(data),
                Source::Task(task) => or_waits(!(*task).is_alive() || (*task).id() as u32 != mark),
                Source::Event(event) => or_waits((*event).is_set != 0),
                Source::Ready(..) => Attempt::WouldBlock,
            }
        }
    }

    /// How many bytes are handed over.
    pub(crate) unsafe fn size(self) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) | Source::Receive(channel) => (*channel).elem_size,
                _ => 0,
            }
        }
    }
}
