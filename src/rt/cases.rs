//! The cases of a select: what they are, and the room that a wait needs for them.

use core::ffi::c_int;
use core::ptr;

use super::abi::{
    ACORT_EVENT, ACORT_FD_READ, ACORT_FD_WRITE, ACORT_FUTURE, ACORT_RECV, ACORT_SEND, ACORT_TASK,
    acort_case_t,
};
use super::channel::{Channel, Tried};
use super::descriptors::{self, Entry, Way};
use super::event::Event;
use super::fd_ref::FdRef;
use super::lock::Lock;
use super::queue::{Queue, Waiter};
use super::task::{self, Task};
use super::{Outcome, extra, future};
use crate::sys;

/// A case, as it is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    Send(*mut Channel),
    Receive(*mut Channel),
    Ready(*mut Entry, Way, c_int),
    Task(*mut Task),
    Event(*mut Event),
}

impl Source {
    /// EINVAL: there is no such case, or its object is NULL. A task is not looked at.
    pub(crate) fn of(case: &acort_case_t) -> Outcome<Source> {
        let has_object = !case.object.is_null();
        let has_value = has_object && !case.data.is_null();
        Ok(match case.op {
            ACORT_SEND if has_value => Source::Send(case.object.cast()),
            ACORT_RECV if has_value => Source::Receive(case.object.cast()),
            ACORT_TASK if has_object => Source::Task(case.object.cast()),
            ACORT_EVENT if has_object => Source::Event(case.object.cast()),
            ACORT_FUTURE if has_object => Source::Event(future::event_of(case.object.cast())),
            ACORT_FD_READ | ACORT_FD_WRITE => {
                let way = if case.op == ACORT_FD_READ { Way::In } else { Way::Out };
                Source::Ready(descriptors::entry(case.fd)?, way, case.fd)
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

    pub(crate) unsafe fn queue(self) -> *mut Queue {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) => &raw mut (*channel).senders,
                Source::Receive(channel) => &raw mut (*channel).receivers,
                Source::Ready(entry, way, _) => (*entry).lookers(way),
                Source::Task(task) => &raw mut (*task).watchers,
                Source::Event(event) => &raw mut (*event).queue,
            }
        }
    }

    /// What tells a task from the next one in its block, which somebody else may join and free meanwhile:
    /// the end of its number. ESRCH: it is none any more.
    pub(crate) unsafe fn mark(self) -> Outcome<u32> {
        let Source::Task(task) = self else { return Ok(0) };
        // SAFETY: blocks stay for ever. What is read before the check is of this task, or of one that has gone.
        let number = unsafe { (*task).id };
        task::check(task).map(|_| number as u32)
    }

    /// Does it, if nobody must wait for that. The lock is held; `mark` is what [`mark`](Self::mark) has given.
    /// File descriptors are asked for elsewhere.
    pub(crate) unsafe fn attempt(self, data: *mut u8, mark: u32) -> Tried {
        let or_waits =
            |is_ready| if is_ready { Tried::Done(ptr::null_mut()) } else { Tried::Waits };
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) => (*channel).try_send(data),
                Source::Receive(channel) => (*channel).try_receive(data),
                Source::Task(task) => or_waits(!(*task).lives() || (*task).id as u32 != mark),
                Source::Event(event) => or_waits((*event).is_set != 0),
                Source::Ready(..) => Tried::Waits,
            }
        }
    }

    /// How many bytes are handed over.
    pub(crate) unsafe fn size(self) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Source::Send(channel) | Source::Receive(channel) => (*channel).element,
                _ => 0,
            }
        }
    }
}

/// What a wait needs for each case, in one piece of memory: first all places.
pub(crate) struct Room {
    pub(crate) places: *mut Waiter,
    pub(crate) locks: *mut *const Lock,
    /// Edges of file descriptors from before they were asked for, marks of tasks.
    pub(crate) edges: *mut u32,
    /// The files of the cases that are about one, which the call has entered; NULL: no case is.
    files: *mut Option<FdRef>,
    count: usize,
    /// Values on their way, one behind another.
    pub(crate) values: *mut u8,
    /// To be freed; a task keeps its own.
    allocated: *mut u8,
}

impl Room {
    const EACH: usize = size_of::<Waiter>() + size_of::<*const Lock>() + 8;

    /// For so many cases and bytes of values, and files for as many if `has_files`. ENOMEM.
    pub(crate) unsafe fn new(
        me: *mut Task,
        count: usize,
        has_files: bool,
        bytes: usize,
    ) -> Outcome<Room> {
        let of_files = if has_files { count * size_of::<Option<FdRef>>() } else { 0 };
        let size = (count * Room::EACH + of_files).checked_add(bytes).ok_or(libc::ENOMEM)?;
        let place = match me.is_null() {
            true => sys::allocate(size).map_or(ptr::null_mut(), |place| place.as_ptr().cast()),
            // SAFETY: the task runs here, and waits for nothing.
            false => unsafe { extra::scratch(me, size) },
        };
        if place.is_null() {
            return Err(libc::ENOMEM);
        }
        let places: *mut Waiter = place.cast();
        let locks: *mut *const Lock = places.wrapping_add(count).cast();
        let edges: *mut u32 = locks.wrapping_add(count).cast();
        let rest: *mut u8 = edges.wrapping_add(2 * count).cast();
        let files = if has_files { rest.cast() } else { ptr::null_mut() };
        let values = rest.wrapping_add(of_files);
        let allocated = if me.is_null() { place } else { ptr::null_mut() };
        let room = Room { places, locks, edges, files, count, values, allocated };
        for number in 0..if has_files { count } else { 0 } {
            // SAFETY: room for as many.
            unsafe { room.files.add(number).write(None) };
        }
        Ok(room)
    }

    /// The call enters the file of the case `number`, and leaves it when the room goes. EBADF ...
    pub(crate) fn enter(&self, number: usize, fd: c_int) -> Outcome<&FdRef> {
        let file = FdRef::enter(fd)?;
        // SAFETY: a case about a file, of which there is room for as many.
        Ok(unsafe { &*(*self.files.add(number)).insert(file) })
    }

    /// The file of the case `number`, if it is about one.
    pub(crate) fn file(&self, number: usize) -> Option<&FdRef> {
        // SAFETY: NULL, or room for as many.
        unsafe { (!self.files.is_null()).then(|| (*self.files.add(number)).as_ref())? }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        for number in 0..if self.files.is_null() { 0 } else { self.count } {
            // SAFETY: room for as many, all written.
            unsafe { self.files.add(number).drop_in_place() };
        }
        // SAFETY: from malloc, or NULL.
        unsafe { sys::free(self.allocated.cast()) }
    }
}
