//! What `include/acort.h` declares beside the functions: numbers, and the structs that programs fill.
//!
//! The structs of synchronisation are the caller's, 64 bytes each; all zero is an initialised one.

#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_void};

use super::group::Group;
use super::runtime::Runtime;
use super::task::Task;

/// A runtime: workers and their tasks.
pub type acort_t = Runtime;
/// A task.
pub type acort_task_t = Task;
/// A group of tasks.
pub type acort_group_t = Group;

/// A key of tasks' values: acort_key_create(). 0 is never one.
pub type acort_key_t = u64;

/// As a deadline: never.
pub const ACORT_NEVER: i64 = -1;

/// `acort_opts_t.flags`: each worker stays on one processor.
pub const ACORT_PIN_CPUS: u32 = 1;
/// `acort_opts_t.flags`: another event loop runs the one worker, with acort_loop_step().
pub const ACORT_LOOP: u32 = 2;
/// `acort_opts_t.flags`: a task that overflows its stack has no line on stderr. The same for all runtimes of a
/// process: ACORT_NO_OVERFLOW_REPORT=1 in the environment.
pub const ACORT_NO_OVERFLOW_REPORT: u32 = 4;

/// `acort_attr_t.flags`: on the stack that the worker's tasks share: copied out and in, so that a parked
/// task costs what it has on it.
pub const ACORT_SHARED: u32 = 1;
/// `acort_attr_t.flags`: nobody joins it; it is freed when it ends.
pub const ACORT_DETACHED: u32 = 2;
/// `acort_attr_t.flags`: it is the next to run on this worker.
pub const ACORT_NEXT: u32 = 4;

/// `acort_attr_t.flags`: acort_stack_used() says how deep its own stack ever was used: all of that is filled
/// with a pattern before the task begins, and is in memory then.
pub const ACORT_MEASURE: u32 = 8;

/// `acort_attr_t.flags`: its calls do not give way to other tasks: it runs until it waits or yields.
pub const ACORT_UNCONSTRAINED: u32 = 16;

/// What a task runs. It may return, or end with acort_exit() or aco_exit().
pub type acort_body_t = Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>;

/// How a runtime is made: see acort_opts_init(). 0 in a field: the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_opts_t {
    /// Bytes of this struct, as the program knows it.
    pub size: usize,
    /// Threads that run tasks. Default: one for each processor that the caller may use (sched_setaffinity(2)), or,
    /// where that is less, as many as the quotas of its control groups give time of, rounded up (cpu.max of version
    /// 2, cpu.cfs_quota_us of version 1, of all groups that enclose the process). With ACORT_LOOP 1.
    pub workers: u32,
    /// ACORT_PIN_CPUS, ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT.
    pub flags: u32,
    /// Bytes of a task's own stack; default: 256 KiB. They take memory when they are used.
    pub stack_size: usize,
    /// Bytes of the stack that the shared tasks of a worker share; default: 2 MiB.
    pub shared_stack_size: usize,
    /// The most threads for blocking calls, in the whole process; default: 64. Names, files and
    /// acort_blocking() have 4 each that the others do not take, or a third of fewer than 12; with 1 or 2 all
    /// calls share them in the order in which they come. A thread that hangs in a call which was given up does
    /// not count; while 256 hang so a call that needs one more has EAGAIN.
    pub blocking_threads: u32,
    /// 0.
    pub reserved: u32,
    /// Bytes of the stack of a main task, as acort_run_ex() and acort_enter() start it; default: 1 MiB, or
    /// `stack_size` where that is more.
    pub main_stack_size: usize,
    /// Bytes of unused address space below each stack, between two guard pages. A function whose
    /// frame is no larger reaches no other task's stack, however it is compiled. Default: 1 MiB; 64 KiB on
    /// 32 bits; under RLIMIT_AS a 16,384th of the limit where that is less. Whole pages; 1: no gap, and one
    /// guard page.
    pub stack_gap: usize,
}

/// How a task is started: see acort_attr_init(). All zero but `size` and `worker`: as acort_go() does.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_attr_t {
    /// Bytes of this struct, as the program knows it.
    pub size: usize,
    /// Its name, which is copied; NULL: none.
    pub name: *const c_char,
    /// The group that it belongs to; NULL: the caller's.
    pub group: *mut acort_group_t,
    /// Bytes of its own stack; 0: the runtime's default.
    pub stack_size: usize,
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE, ACORT_UNCONSTRAINED.
    pub flags: u32,
    /// The number of the worker that runs it; -1: any.
    pub worker: i32,
    /// Memory of `stack_size` bytes, 4096 or more, aligned to 16, for its own stack, without a guard page;
    /// NULL: the library's. It is the task's until that has ended, as acort_join() tells.
    pub stack: *mut c_void,
    /// So many bytes at `arg` are copied, and the task's argument is the copy, aligned as malloc(3) does,
    /// which is there until the task is freed: it may lie on a shared stack, and change. 0: nothing is copied.
    pub arg_copy_size: usize,
}

