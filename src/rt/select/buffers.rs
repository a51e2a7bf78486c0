//! The room of a select: what it needs for each case, in one piece of memory. A task has one that it keeps
//! (`task_cold`). A plain thread allocates one, and so does a hook's call while the task's own room is taken.
//!
//! ```text
//!   for each case            place │ lock │ mark │ number
//!   for each descriptor      the file, which the call has entered │ what poll(2) asks for
//!   values on their way
//! ```
//!
//! Places stand first: where a task is given up its places are withdrawn from there.

use core::ffi::c_int;
use core::{ptr, slice};

use super::case::Source;
use crate::rt::base::lock::Lock;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::fd_type;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::task::Task;
use crate::rt::model::task_cold;
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// The room of a call.
pub(super) struct SelectBuffers {
    places: *mut Waiter,
    count: u32,
    descriptors: u32,
    /// How many files the call has entered.
    entered: u32,
    /// The task whose room it is; NULL: it was allocated.
    owner: *mut Task,
}

impl SelectBuffers {
    pub(super) const NONE: SelectBuffers = SelectBuffers {
        places: ptr::null_mut(),
        count: 0,
        descriptors: 0,
        entered: 0,
        owner: ptr::null_mut(),
    };

    const OF_CASE: usize = size_of::<Waiter>() + size_of::<*const Lock>() + 4 + 2;
    const OF_DESCRIPTOR: usize = size_of::<FdRef>() + size_of::<libc::pollfd>();

    /// The room for `count` cases, of which `fd_entry` are such, and for so many bytes of values. ENOMEM.
    ///
    /// # Safety
    /// The task `me` runs here, or is NULL.
    pub(super) unsafe fn new(
        me: *mut Task,
        count: usize,
        descriptors: usize,
        bytes: usize,
    ) -> Result<SelectBuffers> {
        let of_cases = (count * SelectBuffers::OF_CASE).next_multiple_of(8);
        let size = (of_cases + descriptors * SelectBuffers::OF_DESCRIPTOR).checked_add(bytes);
        let size = size.ok_or(libc::ENOMEM)?;
        let own = match me.is_null() {
            true => ptr::null_mut(),
            // SAFETY: `me` is not NULL: it is the task that runs here.
            false => unsafe { task_cold::acquire_scratch(me, size) },
        };
        let (count, descriptors, entered) = (count as u32, descriptors as u32, 0);
        if !own.is_null() {
            return Ok(SelectBuffers {
                places: own.cast(),
                count,
                descriptors,
                entered,
                owner: me,
            });
        }
        let places = sys::allocate(size).ok_or(libc::ENOMEM)?.as_ptr().cast();
        Ok(SelectBuffers { places, count, descriptors, entered, owner: ptr::null_mut() })
    }

