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
/// `acort_opts_t.flags`: the overflow of a task's stack is not reported on stderr. ACORT_NO_OVERFLOW_REPORT=1 in the
/// environment does the same for all runtimes of the process.
pub const ACORT_NO_OVERFLOW_REPORT: u32 = 4;

/// `acort_attr_t.flags`: the task runs on the shared stack of its worker. Its frames are copied out and in, so a parked
/// task takes the memory of its frames alone.
pub const ACORT_SHARED: u32 = 1;
/// `acort_attr_t.flags`: the task is detached: it is freed when it ends.
pub const ACORT_DETACHED: u32 = 2;
/// `acort_attr_t.flags`: the task is the next one to run on this worker.
pub const ACORT_NEXT: u32 = 4;

/// `acort_attr_t.flags`: acort_stack_used() returns the deepest use ever of the task's own stack. The stack is painted with
/// a pattern before the task begins, so all of it is in memory.
pub const ACORT_MEASURE: u32 = 8;

/// `acort_attr_t.flags`: the task does not yield at calls: it runs until it waits or yields itself.
pub const ACORT_UNCONSTRAINED: u32 = 16;

/// The function of a task. It may return, or end by acort_exit() or aco_exit().
pub type acort_body_t = Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>;

/// Options of a runtime: acort_opts_init() fills them. A field of 0 is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The number of workers. Default: the processors that the caller may use (sched_setaffinity(2)), or the quota of its
    /// control groups, rounded up, if that is less (cpu.max of version 2, cpu.cfs_quota_us of version 1, of all groups that
    /// enclose the process). With ACORT_LOOP it is 1.
    pub workers: u32,
    /// ACORT_PIN_CPUS, ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT.
    pub flags: u32,
    /// Bytes of a task's own stack. Default: 256 KiB. A page takes memory when it is used.
    pub stack_size: usize,
    /// Bytes of a worker's shared stack. Default: 2 MiB.
    pub shared_stack_size: usize,
    /// The most threads for blocking calls, in the whole process. Default: 64. Names, files and acort_blocking() each have
    /// a reserve of 4, or of a third of a limit below 12. With 1 or 2 all calls share the threads, in the order of arrival.
    /// A thread that hangs in a call which was given up does not count. While 256 threads hang, a call that needs another
    /// thread fails with EAGAIN.
    pub blocking_threads: u32,
    /// 0.
    pub reserved: u32,
    /// Bytes of the stack of a main task, of acort_run_ex() and acort_enter(). Default: 1 MiB, or `stack_size` if that is
    /// more.
    pub main_stack_size: usize,
    /// Bytes of unused address space below each stack, between two guard pages. A frame of that size never reaches another
    /// task's stack, however it is compiled. Default: 1 MiB; 64 KiB on 32 bits; under RLIMIT_AS a 16,384th of the limit if
    /// that is less. It is rounded to pages; 1 is no gap, and one guard page.
    pub stack_gap: usize,
}

/// Attributes of a task: acort_attr_init() fills them. With all zero except `size` and `worker` a task is as by acort_go().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The name of the task, which is copied, or NULL.
    pub name: *const c_char,
    /// The group of the task; NULL is the caller's group.
    pub group: *mut acort_group_t,
    /// Bytes of the task's own stack; 0 is the runtime's default.
    pub stack_size: usize,
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE, ACORT_UNCONSTRAINED.
    pub flags: u32,
    /// The index of the worker that runs the task; -1 is any.
    pub worker: i32,
    /// Memory of `stack_size` bytes for the task's own stack, without a guard page: 4096 bytes or more, aligned to 16. NULL
    /// is the library's memory. The task uses it until acort_join() has returned.
    pub stack: *mut c_void,
    /// If not 0, the task's argument is a copy of so many bytes at `arg`, aligned as by malloc(3) and valid until the task is
    /// freed. `arg` may be on a shared stack then.
    pub arg_copy_size: usize,
}