/// What a program wants to be told of: each function with `user` and the task, on the thread where it
/// happens. They may not wait. NULL: it is not told of that.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_hooks_t {
    /// The first argument of each.
    pub user: *mut c_void,
    /// A task was made.
    pub create: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task begins.
    pub start: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task begins to wait, for what the text says.
    pub block: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, *const c_char)>,
    /// A task was woken.
    pub wake: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task has ended.
    pub finish: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task has run for so many nanoseconds without a pause: more than `slice_limit`.
    pub slice: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, i64)>,
    /// Nanoseconds; 0: `slice` is never called.
    pub slice_limit: i64,
}

/// What the caller's runtime has done.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct acort_stats_t {
    /// Threads that run tasks.
    pub workers: u64,
    /// Tasks that have not ended.
    pub live: u64,
    /// Tasks that have begun.
    pub started: u64,
    /// Tasks that have ended.
    pub ended: u64,
    /// How often a task was gone on in.
    pub switches: u64,
    /// How often the system was asked for events.
    pub polls: u64,
    /// How often a worker slept.
    pub sleeps: u64,
    /// Events of file descriptors.
    pub events: u64,
    /// Deadlines that have passed.
    pub expired: u64,
    /// Tasks that another thread has woken.
    pub received: u64,
    /// Calls that gave way to other tasks, since their own had used up its share of the worker's turn.
    pub forced: u64,
}

/// acort_chan_new(): the channel is used by the tasks of one worker alone, that of the task which makes it:
/// its calls take no lock. A call by another thread aborts.
pub const ACORT_LOCAL: u32 = 1;

/// `acort_case_t.op`: sends the value at `data` to the channel `object`.
pub const ACORT_SEND: i32 = 1;
/// `acort_case_t.op`: receives a value of the channel `object` to `data`.
pub const ACORT_RECV: i32 = 2;
/// `acort_case_t.op`: `fd` can be read, or is over.
pub const ACORT_FD_READ: i32 = 3;
/// `acort_case_t.op`: `fd` can be written, or is broken.
pub const ACORT_FD_WRITE: i32 = 4;
/// `acort_case_t.op`: the task `object` has ended; it can be joined then.
pub const ACORT_TASK: i32 = 5;
/// `acort_case_t.op`: the event `object` is set.
pub const ACORT_EVENT: i32 = 6;
/// `acort_case_t.op`: the future `object` is set, or has failed; acort_future_wait() says which.
pub const ACORT_FUTURE: i32 = 7;

/// One of several waits.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_case_t {
    /// ACORT_SEND ... ACORT_FUTURE.
    pub op: i32,
    /// For ACORT_FD_READ and ACORT_FD_WRITE.
    pub fd: c_int,
    /// A channel, a task, an event, a future.
    pub object: *mut c_void,
    /// A value of the channel, or room for one.
    pub data: *mut c_void,
    /// Of the case that was chosen: 0, or EPIPE where the channel is closed.
    pub error: c_int,
    /// The library's.
    pub reserved: c_int,
}

impl acort_case_t {
    pub(crate) const EMPTY: acort_case_t = acort_case_t {
        op: 0,
        fd: -1,
        object: core::ptr::null_mut(),
        data: core::ptr::null_mut(),
        error: 0,
        reserved: 0,
    };
}

/// A mutex. All zero: nobody has it. The caller's, where it does not move while it is used: where it lies on the stack
/// that the worker's tasks share every call with it gives EFAULT, and does nothing. The same for those below.
#[repr(C)]
pub struct acort_mutex_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A lock for many readers or one writer. All zero: nobody has it.
#[repr(C)]
pub struct acort_rwlock_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A condition variable. All zero: nobody waits.
#[repr(C)]
pub struct acort_cond_t {
    /// The library's.
    pub words: [u64; 8],
}

/// What is done once. All zero: it was not.
#[repr(C)]
pub struct acort_once_t {
    /// The library's.
    pub words: [u64; 8],
}

/// An event. All zero: not set.
#[repr(C)]
pub struct acort_event_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A semaphore. All zero: it counts 0.
#[repr(C)]
pub struct acort_sem_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A waitgroup. All zero: nothing is to be done.
#[repr(C)]
pub struct acort_waitgroup_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A barrier. All zero: for nobody, until acort_barrier_init().
#[repr(C)]
pub struct acort_barrier_t {
    /// The library's.
    pub words: [u64; 8],
}
