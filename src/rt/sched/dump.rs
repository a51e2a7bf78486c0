//! A line about each task, for acort_dump() and the report of a deadlock.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Write};
use core::ptr;
use core::sync::atomic::Ordering;

use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{FINISHED, NEW, STARTED, Task};
use crate::rt::model::worker::Worker;
use crate::rt::model::{task_cold, task_pool};
use crate::rt::os::{self, Result};
use crate::rt::sync::{mutex, rwlock};
use crate::symbol::Symbol;
use crate::sys;

/// Text on its way to a file descriptor, a line at a time.
struct Writer {
    fd: c_int,
    is_written: bool,
}

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.is_written &= os::write_all(self.fd, text.as_bytes());
        Ok(())
    }
}

/// A line, which is written at once.
struct Line {
    text: [u8; 256],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        // The last byte is for the end of the line.
        let room = self.text.len().saturating_sub(1);
        let places = self.text.iter_mut().take(room).skip(self.length);
        for (to, from) in places.zip(more.bytes()) {
            *to = from;
            self.length += 1;
        }
        Ok(())
    }
}

/// What a task does.
struct State<'a>(&'a Task);

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let wait_reason = WaitReason::from_u8(self.0.wait_reason.load(Ordering::Relaxed));
        match (self.0.state.load(Ordering::Relaxed), wait_reason) {
            (NEW, _) => f.write_str("has not begun"),
            (FINISHED.., _) => f.write_str("has ended"),
            (STARTED, WaitReason::Nothing) => f.write_str("runs or is ready"),
            (_, WaitReason::Park | WaitReason::Sleep) => {
                write!(f, "waits for {}", Text(wait_reason.text()))
            }
            (_, WaitReason::Read | WaitReason::Write) => {
                write!(
                    f,
                    "waits for {} {}",
                    Text(wait_reason.text()),
                    self.0.wait_target.load(Ordering::Relaxed)
                )
            }
            _ => write!(
                f,
                "waits for {} at {:#x}",
                Text(wait_reason.text()),
                self.0.wait_target.load(Ordering::Relaxed)
            ),
        }
    }
}

/// The entry function of a task. None: it has ended.
///
/// # Safety
/// The task's group is held: its coroutine stays meanwhile (see `task_stack`).
unsafe fn entry_of(task: *mut Task) -> Option<usize> {
    // SAFETY: the group is held: task and coroutine stay. A task that begins meanwhile has another state afterwards.
    unsafe {
        match (*task).state.load(Ordering::Acquire) {
            NEW => {
                let body = (&raw const (*task).phase.start.entry).read_volatile();
                let is_fresh = (*task).state.load(Ordering::Acquire) == NEW;
                body.filter(|_| is_fresh).map(|body| body as usize)
            }
            STARTED => {
                let co = (&raw const (*task).co).read_volatile();
                co.as_ref().and_then(|co| co.fp).map(|fp| fp as usize)
            }
            _ => None,
        }
    }
}

/// Writes which task or thread has the mutex or lock that `task` waits for.
///
/// # Safety
/// The task's group is held, and the task does not run meanwhile: what it waits for is there.
unsafe fn write_holder(line: &mut Line, task: *mut Task) -> fmt::Result {
    // SAFETY: the task waits meanwhile, so the object that it waits for is there.
    unsafe {
        let object =
            ptr::with_exposed_provenance_mut::<c_void>((*task).wait_target.load(Ordering::Relaxed));
        let holder = match WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed)) {
            WaitReason::Mutex => mutex::holder(object.cast()),
            WaitReason::ReadLock | WaitReason::WriteLock => match rwlock::holder(object.cast()) {
                Ok(writer) => writer,
                Err(readers) => return write!(line, ", held by {readers} readers"),
            },
            _ => return Ok(()),
        };
        match holder {
            0 => Ok(()),
            _ => match task_pool::from_address(holder).as_ref() {
                Some(task) => write!(line, ", held by task {}", task.id()),
                None => line.write_str(", held by a thread"),
            },
        }
    }
}

/// C's text, as far as it is UTF-8.
struct Text<'a>(&'a core::ffi::CStr);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.0.to_str().unwrap_or("?"))
    }
}

/// A line about a task, whose group is held; `is_still`: no task of the runtime runs meanwhile.
unsafe fn describe(task: *mut Task, is_still: bool, to: &mut Writer) {
    let mut line = Line { text: [0; 256], length: 0 };
    // SAFETY: the caller's promise: who is in a group exists, and its name.
    unsafe {
        let _ = write!(line, "acort: task {}", (*task).id());
        let name = task_cold::name(task);
        if !name.is_null() {
            // What comes after it has to fit.
            let _ = write!(line, " {:.80}", Text(core::ffi::CStr::from_ptr(name)));
        }
        if let Some(worker) = (*task).parker.worker().as_ref() {
            let _ = write!(line, " of worker {}", worker.index);
        }
        let _ = write!(line, ": {}", State(&*task));
        let worker = (*task).parker.worker();
        let is_waiting = (*task).state.load(Ordering::Relaxed) == STARTED;
        if is_waiting && (is_still || !worker.is_null() && worker == Worker::current()) {
            let _ = write_holder(&mut line, task);
        }
        if name.is_null()
            && let Some(entry) = entry_of(task)
        {
            let _ = write!(line, ", entry {}", Symbol(entry));
        }
    }
    if let Some(end) = line.text.get_mut(line.length) {
        *end = b'\n';
    }
    let whole = line.text.get(..=line.length).unwrap_or_default();
    to.is_written &= os::write_all(to.fd, whole);
}

/// A line to `fd` about each task of `runtime`. Holders are named for tasks of the caller's own worker.
pub(crate) fn dump(runtime: &Runtime, fd: c_int) -> Result<()> {
    dump_all(runtime, false, fd)
}

fn dump_all(runtime: &Runtime, is_still: bool, fd: c_int) -> Result<()> {
    let mut writer = Writer { fd, is_written: true };
    // SAFETY: the group is held for each.
    runtime.for_each_task(&mut |task| unsafe { describe(task, is_still, &mut writer) });
    if writer.is_written { Ok(()) } else { Err(sys::errno()) }
}

/// Nothing can wake any task of `runtime`: says so, with a line for each.
pub(crate) fn deadlock(runtime: &Runtime) {
    let mut writer = Writer { fd: libc::STDERR_FILENO, is_written: true };
    let _ = writer.write_str("acort: deadlock: nothing can wake any task\n");
    let _ = dump_all(runtime, true, libc::STDERR_FILENO);
}
