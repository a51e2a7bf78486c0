//! One case of a select: its object, how it is tried, and the queue that it waits in.

use core::ffi::c_int;
use core::ptr;

use crate::rt::base::{Lock, WaitQueue};
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::io::fd_table;
use crate::rt::model::abi::{
    ACORT_CHILD, ACORT_EVENT, ACORT_FD_READ, ACORT_FD_WRITE, ACORT_FUTURE, ACORT_GROUP,
    ACORT_MUTEX, ACORT_RECV, ACORT_SEM, ACORT_SEND, ACORT_SIGNAL, ACORT_TASK, ACORT_TIMER,
    ACORT_WAITGROUP, acort_case_t,
};
use crate::rt::model::{Group, Task, Worker, task};
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{Attempt, Parts, SUCCESS, Waitable};
use crate::rt::sync::channel::Channel;
use crate::rt::sync::event::Event;
use crate::rt::sync::future;
use crate::rt::sync::mutex::{self, Mutex};
use crate::rt::sync::semaphore::Semaphore;
use crate::rt::sync::waitgroup::WaitGroup;

/// `acort_case_t.op` of acort_poll() and acort_fdwait(): waits for the events `reserved` in the queue of readers.
pub(super) const POLL_READ: i32 = -1;
/// As [`POLL_READ`], in the queue of writers.
pub(super) const POLL_WRITE: i32 = -2;
/// Waits in the queue of writers for the file of the case before, which has the same descriptor.
pub(super) const POLL_WRITE_TOO: i32 = -3;

/// What one case waits for.
#[derive(Clone, Copy)]
pub(super) enum Case {
    /// Nothing: the case is disabled.
    Never,
    Send(*mut Channel),
    Receive(*mut Channel),
    /// A descriptor, the queue of its entry, and the events of poll(2). None: those of the case before. Also a child or
    /// a signal (`opened`).
    Fd(*mut FdEntry, Direction, c_int, Option<i16>),
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
    #[inline(always)]
    pub(super) fn of(case: &acort_case_t) -> Result<Case> {
        match case.op {
            _ if case.object.is_null() => Case::of_other(case),
            ACORT_SEND => Ok(Case::Send(case.object.cast())),
            ACORT_RECV => Ok(Case::Receive(case.object.cast())),
            _ => Case::of_other(case),
        }
    }

    /// As [`of`](Self::of), for all cases but those of channels.
    #[inline(never)]
    fn of_other(case: &acort_case_t) -> Result<Case> {
        let object = case.object;
        Ok(match case.op {
            0 | ACORT_SEND | ACORT_RECV => Case::Never,
            ACORT_FD_READ => Case::of_fd(case.fd, Direction::Read, Some(libc::POLLIN))?,
            ACORT_FD_WRITE => Case::of_fd(case.fd, Direction::Write, Some(libc::POLLOUT))?,
            POLL_READ => Case::of_fd(case.fd, Direction::Read, Some(case.reserved as i16))?,
            POLL_WRITE => Case::of_fd(case.fd, Direction::Write, Some(case.reserved as i16))?,
            POLL_WRITE_TOO => Case::of_fd(case.fd, Direction::Write, None)?,
            ACORT_CHILD | ACORT_SIGNAL => {
                Case::of_fd(case.reserved, Direction::Read, Some(libc::POLLIN))?
            }
            ACORT_TIMER if !case.data.is_null() => Case::Timer(case.data.cast()),
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

    fn of_fd(fd: c_int, direction: Direction, events: Option<i16>) -> Result<Case> {
        Ok(Case::Fd(fd_table::entry(fd)?, direction, fd, events))
    }

    /// Returns the size of the value that the case moves; 0: none. Errors: `EINVAL` if a channel needs `data` and that
    /// is NULL, or a time is no deadline; `EFAULT` if the object is on the shared stack; `EDEADLK` if the call would
    /// wait for its caller. Aborts if the channel is local to another thread. No channel is on the shared stack.
    ///
    /// # Safety
    /// The object exists.
    #[inline(always)]
    pub(super) unsafe fn check(self, data: *mut u8) -> Result<usize> {
        let (Case::Send(channel) | Case::Receive(channel)) = self else {
            // SAFETY: the object exists.
            return unsafe { self.check_other() }.map(|()| 0);
        };
        // SAFETY: the channel exists.
        unsafe {
            (*channel).check_owner("acort_select");
            match (*channel).elem_size {
                1.. if data.is_null() => Err(libc::EINVAL),
                size => Ok(size),
            }
        }
    }

    /// As [`check`](Self::check), for all cases but those of channels.
    ///
    /// # Safety
    /// As [`check`](Self::check).
    #[inline(never)]
    unsafe fn check_other(self) -> Result<()> {
        // SAFETY: the object exists.
        unsafe {
            if Worker::is_on_shared_stack(self.parts().1.cast()) {
                return Err(libc::EFAULT);
            }
            match self {
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
                Case::Fd(entry, direction, ..) => {
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

    /// Performs the case, unless the call must wait for that. `snapshot` is the case's. Descriptors are polled by
    /// `SelectBuffers`.
    ///
    /// # Safety
    /// The object exists, and its lock is held. `data` has the value of a send, or room for that of a receive.
    #[inline(always)]
    pub(super) unsafe fn try_now(self, data: *mut u8, snapshot: u32) -> Attempt {
        // SAFETY: the object exists, its lock is held, and `data` is as its channel needs.
        unsafe {
            match self {
                Case::Send(channel) => (*channel).try_send(data),
                Case::Receive(channel) => (*channel).try_receive(data),
                _ => self.try_other(snapshot),
            }
        }
    }

    /// As [`try_now`](Self::try_now), for all cases but those of channels.
    ///
    /// # Safety
    /// As [`try_now`](Self::try_now).
    #[inline(never)]
    unsafe fn try_other(self, snapshot: u32) -> Attempt {
        let (no_slot, or_wait) =
            (ptr::null_mut(), |is_ready| if is_ready { SUCCESS } else { None });
        // SAFETY: the object exists, and its lock is held.
        unsafe {
            match self {
                Case::Task(task) => or_wait(!(*task).is_alive() || (*task).id() as u32 != snapshot),
                Case::Event(event) => (*event).attempt(no_slot),
                Case::Semaphore(semaphore) => (*semaphore).attempt(no_slot),
                Case::WaitGroup(waitgroup) => (*waitgroup).attempt(no_slot),
                Case::Group(group) => (*group).attempt(no_slot),
                Case::Mutex(mutex) => (*mutex).attempt(mutex::slot(snapshot)),
                Case::Timer(time) => or_wait(Deadline::at(*time).has_passed()),
                _ => None,
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
