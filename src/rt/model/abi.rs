//! The constants and structs of `include/acort.h`.
//!
//! The program owns the synchronization objects. Each has 64 bytes. All zero is its initial state.

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

/// A key of task-local values. 0 is never a valid key.
pub type acort_key_t = u64;

/// A deadline that never passes.
pub const ACORT_NEVER: i64 = -1;

/// A flag of `acort_opts_t`: each worker stays on one processor.
pub const ACORT_PIN_CPUS: u32 = 1;
/// A flag of `acort_opts_t`: another event loop runs the only worker with acort_loop_step().
pub const ACORT_LOOP: u32 = 2;
/// A flag of `acort_opts_t`: no line on stderr reports a task that overflows its stack. The
/// environment variable ACORT_NO_OVERFLOW_REPORT=1 does the same for all runtimes of a process.
pub const ACORT_NO_OVERFLOW_REPORT: u32 = 4;

/// A flag of `acort_attr_t`: the task runs on the stack that the worker's shared tasks use. Its
/// frames are copied out and in, so a parked task takes only the memory of its frames.
pub const ACORT_SHARED: u32 = 1;
/// A flag of `acort_attr_t`: the task is freed when it ends. It cannot be joined.
pub const ACORT_DETACHED: u32 = 2;
/// A flag of `acort_attr_t`: the task is the next one to run on this worker.
pub const ACORT_NEXT: u32 = 4;

/// A flag of `acort_attr_t`: acort_stack_used() returns the maximum use of the task's own stack.
/// The whole stack is filled with a pattern before the task starts, and is resident from then on.
pub const ACORT_MEASURE: u32 = 8;

/// A flag of `acort_attr_t`: the task's calls do not yield to other tasks. It runs until it blocks
/// or yields.
pub const ACORT_UNCONSTRAINED: u32 = 16;

/// The entry function of a task. Its return value is the result of the task. It may also end the
/// task with acort_exit() or aco_exit().
pub type acort_body_t = Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>;

/// The options of a runtime. acort_opts_init() fills the struct. 0 in a field means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The number of threads that run tasks, at most 1024. Default: the number of processors that
    /// the caller may use (sched_setaffinity(2)). If the quotas of the process's control groups
    /// permit less time, their number of processors, rounded up. All enclosing groups count:
    /// `cpu.max` in version 2, `cpu.cfs_quota_us` in version 1. With ACORT_LOOP: 1.
    pub workers: u32,
    /// ACORT_PIN_CPUS, ACORT_LOOP and ACORT_NO_OVERFLOW_REPORT, or 0.
    pub flags: u32,
    /// The size of a task's own stack in bytes. Default: 256 KiB. A page becomes resident when it
    /// is used.
    pub stack_size: usize,
    /// The size in bytes of the stack that the shared tasks of a worker use. Default: 2 MiB.
    pub shared_stack_size: usize,
    /// The maximum number of threads for blocking calls in the whole process. Default: 64. Names,
    /// files and acort_blocking() each have 4 threads reserved, or a third if the maximum is below
    /// 12. With 1 or 2 all calls share the threads in order of arrival. A thread that is stuck in
    /// an abandoned call does not count. While 256 threads are stuck, calls that need a thread fail
    /// with `EAGAIN`.
    pub blocking_threads: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The stack size in bytes of a main task, which acort_run_ex() and acort_enter() start.
    /// Default: 1 MiB, or `stack_size` if that is larger.
    pub main_stack_size: usize,
    /// The size in bytes of the unused address space below each stack, between two guard pages. A
    /// function with a frame of at most this size cannot reach another task's stack, whatever its
    /// compiler options. Default: 1 MiB; 64 KiB on 32-bit systems; under RLIMIT_AS, 1/16384 of the
    /// limit if that is less. Rounded down to whole pages. 1 means no gap and one guard page.
    pub stack_gap: usize,
}

/// The attributes of a task. acort_attr_init() fills the struct. 0 in all fields but `size` and
/// `worker` means the same as acort_go().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The name of the task, or NULL. It is copied.
    pub name: *const c_char,
    /// The group of the task. NULL means the caller's group.
    pub group: *mut acort_group_t,
    /// The size of its own stack in bytes. 0 means the default of the runtime.
    pub stack_size: usize,
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE and ACORT_UNCONSTRAINED, or 0.
    pub flags: u32,
    /// The index of the worker that runs the task. -1 means any worker.
    pub worker: i32,
    /// Memory for its own stack: `stack_size` bytes, at least 4096, aligned to 16 bytes. It has no
    /// guard page. The task uses it until acort_join() returns. NULL means memory of the library.
    pub stack: *mut c_void,
    /// The number of bytes at `arg` to copy. The argument of the task is then the copy, aligned as
    /// by malloc(3). It exists until the task is freed. The original may be on a shared stack, and
    /// may change. 0 means no copy.
    pub arg_copy_size: usize,
}

