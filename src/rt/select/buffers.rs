//! The buffers of a select: what it needs for each case, in one piece of memory. S1 to S11 are in `call`.
//!
//! A task uses its scratch memory (`task_cold`). A plain thread allocates the buffers. So does a hook's call while the
//! task's own call uses the scratch memory.
//!
//! ```text
//!   start
//!     waiters      one for each case; `task_cold` dequeues them if the task is abandoned
//!     locks        one for each case that has one, in the order of S1; the same one may occur twice
//!     snapshots    one for each case: the low half of a task's id, the index of a file, or how often the call has lost
//!                  a mutex
//!     order        one for each case: the indices of the cases, in the order of a pass
//!   the next multiple of 8 bytes
//!     files        one for each descriptor: the call's reference
//!     pollfds      one for each descriptor
//!     values       values that are sent or received while their memory is on the shared stack
//! ```

use core::ffi::c_int;
use core::{ptr, slice};

use super::case::Case;
use crate::rt::base::{Lock, Waiter};
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::fd_type;
use crate::rt::model::abi::acort_case_t;
use crate::rt::model::{Task, task_cold};
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// The buffers of one call.
pub(super) struct SelectBuffers {
    /// The start of the memory.
    waiters: *mut Waiter,
    /// The number of cases.
    count: u32,
    /// The number of locks.
    locked: u32,
    /// The number of cases with a descriptor.
    fds: u32,
    /// The number of files that the call has entered.
    entered: u32,
    /// The task whose scratch memory this is. NULL: the memory is allocated.
    owner: *mut Task,
}

impl SelectBuffers {
    /// No buffers.
    pub(super) const NONE: SelectBuffers = SelectBuffers {
        waiters: ptr::null_mut(),
        count: 0,
        locked: 0,
        fds: 0,
        entered: 0,
        owner: ptr::null_mut(),
    };

    /// The size of the buffers for one case: waiter, lock, snapshot, index.
    const CASE_SIZE: usize = size_of::<Waiter>() + size_of::<*const Lock>() + 4 + 2;
    /// The size of the buffers for one descriptor.
    const FD_SIZE: usize = size_of::<FdRef>() + size_of::<libc::pollfd>();

    /// Buffers for `count` cases, `fds` of them with a descriptor, and for `bytes` of values. Errors: `ENOMEM`.
    ///
    /// # Safety
    /// `task` is NULL or runs on this thread.
    pub(super) unsafe fn new(
        task: *mut Task,
        count: usize,
        fds: usize,
        bytes: usize,
    ) -> Result<SelectBuffers> {
        let of_cases = (count * SelectBuffers::CASE_SIZE).next_multiple_of(8);
        let size = (of_cases + fds * SelectBuffers::FD_SIZE).checked_add(bytes);
        let size = size.ok_or(libc::ENOMEM)?.max(1);
        let scratch = match task.is_null() {
            true => ptr::null_mut(),
            // SAFETY: the task runs on this thread.
            false => unsafe { task_cold::acquire_scratch(task, size) },
        };
        let (memory, owner) = match scratch.is_null() {
            true => (sys::allocate(size).ok_or(libc::ENOMEM)?.as_ptr().cast(), ptr::null_mut()),
            false => (scratch, task),
        };
        let (waiters, count, fds) = (memory.cast(), count as u32, fds as u32);
        Ok(SelectBuffers { waiters, count, locked: 0, fds, entered: 0, owner })
    }

    /// Writes locks, snapshots and order, and enters the files. Errors: `ESRCH` if a task is freed; those of
    /// [`FdRef::enter`] and of the system.
    ///
    /// # Safety
    /// The buffers are for `cases`, whose objects exist.
    pub(super) unsafe fn fill(&mut self, cases: &[acort_case_t]) -> Result<()> {
        let mut has_groups = false;
        for (index, case) in cases.iter().enumerate() {
            // SAFETY: the object exists, and the buffers have room for the case.
            unsafe {
                let case = Case::of(case)?;
                match case {
                    Case::Group(_) => has_groups = true,
                    _ => self.insert_lock(0, case.parts().0),
                }
                self.order().add(index).write(index as u16);
                let snapshot = match case {
                    Case::Fd(_, _, fd, Some(events)) => self.enter_file(fd, events)?,
                    Case::Fd(..) => self.entered.saturating_sub(1),
                    _ => case.snapshot()?,
                };
                self.snapshots().add(index).write(snapshot);
            }
        }
        if has_groups {
            // SAFETY: the groups exist.
            unsafe { self.insert_groups(cases) }
        }
        Ok(())
    }

    /// Adds the locks of groups behind all others (S1).
    ///
    /// # Safety
    /// As [`fill`](Self::fill).
    #[cold]
    unsafe fn insert_groups(&mut self, cases: &[acort_case_t]) {
        let first = self.locked;
        for case in cases {
            if let Ok(case @ Case::Group(_)) = Case::of(case) {
                // SAFETY: the group exists.
                unsafe { self.insert_lock(first, case.parts().0) }
            }
        }
    }

