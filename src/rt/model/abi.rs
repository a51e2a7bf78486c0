//! The constants and structs of `include/acort.h`, as Rust has them: runtimes, tasks, channels and select. `io` and
//! `sync` have the others. The order here is that of the header.
//!
//! * AB1. A struct with a field `size` grows only at its end. `size_prefixed` reads one of an older program.

#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_void};

pub use self::io::*;
pub use self::sync::*;
use super::group::Group;
use super::runtime::Runtime;
use super::task::Task;

mod io;
mod sync;

/// A runtime: workers and their tasks.
pub type acort_t = Runtime;
/// A task.
pub type acort_task_t = Task;
/// A group of tasks.
pub type acort_group_t = Group;

/// A key of tasks' values, from acort_key_create(). 0 is never a key.
pub type acort_key_t = u64;

/// As a deadline: no limit.
pub const ACORT_NEVER: i64 = -1;

/// `acort_opts_t.flags`: each worker stays on one processor.
pub const ACORT_PIN_CPUS: u32 = 1;
/// `acort_opts_t.flags`: another event loop runs the one worker, by acort_loop_step().
pub const ACORT_LOOP: u32 = 2;
/// `acort_opts_t.flags`: no line on stderr reports a task that overflows its stack. ACORT_NO_OVERFLOW_REPORT=1 in the
/// environment does the same for all runtimes of a process.
pub const ACORT_NO_OVERFLOW_REPORT: u32 = 4;

/// `acort_opts_t.flags`, for acort_run_ex(): a test run, as acort_test_run() makes one, with the seed `test_seed`.
pub const ACORT_TEST: u32 = 8;
/// `acort_opts_t.flags`, with ACORT_TEST: the outside takes part. Tasks may use file descriptors, files, names,
/// signals and children, and other threads may wake them. The clock does not wait for these: it jumps when no task is
/// ready, and no file descriptor that a task waits for. While the process has threads that the runtime does not know,
/// it reports no deadlock.
pub const ACORT_TEST_OUTSIDE: u32 = 16;

/// `acort_attr_t.flags`: the task runs on the stack that the worker's tasks share. What it has there is copied away
/// while it waits, so a waiting task takes only as much memory as that.
pub const ACORT_SHARED: u32 = 1;
/// `acort_attr_t.flags`: the task cannot be joined; it is freed when it ends.
pub const ACORT_DETACHED: u32 = 2;
/// `acort_attr_t.flags`: the task is the next one that runs on the caller's worker.
pub const ACORT_NEXT: u32 = 4;

/// `acort_attr_t.flags`: acort_stack_used() returns the deepest use of the task's own stack. For that the whole stack
/// is filled with a pattern before the task begins, and takes memory from then on.
pub const ACORT_MEASURE: u32 = 8;

/// `acort_attr_t.flags`: the calls of the task do not yield to other tasks: it runs until it waits or calls
/// acort_yield().
pub const ACORT_UNCONSTRAINED: u32 = 16;

/// `acort_attr_t.flags`: the task has low priority. It runs when no other task is ready on its worker, but of 16 tasks
/// that run one is low, if one is ready.
pub const ACORT_LOW: u32 = 32;

/// The entry function of a task. It returns, or ends the task by acort_exit() or aco_exit().
pub type acort_body_t = Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>;

/// The options of a runtime: see acort_opts_init(). A field that is 0 means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// Threads that run tasks. Default: one for each processor that the caller may use (sched_setaffinity(2)), but no
    /// more than the CPU quotas of the control groups that enclose the process, rounded up (cpu.max of version 2,
    /// cpu.cfs_quota_us of version 1). With ACORT_LOOP: 1.
    pub workers: u32,
    /// ACORT_PIN_CPUS, ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT, ACORT_TEST, ACORT_TEST_OUTSIDE.
    pub flags: u32,
    /// Bytes of a task's own stack; default: 256 KiB. A page takes memory once it is used.
    pub stack_size: usize,
    /// Bytes of a worker's shared stack. Default: 2 MiB.
    pub shared_stack_size: usize,
    /// The most threads for blocking calls, in the whole process; default: 64. Name lookups, files and acort_blocking()
    /// have 4 threads each that the others do not take, or a third of fewer than 12. With 1 or 2, all calls share them
    /// in the order in which they come. A thread whose call was abandoned does not count. While 256 such threads hang,
    /// a call that needs one more thread fails with EAGAIN.
    pub blocking_threads: u32,
    /// 0.
    pub reserved: u32,
    /// Bytes of the stack of a main task, which acort_run_ex() and acort_enter() start; default: 1 MiB, or `stack_size`
    /// if that is more.
    pub main_stack_size: usize,
    /// Bytes of unused address space below each stack, between two guard pages. A function whose frame is no larger
    /// cannot reach the stack of another task, however it is compiled. Default: 1 MiB; 64 KiB on 32 bits; under
    /// RLIMIT_AS a 16,384th of the limit if that is less. Rounded to whole pages. 1: no gap, and one guard page.
    pub stack_gap: usize,
    /// With ACORT_TEST: the seed of the run. Without: 0.
    pub test_seed: u64,
}