    /// Writes what a pass needs, and enters the files. ESRCH: a task was freed; EBADF, ECANCELED.
    ///
    /// # Safety
    /// The room is for `case`, whose objects are there.
    pub(super) unsafe fn fill(&mut self, cases: &[acort_case_t]) -> Result<()> {
        for (number, case) in cases.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                let source = Source::of(case)?;
                self.insert_lock(number, source.lock());
                self.order().add(number).write(number as u16);
                let mark = match source {
                    Source::Ready(_, way, fd) => self.enter(fd, way)?,
                    _ => source.snapshot()?,
                };
                self.snapshots().add(number).write(mark);
            }
        }
        Ok(())
    }

    /// Puts a lock among the first `count`, which are in the order of their addresses.
    unsafe fn insert_lock(&self, count: usize, lock: *const Lock) {
        let (locks, mut at) = (self.locks(), count);
        // SAFETY: the caller's promise: the room has more than `count`.
        unsafe {
            while at > 0 && *locks.add(at - 1) > lock {
                *locks.add(at) = *locks.add(at - 1);
                at -= 1;
            }
            *locks.add(at) = lock;
        }
    }

    /// Enters the file of `fd`, and gives its number in the room.
    unsafe fn enter(&mut self, fd: c_int, way: Direction) -> Result<u32> {
        let (file, number) = (FdRef::enter(fd)?, self.entered);
        let known = file.check_result(fd_type::type_for_poll(&file));
        let events = way.poll_event();
        // SAFETY: the caller's promise: the room is for one more descriptor.
        unsafe {
            self.polled().add(number as usize).write(libc::pollfd { fd, events, revents: 0 });
            self.first_file().add(number as usize).write(file);
        }
        self.entered += 1;
        known.map(|_| number)
    }

    /// Asks for all descriptors at once. ENOMEM; EINVAL: they are more than the process may have open.
    pub(super) fn poll(&self) -> Result<()> {
        // SAFETY: the call has entered as many, and alone uses the room.
        let polled = unsafe { slice::from_raw_parts_mut(self.polled(), self.entered as usize) };
        os::poll(polled, Deadline::NOW).map(drop)
    }

    /// What [`poll`](Self::poll) has found for the file `number`. ECANCELED: acort has closed it; EBADF: other code
    /// has.
    pub(super) fn is_ready(&self, number: u32) -> Result<bool> {
        let file = self.files().get(number as usize).ok_or(libc::EBADF)?;
        file.check()?;
        // SAFETY: there is one for each file.
        match unsafe { (*self.polled().add(number as usize)).revents } {
            answer if answer & libc::POLLNVAL != 0 => Err(libc::EBADF),
            answer => Ok(answer != 0),
        }
    }

    /// The files that the call has entered.
    pub(super) fn files(&self) -> &[FdRef] {
        match self.entered {
            0 => &[],
            // SAFETY: as many are written.
            entered => unsafe { slice::from_raw_parts(self.first_file(), entered as usize) },
        }
    }

    /// Where the task is given up while it waits, its places are withdrawn.
    pub(super) fn set_waiting(&self, is_waiting: bool) {
        if !self.owner.is_null() {
            // SAFETY: the task's own room, which runs here.
            unsafe {
                task_cold::set_select_waiters(self.owner, if is_waiting { self.count } else { 0 })
            }
        }
    }

    /// Leaves the files. Hooks may run, and call.
    #[inline(never)]
    fn leave_files(&mut self) {
        for number in 0..self.entered as usize {
            // SAFETY: written, and not used from here on.
            unsafe { self.first_file().add(number).drop_in_place() };
        }
    }

    fn count(&self) -> usize {
        self.count as usize
    }

    pub(super) fn waiters(&self) -> *mut Waiter {
        self.places
    }

    /// All locks, in the order of their addresses.
    pub(super) fn locks(&self) -> *mut *const Lock {
        self.places.wrapping_add(self.count()).cast()
    }

    /// Of a task what tells it from the next in its block, of a descriptor the number of its file.
    pub(super) fn snapshots(&self) -> *mut u32 {
        self.locks().wrapping_add(self.count()).cast()
    }

    /// The numbers of the cases, in the order of a pass.
    pub(super) fn order(&self) -> *mut u16 {
        self.snapshots().wrapping_add(self.count()).cast()
    }

    fn first_file(&self) -> *mut FdRef {
        let start: *mut u8 = self.places.cast();
        start.wrapping_add((self.count() * SelectBuffers::OF_CASE).next_multiple_of(8)).cast()
    }

    fn polled(&self) -> *mut libc::pollfd {
        self.first_file().wrapping_add(self.descriptors as usize).cast()
    }

    /// Values on their way, one behind another.
    pub(super) fn values(&self) -> *mut u8 {
        self.polled().wrapping_add(self.descriptors as usize).cast()
    }
}

impl Drop for SelectBuffers {
    #[inline(always)]
    fn drop(&mut self) {
        if self.entered != 0 {
            self.leave_files();
        }
        // SAFETY: the task's own room, which it has taken; or one from malloc, or NULL.
        unsafe {
            match self.owner.is_null() {
                true => sys::free(self.places.cast()),
                false => task_cold::release_scratch(self.owner),
            }
        }
    }
}