    /// Inserts a lock among those from number `first` on, which are in the order of their addresses. NULL: none.
    ///
    /// # Safety
    /// There is room for one more.
    unsafe fn insert_lock(&mut self, first: u32, lock: *const Lock) {
        if lock.is_null() {
            return;
        }
        let (locks, mut at) = (self.locks(), self.locked as usize);
        // SAFETY: `locked` locks are written, and the buffers have room for one more.
        unsafe {
            while at > first as usize && *locks.add(at - 1) > lock {
                *locks.add(at) = *locks.add(at - 1);
                at -= 1;
            }
            *locks.add(at) = lock;
        }
        self.locked += 1;
    }

    /// Enters the file of `fd`, which is polled for `events`, and returns the index of the file.
    ///
    /// # Safety
    /// There is room for one more file.
    unsafe fn enter_file(&mut self, fd: c_int, events: i16) -> Result<u32> {
        let (file, index) = (FdRef::enter(fd)?, self.entered);
        let file_type = file.check_result(fd_type::type_for_poll(&file));
        // SAFETY: there is room for one more file.
        unsafe {
            self.pollfds().add(index as usize).write(libc::pollfd { fd, events, revents: 0 });
            self.first_file().add(index as usize).write(file);
        }
        self.entered += 1;
        file_type.map(|_| index)
    }

    /// Polls all files at once. Errors: `ENOMEM`; `EINVAL` if they are more than the process may have open.
    pub(super) fn poll(&self) -> Result<()> {
        // SAFETY: `entered` elements are written, and only this call uses the buffers.
        let pollfds = unsafe { slice::from_raw_parts_mut(self.pollfds(), self.entered as usize) };
        os::poll(pollfds, Deadline::NOW).map(drop)
    }

    /// Returns true if the last [`poll`](Self::poll) found the file with this index ready. Errors: `ECANCELED` if acort
    /// has closed the file; `EBADF` if other code has.
    pub(super) fn is_ready(&self, index: u32) -> Result<bool> {
        let file = self.files().get(index as usize).ok_or(libc::EBADF)?;
        file.check()?;
        // SAFETY: each file has an element.
        match unsafe { (*self.pollfds().add(index as usize)).revents } {
            revents if revents & libc::POLLNVAL != 0 => Err(libc::EBADF),
            revents => Ok(revents != 0),
        }
    }

    /// The files that the call has entered.
    pub(super) fn files(&self) -> &[FdRef] {
        match self.entered {
            0 => &[],
            // SAFETY: `entered` elements are written.
            entered => unsafe { slice::from_raw_parts(self.first_file(), entered as usize) },
        }
    }

    /// Tells the task whether the waiters are in queues: if the task is abandoned while it waits, they are dequeued.
    pub(super) fn set_waiting(&self, is_waiting: bool) {
        if !self.owner.is_null() {
            let count = if is_waiting { self.count } else { 0 };
            // SAFETY: the owner runs on this thread, and the waiters lie at the start of its scratch memory.
            unsafe { task_cold::set_select_waiters(self.owner, count) }
        }
    }

    /// Leaves the files. Closing a file may wake a caller, and so call a hook, which may call acort.
    #[inline(never)]
    fn leave_files(&mut self) {
        for index in 0..self.entered as usize {
            // SAFETY: the element is written, and not used afterwards.
            unsafe { self.first_file().add(index).drop_in_place() };
        }
    }

    fn count(&self) -> usize {
        self.count as usize
    }

    pub(super) fn waiters(&self) -> *mut Waiter {
        self.waiters
    }

    pub(super) fn locks(&self) -> *mut *const Lock {
        self.waiters.wrapping_add(self.count()).cast()
    }

    /// The number of locks.
    pub(super) fn locked(&self) -> usize {
        self.locked as usize
    }

    pub(super) fn snapshots(&self) -> *mut u32 {
        self.locks().wrapping_add(self.count()).cast()
    }

    pub(super) fn order(&self) -> *mut u16 {
        self.snapshots().wrapping_add(self.count()).cast()
    }

    fn first_file(&self) -> *mut FdRef {
        let start: *mut u8 = self.waiters.cast();
        start.wrapping_add((self.count() * SelectBuffers::CASE_SIZE).next_multiple_of(8)).cast()
    }

    fn pollfds(&self) -> *mut libc::pollfd {
        self.first_file().wrapping_add(self.fds as usize).cast()
    }

    pub(super) fn values(&self) -> *mut u8 {
        self.pollfds().wrapping_add(self.fds as usize).cast()
    }
}

impl Drop for SelectBuffers {
    #[inline(always)]
    fn drop(&mut self) {
        if self.entered != 0 {
            self.leave_files();
        }
        // SAFETY: the scratch memory is the owner's, which has acquired it in `new`; other memory is from `allocate`,
        // or NULL.
        unsafe {
            match self.owner.is_null() {
                true => sys::free(self.waiters.cast()),
                false => task_cold::release_scratch(self.owner),
            }
        }
    }
}
