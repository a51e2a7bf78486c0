//! One line about each task, for acort_dump() and for the report of a deadlock.
//!
//! ```text
//! acort: task 12 reader of worker 0: waits for a mutex at 0x55d0c2a4b2a0, held by task 11
//! acort: task 13: has not begun, entry worker+0x0
//! ```

use core::ffi::{CStr, c_int, c_void};
use core::fmt::{self, Display, Formatter, Write};
use core::ptr;
use core::sync::atomic::Ordering;

use crate::diag::{self, LineBuffer};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{FINISHED, NEW, STARTED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::model::{task_cold, task_pool};
use crate::rt::os::Result;
use crate::rt::sync::{mutex, rwlock};
use crate::symbol::Symbol;
use crate::sys;

/// A text of C, if it is UTF-8.
struct Text<'a>(&'a CStr);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.pad(self.0.to_str().unwrap_or("?"))
    }
}

/// What a task does.
struct Activity<'a>(&'a Task);

impl Display for Activity<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let reason = WaitReason::from_u8(self.0.wait_reason.load(Ordering::Relaxed));
        let (what, target) = (Text(reason.text()), self.0.wait_target.load(Ordering::Relaxed));
        match (self.0.state.load(Ordering::Relaxed), reason) {
            (NEW, _) => f.write_str("has not begun"),
            (FINISHED.., _) => f.write_str("has ended"),
            (STARTED, WaitReason::Nothing) => f.write_str("runs or is ready"),
            (_, WaitReason::Park | WaitReason::Sleep) => write!(f, "waits for {what}"),
            (_, WaitReason::Read | WaitReason::Write) => write!(f, "waits for {what} {target}"),
            _ => write!(f, "waits for {what} at {target:#x}"),
        }
    }
}

/// The entry function of a task. None: the task has ended.
///
/// # Safety
/// The lock of the task's group is held.
unsafe fn entry_of(task: *mut Task) -> Option<usize> {
    // SAFETY: the lock of the group keeps the task, and its coroutine (`task_stack`). Both fields may change meanwhile:
    // the start of a NEW task counts only if the task is NEW afterwards.
    unsafe {
        match (*task).state.load(Ordering::Acquire) {
            NEW => {
                let entry = (&raw const (*task).phase.start.entry).read_volatile();
                let is_new = (*task).state.load(Ordering::Acquire) == NEW;
                entry.filter(|_| is_new).map(|entry| entry as usize)
            }
            STARTED => {
                let co = (&raw const (*task).co).read_volatile();
                co.as_ref().and_then(|co| co.fp).map(|fp| fp as usize)
            }
            _ => None,
        }
    }
}

/// Appends which task or thread owns the mutex or lock that `task` waits for.
///
/// # Safety
/// The lock of the task's group is held. The task does not run meanwhile.
unsafe fn write_owner(line: &mut LineBuffer, task: *mut Task) -> fmt::Result {
    // SAFETY: the task does not run, so it still waits, and the object that it waits for exists.
    unsafe {
        let object =
            ptr::with_exposed_provenance_mut::<c_void>((*task).wait_target.load(Ordering::Relaxed));
        let owner = match WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed)) {
            WaitReason::Mutex => mutex::holder(object.cast()),
            WaitReason::ReadLock | WaitReason::WriteLock => match rwlock::holder(object.cast()) {
                Ok(writer) => writer,
                Err(readers) => return write!(line, ", held by {readers} readers"),
            },
            _ => return Ok(()),
        };
        match owner {
            0 => Ok(()),
            _ => match task_pool::from_address(owner).as_ref() {
                Some(task) => write!(line, ", held by task {}", task.id()),
                None => line.write_str(", held by a thread"),
            },
        }
    }
}

/// The line of a task. Names the owner of what it waits for if the task cannot run meanwhile: if it is of the caller's
/// worker, or if all workers are idle.
///
/// # Safety
/// The lock of the task's group is held.
unsafe fn describe(task: *mut Task, all_idle: bool) -> LineBuffer {
    let mut line = LineBuffer::EMPTY;
    // SAFETY: the lock of the group keeps the task and its name.
    unsafe {
        let _ = write!(line, "acort: task {}", (*task).id());
        let name = task_cold::name(task);
        if !name.is_null() {
            // Cut, so that the rest of the line fits.
            let _ = write!(line, " {:.80}", Text(CStr::from_ptr(name)));
        }
        let worker = (*task).parker.worker();
        if let Some(worker) = worker.as_ref() {
            let _ = write!(line, " of worker {}", worker.index);
        }
        let _ = write!(line, ": {}", Activity(&*task));
        let is_started = (*task).state.load(Ordering::Relaxed) == STARTED;
        if is_started && (all_idle || !worker.is_null() && worker == Worker::current()) {
            let _ = write_owner(&mut line, task);
        }
        if name.is_null()
            && let Some(entry) = entry_of(task)
        {
            let _ = write!(line, ", entry {}", Symbol(entry));
        }
    }
    line
}

/// Writes a line to `fd` about each task of `runtime`. Names owners for the tasks of the caller's worker.
pub(crate) fn dump(runtime: &Runtime, fd: c_int) -> Result<()> {
    dump_tasks(runtime, false, fd)
}

fn dump_tasks(runtime: &Runtime, all_idle: bool, fd: c_int) -> Result<()> {
    let mut is_written = true;
    // SAFETY: the walk holds the lock of the task's group.
    runtime.for_each_task(&mut |task| unsafe {
        is_written &= describe(task, all_idle).write_to(fd);
    });
    if is_written { Ok(()) } else { Err(sys::errno()) }
}

/// Reports a deadlock on standard error, with a line about each task. All workers are idle.
pub(crate) fn dump_deadlock(runtime: &Runtime) {
    diag::print(format_args!("acort: deadlock: nothing can wake any task"));
    let _ = dump_tasks(runtime, true, libc::STDERR_FILENO);
}