/// The attributes of a new task: see acort_attr_init(). With all fields 0 except `size` and `worker`, the task is as
/// one of acort_go().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The name of the task, which is copied; NULL: none.
    pub name: *const c_char,
    /// The group of the task; NULL: the caller's.
    pub group: *mut acort_group_t,
    /// Bytes of the task's own stack; 0: the runtime's default.
    pub stack_size: usize,
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE, ACORT_UNCONSTRAINED, ACORT_LOW.
    pub flags: u32,
    /// The index of the worker that runs the task; -1: any.
    pub worker: i32,
    /// Memory for the task's own stack: `stack_size` bytes, 4096 or more, aligned to 16, without a guard page. NULL:
    /// the library allocates the stack. The task uses the memory until it has ended, as acort_join() tells.
    pub stack: *mut c_void,
    /// Bytes at `arg` that are copied; 0: none. The task's argument is the copy then, aligned as malloc(3) does, which
    /// is freed with the task. The original may be on a shared stack, and may change.
    pub arg_copy_size: usize,
    /// Called once with the task's argument, as the task, after the task has ended: it has returned, has left by
    /// acort_exit() or aco_exit(), was abandoned, or never began. It runs after the destructors of keys, and must not
    /// wait. If acort_go_ex() fails, it calls this with `arg` itself; then the caller has nothing to free. NULL: none.
    pub arg_destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// Functions that the library calls when something happens to a task: with `user` and the task, on the thread where it
/// happens. They may not wait. NULL: no call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_hooks_t {
    /// The first argument of each.
    pub user: *mut c_void,
    /// A task was created.
    pub create: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task starts.
    pub start: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t)>,
    /// A task is about to wait, for what the text says.
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

/// Statistics of the caller's runtime.
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
    /// How often a worker switched to a task.
    pub switches: u64,
    /// How often a worker asked the system for events.
    pub polls: u64,
    /// Sleeps of workers.
    pub sleeps: u64,
    /// Events of file descriptors.
    pub events: u64,
    /// Waits that ended by their deadline.
    pub expired: u64,
    /// Tasks that another thread has woken, or has started on the worker.
    pub received: u64,
    /// Calls that yielded to other tasks, because their task had used up its share of the worker's turn.
    pub forced: u64,
}

/// acort_chan_new(): only the tasks of one worker use the channel, the worker of the task that creates it. Its calls
/// take no lock. A call on another thread aborts.
pub const ACORT_LOCAL: u32 = 1;

/// acort_chan_init(): bytes of a channel before its buffer.
pub const ACORT_CHAN_SIZE: usize = 128;

/// `acort_case_t.op`: sends the value at `data` to the channel `object`.
pub const ACORT_SEND: i32 = 1;
/// `acort_case_t.op`: receives a value from the channel `object` into `data`.
pub const ACORT_RECV: i32 = 2;
/// `acort_case_t.op`: `fd` can be read, or has reached its end.
pub const ACORT_FD_READ: i32 = 3;
/// `acort_case_t.op`: `fd` can be written, or is broken.
pub const ACORT_FD_WRITE: i32 = 4;
/// `acort_case_t.op`: the task `object` has ended; it can then be joined.
pub const ACORT_TASK: i32 = 5;
/// `acort_case_t.op`: the event `object` is set.
pub const ACORT_EVENT: i32 = 6;
/// `acort_case_t.op`: the future `object` is set, or has failed; acort_future_wait() tells which.
pub const ACORT_FUTURE: i32 = 7;
/// `acort_case_t.op`: the time at `data`, an `int64_t`, has come. It is a deadline; ACORT_NEVER: the case is disabled.
pub const ACORT_TIMER: i32 = 8;
/// `acort_case_t.op`: takes a unit of the semaphore `object`, as acort_sem_wait().
pub const ACORT_SEM: i32 = 9;
/// `acort_case_t.op`: the count of the waitgroup `object` is 0.
pub const ACORT_WAITGROUP: i32 = 10;
/// `acort_case_t.op`: all tasks of the group `object` have ended; acort_group_wait() then returns its error.
pub const ACORT_GROUP: i32 = 11;
/// `acort_case_t.op`: locks the mutex `object`.
pub const ACORT_MUTEX: i32 = 12;
/// `acort_case_t.op`: the child with the process id `fd` has ended, and is waited for as
/// acort_waitpid() does. Its status goes to `data`, an `int`, unless `data` is NULL.
pub const ACORT_CHILD: i32 = 13;
/// `acort_case_t.op`: takes a signal of the set `object`, a `sigset_t`, as acort_signal_wait()
/// does. Its number goes to `fd`, and information about it to `data`, a `siginfo_t`, unless `data`
/// is NULL.
pub const ACORT_SIGNAL: i32 = 14;

/// A case of acort_select(): one of several things that the call waits for. The case is disabled if `op` is 0, or the
/// channel is NULL: it is never ready.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_case_t {
    /// The operation: ACORT_SEND to ACORT_SIGNAL; 0: none.
    pub op: i32,
    /// The file descriptor of ACORT_FD_READ and ACORT_FD_WRITE, the process id of ACORT_CHILD, or
    /// the signal that ACORT_SIGNAL has taken.
    pub fd: c_int,
    /// The channel, task, event, future, semaphore, waitgroup, group, mutex or set of signals.
    pub object: *mut c_void,
    /// The value to send, memory for the one to receive, the time of a timer, or memory for a status.
    pub data: *mut c_void,
    /// Of the chosen case: 0, or EPIPE if the channel is closed.
    pub error: c_int,
    /// Private to the library.
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
