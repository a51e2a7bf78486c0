//! One case of a select: its object, how it is tried, and the queue that it waits in.

use core::ffi::c_int;
use core::ptr;

use crate::rt::base::{Lock, WaitQueue};
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::io::fd_table;
use crate::rt::model::abi::{
    ACORT_EVENT, ACORT_FD_READ, ACORT_FD_WRITE, ACORT_FUTURE, ACORT_GROUP, ACORT_MUTEX, ACORT_RECV,
    ACORT_SEM, ACORT_SEND, ACORT_TASK, ACORT_TIMER, ACORT_WAITGROUP, acort_case_t,
};
use crate::rt::model::{Group, Task, task};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable};
use crate::rt::sync::channel::Channel;
use crate::rt::sync::event::Event;
use crate::rt::sync::future;
use crate::rt::sync::mutex::{self, Mutex};
use crate::rt::sync::semaphore::Semaphore;
use crate::rt::sync::waitgroup::WaitGroup;

/// What one case waits for.
#[derive(Clone, Copy)]
pub(super) enum Case {
    /// Nothing: the case is disabled.
    Never,
    Send(*mut Channel),
    Receive(*mut Channel),
    Fd(*mut FdEntry, Direction, c_int),
    /// The end of a task.
    Task(*mut Task),
    /// An event, or that of a future.
    Event(*mut Event),
    /// The time at this address.
    Timer(*const i64),
    Semaphore(*mut Semaphore),
    WaitGroup(*mut WaitGroup),
    /// The end of all tasks of a group.
    Group(*mut Group),
    Mutex(*mut Mutex),
}

impl Case {
    /// Errors: `EINVAL` if the operation is unknown, or a pointer is NULL; those of `fd_table::entry`. A channel that
    /// is NULL makes a disabled case. The objects are not read.
    pub(super) fn of(case: &acort_case_t) -> Result<Case> {
        let object = case.object;
        Ok(match case.op {
            ACORT_SEND | ACORT_RECV if object.is_null() => Case::Never,
            ACORT_SEND => Case::Send(object.cast()),
            ACORT_RECV => Case::Receive(object.cast()),
            ACORT_FD_READ | ACORT_FD_WRITE => {
                let is_read = case.op == ACORT_FD_READ;
                let direction = if is_read { Direction::Read } else { Direction::Write };
                Case::Fd(fd_table::entry(case.fd)?, direction, case.fd)
            }
            ACORT_TIMER if !case.data.is_null() => Case::Timer(case.data.cast()),
            0 => Case::Never,
            _ if object.is_null() => return Err(libc::EINVAL),
            ACORT_TASK => Case::Task(object.cast()),
            ACORT_EVENT => Case::Event(object.cast()),
            ACORT_FUTURE => Case::Event(future::event_of(object.cast())),
            ACORT_SEM => Case::Semaphore(object.cast()),
            ACORT_WAITGROUP => Case::WaitGroup(object.cast()),
            ACORT_GROUP => Case::Group(object.cast()),
            ACORT_MUTEX => Case::Mutex(object.cast()),
            _ => return Err(libc::EINVAL),
        })
    }

    /// Errors: `EINVAL` if a channel needs `data` and that is NULL, or a time is no deadline; `EDEADLK` if the call
    /// would wait for its caller. Aborts if the channel is local to another thread.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn check(self, data: *mut u8) -> Result<()> {
        // SAFETY: the object exists.
        unsafe {
            match self {
                Case::Send(channel) | Case::Receive(channel) => {
                    (*channel).check_owner("acort_select");
                    if data.is_null() && (*channel).elem_size != 0 {
                        Err(libc::EINVAL)
                    } else {
                        Ok(())
                    }
                }
                Case::Timer(time) if !Deadline::at(*time).is_valid() => Err(libc::EINVAL),
                Case::Group(group) => Group::check_not_member(group),
                Case::Mutex(mutex) => mutex::check_not_owner(mutex),
                _ => Ok(()),
            }
        }
    }

    /// The lock of the object, and the queue that a waiter of this case joins. NULL: the case needs neither.
    ///
    /// # Safety
    /// The object exists.
    pub(super) unsafe fn parts(self) -> Parts {
        // SAFETY: the object exists.
        unsafe {
            match self {
                Case::Send(channel) => (&raw const (*channel).lock, &raw mut (*channel).senders),
                Case::Receive(channel) => {
                    (&raw const (*channel).lock, &raw mut (*channel).receivers)
                }
                Case::Fd(entry, direction, _) => {
                    (&raw const (*entry).lock, (*entry).waiters.shared(direction))
                }
                Case::Task(task) => (&raw const (*task).lock, &raw mut (*task).join_waiters),
                Case::Event(event) => Event::parts(event),
                Case::Semaphore(semaphore) => Semaphore::parts(semaphore),
                Case::WaitGroup(waitgroup) => WaitGroup::parts(waitgroup),
                Case::Group(group) => Group::parts(group),
                Case::Mutex(mutex) => Mutex::parts(mutex),
                Case::Never | Case::Timer(_) => (ptr::null::<Lock>(), ptr::null_mut::<WaitQueue>()),
            }
        }
    }

    /// What the call remembers of the case at its start: the low half of a task's id; 0 for other objects. The program
    /// may join and free the task meanwhile: the id distinguishes the task from the next one in its block. Errors:
    /// `ESRCH` if the task is freed.
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

    /// Performs the case, unless the call must wait for that. `slot` is what the object expects of a waiter; `snapshot`
    /// is the case's. Descriptors are polled by `SelectBuffers`, timers compared in `pass`.
    ///
    /// # Safety
    /// The object exists, and its lock is held. The slot of a channel has the value of a send, or room for that of a
    /// receive.
    pub(super) unsafe fn try_now(self, slot: *mut u8, snapshot: u32) -> Attempt {
        // SAFETY: the object exists, its lock is held, and the slot is as it needs.
        unsafe {
            match self {
                Case::Send(channel) => (*channel).try_send(slot),
                Case::Receive(channel) => (*channel).try_receive(slot),
                Case::Task(task) => {
                    let has_ended = !(*task).is_alive() || (*task).id() as u32 != snapshot;
                    if has_ended { SUCCESS } else { None }
                }
                Case::Event(event) => (*event).attempt(slot),
                Case::Semaphore(semaphore) => (*semaphore).attempt(slot),
                Case::WaitGroup(waitgroup) => (*waitgroup).attempt(slot),
                Case::Group(group) => (*group).attempt(slot),
                Case::Mutex(mutex) => (*mutex).attempt(slot),
                Case::Never | Case::Timer(_) | Case::Fd(..) => None,
            }
        }
    }

    /// What the object expects of a waiter: for a channel `data`, for a mutex the owner that the call would be, and how
    /// often it has lost, which is the snapshot.
    pub(super) fn slot(self, data: *mut u8, snapshot: u32) -> *mut u8 {
        if let Case::Mutex(_) = self { mutex::slot(snapshot) } else { data }
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
