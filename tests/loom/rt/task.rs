//! The stand-in for tasks: a task without a coroutine.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::fmt::{self, Formatter};
use std::panic::Location;
use std::ptr::NonNull;

use loom::cell::UnsafeCell;

use crate::abi::aco_t;
use crate::diag;
use crate::mutations::is_left_out;
use crate::rt::base::atomic::AtomicU8;
use crate::rt::base::atomic::AtomicUsize;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::list::Link;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::timer_heap::HeapSlot;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::model::group::Group;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;

pub const FREE: u8 = 0;
pub const STARTED: u8 = 2;
pub const FINISHED: u8 = 3;
pub const SPAWN_FAILED: u8 = 4;
pub const SHARED: u8 = 1;
pub const DETACHED: u8 = 2;
pub const JOINED: u8 = 4;
pub const MAIN: u8 = 8;
pub const ABANDONED: u8 = 16;

/// The note of a freed task.
pub(super) const FREED: u32 = u32::MAX;

/// The last phase of a task.
pub(crate) struct Phase {
    pub(crate) result: *mut c_void,
}

/// The parker is the first field, as in the library.
#[repr(C)]
pub struct Task {
    pub(crate) parker: Parker,
    pub(crate) next: *mut Task,
    pub(crate) co: *mut aco_t,
    pub(crate) timer: u32,
    pub(crate) state: AtomicU8,
    pub(crate) wait_reason: AtomicU8,
    pub(crate) flags: AtomicU8,
    pub(crate) has_result: bool,
    pub(crate) lock: Lock,
    pub(crate) phase: Phase,
    waiter: Waiter,
    pub(crate) wait_target: AtomicUsize,
    pub(crate) join_waiters: WaitQueue,
    pub(crate) group: *mut Group,
    pub(crate) group_next: *mut Task,
    pub(crate) group_prev: *mut Task,
    pub(crate) errno: c_int,
    pub(crate) id: u64,
    /// The state of the task that others must see. Loom reports two threads that use it at once.
    pub(crate) notes: UnsafeCell<u32>,
}

impl diag::Describe for Task {
    unsafe fn describe(_: *const Task, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

// SAFETY: only lists use `next`.
unsafe impl Link for Task {
    fn next(this: *mut Task) -> *mut *mut Task {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).next }
    }
}

// SAFETY: only the timer heap writes `timer`.
unsafe impl HeapSlot for Task {
    fn slot(this: *mut Task) -> *mut u32 {
        // SAFETY: the address of a field of a task.
        unsafe { &raw mut (*this).timer }
    }
}

impl Task {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Creates a task of `worker`; null: of none yet.
    pub(crate) fn new(worker: *mut Worker) -> Task {
        let null = std::ptr::null_mut();
        let parker = Parker::new();
        parker.set_owner(worker.cast());
        Task {
            parker,
            next: null,
            co: std::ptr::null_mut(),
            timer: 0,
            state: AtomicU8::new(STARTED),
            wait_reason: AtomicU8::new(0),
            flags: AtomicU8::new(0),
            has_result: false,
            lock: Lock::NEW,
            phase: Phase { result: null.cast() },
            waiter: Waiter::new(std::ptr::null_mut(), std::ptr::null_mut(), 0),
            wait_target: AtomicUsize::new(0),
            join_waiters: WaitQueue::NEW,
            group: std::ptr::null_mut(),
            group_next: null,
            group_prev: null,
            errno: 0,
            id: 1,
            notes: UnsafeCell::new(0),
        }
    }

    pub(crate) fn has_flag(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    #[track_caller]
    pub(crate) fn set_flag(&self, flag: u8, on: bool) {
        if is_left_out(Location::caller(), if on { "set" } else { "clear" }) {
            return;
        }
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(if on { flags | flag } else { flags & !flag }, Ordering::Relaxed);
    }

    pub(crate) fn is_alive(&self) -> bool {
        !self.has_finished()
    }

    #[track_caller]
    pub(crate) fn has_finished(&self) -> bool {
        !is_left_out(Location::caller(), "has_finished")
            && self.state.load(Ordering::Acquire) >= FINISHED
    }

    pub(crate) fn has_result(&self) -> bool {
        self.has_result
    }

    pub(crate) fn set_result(&mut self, result: *mut c_void) {
        self.phase.result = result;
        self.has_result = true;
        self.note(1);
    }

    pub(crate) fn waiter(&mut self) -> *mut Waiter {
        &raw mut self.waiter
    }

    /// Writes a note, which others must see.
    pub(crate) fn note(&self, value: u32) {
        // SAFETY: loom reports other threads that use the cell at the same time.
        self.notes.with_mut(|place| unsafe { *place = value });
    }

    /// Returns the note.
    pub(crate) fn report(&self) -> u32 {
        // SAFETY: loom reports other threads that use the cell at the same time.
        self.notes.with(|place| unsafe { *place })
    }

    /// Returns true if the task was freed.
    pub(crate) fn is_freed(&self) -> bool {
        self.report() == FREED
    }
}

pub(crate) fn check(task: *mut Task) -> Result<NonNull<Task>> {
    NonNull::new(task).ok_or(libc::EINVAL)
}

loom::thread_local! {
    static CURRENT: Cell<*mut Task> = Cell::new(std::ptr::null_mut());
}

/// Returns the task that runs on this thread; null: a plain thread, as each thread of a model is at first.
pub(crate) fn current() -> *mut Task {
    CURRENT.with(Cell::get)
}

/// Makes this thread a task of `worker`, and that worker: where the task waits, the thread polls the worker's poller.
pub(crate) fn run_as(worker: *mut Worker) {
    Worker::set_current(worker);
    let task = Box::leak(Box::new(Task::new(worker)));
    CURRENT.with(|current| current.set(task));
}

/// No model counts the locks of a task.
pub(crate) unsafe fn lock_acquired(_: *mut Task) {}

pub(crate) unsafe fn lock_released(_: *mut Task) {}