/// Hooks: functions that are called with `user` and a task, on the thread of the event. They must not wait. NULL is no
/// hook.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_hooks_t {
    /// The first argument of each.
    pub user: *mut c_void,
    /// A task was created.
    pub create: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task begins.
    pub start: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task begins to wait. The string says for which kind of object.
    pub block: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, *const c_char)>,
    /// A task was woken.
    pub wake: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task has ended.
    pub finish: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task has run for so many nanoseconds without a switch, more than `slice_limit`.
    pub slice: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, i64)>,
    /// Nanoseconds; with 0 `slice` is never called.
    pub slice_limit: i64,
}

/// Counters of a runtime: acort_stats().
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct acort_stats_t {
    /// Workers.
    pub workers: u64,
    /// Tasks that have not ended.
    pub live: u64,
    /// Tasks that have begun.
    pub started: u64,
    /// Tasks that have ended.
    pub ended: u64,
    /// Switches to tasks.
    pub switches: u64,
    /// Calls of the system for events.
    pub polls: u64,
    /// Sleeps of workers.
    pub sleeps: u64,
    /// Events of file descriptors.
    pub events: u64,
    /// Deadlines that have passed.
    pub expired: u64,
    /// Tasks that another thread has woken.
    pub received: u64,
    /// Calls that yielded to other tasks: the budget of their task was used up.
    pub forced: u64,
}

/// Flag of acort_chan_new(): only tasks of the worker that creates the channel use it. Its calls take no lock. A call by
/// another thread aborts.
pub const ACORT_LOCAL: u32 = 1;

/// `acort_case_t.op`: sends the value at `data` to the channel `object`.
pub const ACORT_SEND: i32 = 1;
/// `acort_case_t.op`: receives a value of the channel `object` to `data`.
pub const ACORT_RECV: i32 = 2;
/// `acort_case_t.op`: `fd` can be read, or is at its end.
pub const ACORT_FD_READ: i32 = 3;
/// `acort_case_t.op`: `fd` can be written, or is broken.
pub const ACORT_FD_WRITE: i32 = 4;
/// `acort_case_t.op`: the task `object` has ended; it can be joined then.
pub const ACORT_TASK: i32 = 5;
/// `acort_case_t.op`: the event `object` is set.
pub const ACORT_EVENT: i32 = 6;
/// `acort_case_t.op`: the future `object` is set, or has failed; acort_future_wait() says which.
pub const ACORT_FUTURE: i32 = 7;

/// A case of acort_select().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_case_t {
    /// The operation: ACORT_SEND to ACORT_FUTURE.
    pub op: i32,
    /// The file descriptor of ACORT_FD_READ and ACORT_FD_WRITE.
    pub fd: c_int,
    /// The channel, task, event or future.
    pub object: *mut c_void,
    /// The value to send, or memory for the value to receive.
    pub data: *mut c_void,
    /// For the case that was chosen: 0, or EPIPE if the channel is closed.
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

/// A mutex. All zero is an unlocked one. The program owns the struct, which must not move while it is used: on a
/// shared stack each call with it fails with EFAULT. The same holds for the structs below.
#[repr(C)]
pub struct acort_mutex_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A lock for many readers or one writer. All zero is an unlocked one.
#[repr(C)]
pub struct acort_rwlock_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A condition variable. All zero is one without waiters.
#[repr(C)]
pub struct acort_cond_t {
    /// The library's.
    pub words: [u64; 8],
}

/// The state of acort_once(). All zero: the function was not called.
#[repr(C)]
pub struct acort_once_t {
    /// The library's.
    pub words: [u64; 8],
}

/// An event. All zero is one that is not set.
#[repr(C)]
pub struct acort_event_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A semaphore. All zero has the count 0.
#[repr(C)]
pub struct acort_sem_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A waitgroup. All zero has the count 0.
#[repr(C)]
pub struct acort_waitgroup_t {
    /// The library's.
    pub words: [u64; 8],
}

/// A barrier. All zero is one before acort_barrier_init().
#[repr(C)]
pub struct acort_barrier_t {
    /// The library's.
    pub words: [u64; 8],
}
