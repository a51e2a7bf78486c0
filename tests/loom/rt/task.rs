//! A task without a coroutine: what other threads see of one.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::fmt::{self, Formatter};
use std::panic::Location;
use std::ptr::NonNull;

use loom::cell::UnsafeCell;

use super::Outcome;
use super::atomic::{AtomicU8, Ordering};
use super::group::Group;
use super::lock::Lock;
use super::parker::Parker;
use super::queue::{Queue, Waiter};
use super::worker::Worker;
use crate::abi::aco_t;
use crate::mutations::is_left_out;
use crate::{atomics, diag};

pub const FREE: u8 = 0;
pub const STARTED: u8 = 2;
pub const ENDED: u8 = 3;
pub const FAILED: u8 = 4;
pub const SHARED: u8 = 1;
pub const DETACHED: u8 = 2;
pub const JOINED: u8 = 4;
pub const MAIN: u8 = 8;
pub const GIVEN_UP: u8 = 16;

/// What a freed task has noted.
const GONE: u32 = u32::MAX;

/// Of what a task needs by turns, the last.
pub(crate) struct Part {
    pub(crate) result: *mut c_void,
}

/// In the order of the library's own: a parker with a worker is a task.
#[repr(C)]
pub struct Task {
    pub(crate) parker: Parker,
    pub(crate) next: *mut Task,
    pub(crate) co: *mut aco_t,
    pub(crate) timer: u32,
    pub(crate) state: AtomicU8,
    pub(crate) why: AtomicU8,
    pub(crate) flags: AtomicU8,
    pub(crate) has_result: bool,
    pub(crate) lock: Lock,
    pub(crate) part: Part,
    place: Waiter,
    pub(crate) about: usize,
    pub(crate) watchers: Queue,
    pub(crate) group: *mut Group,
    pub(crate) group_next: *mut Task,
    pub(crate) group_previous: *mut Task,
    pub(crate) errno: c_int,
    pub(crate) id: u64,
    /// What the task does, as far as others must see it: loom tells of two that touch it at once.
    pub(crate) notes: UnsafeCell<u32>,
}

impl diag::Describe for Task {
    unsafe fn describe(_: *const Task, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

impl Task {
    /// One of `worker`, or of nobody yet.
    pub(crate) fn new(worker: *mut Worker) -> Task {
        let null = std::ptr::null_mut();
        let mut parker = Parker::new();
        parker.worker = worker;
        Task {
            parker,
            next: null,
            co: std::ptr::null_mut(),
            timer: 0,
            state: AtomicU8::new(STARTED),
            why: AtomicU8::new(0),
            flags: AtomicU8::new(0),
            has_result: false,
            lock: Lock::NEW,
            part: Part { result: null.cast() },
            place: Waiter::new(std::ptr::null_mut(), std::ptr::null_mut(), 0),
            about: 0,
            watchers: Queue::NEW,
            group: std::ptr::null_mut(),
            group_next: null,
            group_previous: null,
            errno: 0,
            id: 1,
            notes: UnsafeCell::new(0),
        }
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    #[track_caller]
    pub(crate) fn set(&self, flag: u8, on: bool) {
        if is_left_out(Location::caller(), if on { "set" } else { "clear" }) {
            return;
        }
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(if on { flags | flag } else { flags & !flag }, Ordering::Relaxed);
    }

    pub(crate) fn lives(&self) -> bool {
        !self.has_ended()
    }

    #[track_caller]
    pub(crate) fn has_ended(&self) -> bool {
        !is_left_out(Location::caller(), "has_ended") && self.state.load(Ordering::Acquire) >= ENDED
    }

    pub(crate) fn has_result(&self) -> bool {
        self.has_result
    }

    pub(crate) fn set_result(&mut self, result: *mut c_void) {
        self.part.result = result;
        self.has_result = true;
        self.note(1);
    }

    pub(crate) fn waiter(&mut self) -> *mut Waiter {
        &raw mut self.place
    }

    /// Writes what others must see.
    pub(crate) fn note(&self, value: u32) {
        // SAFETY: the model finds out whether somebody else is there.
        self.notes.with_mut(|place| unsafe { *place = value });
    }

    /// What was written.
    pub(crate) fn noted(&self) -> u32 {
        // SAFETY: as above.
        self.notes.with(|place| unsafe { *place })
    }

    /// Was it freed?
    pub(crate) fn is_gone(&self) -> bool {
        self.noted() == GONE
    }
}

pub(crate) fn check(task: *mut Task) -> Outcome<NonNull<Task>> {
    NonNull::new(task).ok_or(libc::EINVAL)
}

loom::thread_local! {
    static HERE: Cell<*mut Task> = Cell::new(std::ptr::null_mut());
}

/// Every thread of a model is a plain one, unless it says that it is a task.
pub(crate) fn here() -> *mut Task {
    HERE.with(Cell::get)
}

/// This thread is a task of `worker` from here on: where it waits it is that worker, which looks at its poller.
pub(crate) fn is_here(worker: *mut Worker) {
    Worker::set_here(worker);
    let task = Box::leak(Box::new(Task::new(worker)));
    HERE.with(|here| here.set(task));
}

/// A freed task's block is another one's from here on: it is freed once, after all that others do with it.
pub(crate) unsafe fn free(task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        assert!(!(*task).is_gone(), "freed twice");
        assert_eq!((*task).lock.0.load(Ordering::Relaxed), 0, "freed under its lock");
        (*task).note(GONE);
        (*task).state.store(FREE, Ordering::Release);
    }
    atomics::retire(task.cast(), size_of::<Task>());
}

pub(crate) unsafe fn give_back(_: *mut Task) {}

/// No model asks how many locks a task has.
pub(crate) unsafe fn took_lock(_: *mut Task) {}

pub(crate) unsafe fn gave_lock(_: *mut Task) {}

pub(crate) unsafe fn took_mutex(_: *mut Task) {}

pub(crate) unsafe fn gave_mutex(_: *mut Task) {}