/// Hooks for acort_set_hooks(). Each is called with `user` and the task, on the thread of the
/// event. A hook must not block. A NULL hook is not called.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_hooks_t {
    /// The first argument of each hook.
    pub user: *mut c_void,
    /// Called after a task is created.
    pub create: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// Called before a task starts.
    pub start: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// Called before a task blocks. The text says what it waits for.
    pub block: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, *const c_char)>,
    /// Called after a task is woken.
    pub wake: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// Called after a task has ended.
    pub finish: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// Called after a task has run for longer than `slice_limit` without a switch. The last
    /// argument is the time in nanoseconds.
    pub slice: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t, i64)>,
    /// The limit in nanoseconds. With 0, `slice` is never called.
    pub slice_limit: i64,
}

/// The counters of a runtime, for acort_stats().
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct acort_stats_t {
    /// The number of threads that run tasks.
    pub workers: u64,
    /// The number of tasks that have not ended.
    pub live: u64,
    /// The number of tasks that have started.
    pub started: u64,
    /// The number of tasks that have ended.
    pub ended: u64,
    /// The number of switches to a task.
    pub switches: u64,
    /// The number of polls for events of the system.
    pub polls: u64,
    /// The number of times that a worker has slept.
    pub sleeps: u64,
    /// The number of events of file descriptors.
    pub events: u64,
    /// The number of deadlines that have passed.
    pub expired: u64,
    /// The number of tasks that another thread has woken.
    pub received: u64,
    /// The number of calls that yielded to other tasks because their task's slice was used up.
    pub forced: u64,
}

/// A flag of acort_chan_new(): only the tasks of one worker use the channel, that of its creator.
/// Its calls take no lock. A call from another thread aborts.
pub const ACORT_LOCAL: u32 = 1;

/// A value of `acort_case_t.op`: send the value at `data` to the channel `object`.
pub const ACORT_SEND: i32 = 1;
/// A value of `acort_case_t.op`: receive a value from the channel `object` into `data`.
pub const ACORT_RECV: i32 = 2;
/// A value of `acort_case_t.op`: wait until `fd` is readable, or at its end.
pub const ACORT_FD_READ: i32 = 3;
/// A value of `acort_case_t.op`: wait until `fd` is writable, or has failed.
pub const ACORT_FD_WRITE: i32 = 4;
/// A value of `acort_case_t.op`: wait for the end of the task `object`. It can be joined then.
pub const ACORT_TASK: i32 = 5;
/// A value of `acort_case_t.op`: wait until the event `object` is set.
pub const ACORT_EVENT: i32 = 6;
/// A value of `acort_case_t.op`: wait until the future `object` has a value or an error.
/// acort_future_wait() returns it.
pub const ACORT_FUTURE: i32 = 7;

/// A case of acort_select().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_case_t {
    /// The kind of the case: ACORT_SEND to ACORT_FUTURE.
    pub op: i32,
    /// The file descriptor of ACORT_FD_READ and ACORT_FD_WRITE.
    pub fd: c_int,
    /// The channel, task, event or future.
    pub object: *mut c_void,
    /// The value to send, or the buffer for a received value.
    pub data: *mut c_void,
    /// The result of the selected case: 0, or `EPIPE` if the channel is closed.
    pub error: c_int,
    /// Internal.
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

/// A mutex. All zero means unlocked. The struct belongs to the program, and must not move while it
/// is in use. If it is on the stack that the worker's shared tasks use, each call with it fails
/// with `EFAULT`, without effect. The same holds for the other synchronization objects.
#[repr(C)]
pub struct acort_mutex_t {
    /// Internal.
    pub words: [u64; 8],
}

/// A reader-writer lock. All zero means unlocked.
#[repr(C)]
pub struct acort_rwlock_t {
    /// Internal.
    pub words: [u64; 8],
}

/// A condition variable. All zero means without waiters.
#[repr(C)]
pub struct acort_cond_t {
    /// Internal.
    pub words: [u64; 8],
}

/// The state of a one-time call. All zero means not called.
#[repr(C)]
pub struct acort_once_t {
    /// Internal.
    pub words: [u64; 8],
}

/// An event. All zero means not set.
#[repr(C)]
pub struct acort_event_t {
    /// Internal.
    pub words: [u64; 8],
}

/// A semaphore. All zero means count 0.
#[repr(C)]
pub struct acort_sem_t {
    /// Internal.
    pub words: [u64; 8],
}

/// A waitgroup. All zero means count 0.
#[repr(C)]
pub struct acort_waitgroup_t {
    /// Internal.
    pub words: [u64; 8],
}

/// A barrier. All zero means without a count: call acort_barrier_init() first.
#[repr(C)]
pub struct acort_barrier_t {
    /// Internal.
    pub words: [u64; 8],
}
