//! The system calls of the runtime beyond those of `sys`, each wrapped once. `linux*`, `affinity`, `cgroup` and
//! `macos` have the calls that one system has in its own way.
//!
//! | file | what it is |
//! |---|---|
//! | `affinity` | The processors that a thread may use, and how many the process can use at once |
//! | `cgroup` | The CPU limit that the control groups of the process set |
//! | `clock` | The monotonic clock, in nanoseconds, and the virtual clock of a thread (`model/test_run`) |
//! | `deadline` | Deadlines: the time of the monotonic clock until which a call waits |
//! | `fd` | Calls on a descriptor that are the same on each system |
//! | `file_type` | The type of a descriptor's file |
//! | `linux` | The calls that Linux has in its own way: futexes, the count of threads, accept, dup, fstat, poll |
//! | `linux_epoll` | The calls of epoll that have fallbacks (S1 of `refused`), and its EPERM (S4) |
//! | `macos` | The calls that macOS has in its own way: os_sync_wait_on_address, the thread count, accept, pipes |
//! | `memory` | Arrays and strings from malloc, and their growth |
//! | `poll` | poll(2), with a deadline |
//! | `poller` | The poller: what a worker sleeps in |
//! | `refused` | System calls that a kernel does not know (ENOSYS), or that a sandbox refuses (EPERM) |
//! | `result` | The result of a call: a value, or an errno |
//! | `ring` | A ring of io_uring(7): the kernel performs operations while the thread goes on |
//! | `spawn` | posix_spawn(3): starts a program in a new process |
//! | `text_file` | Small text files of the system: paths, lines, and octal escapes |
//! | `threads` | The library's threads: start, name, join, and cancellation; the signal mask of a thread |
//! | `wake_fds` | Wakes a thread that sleeps in poll(2) or in its poller |

#[cfg(target_os = "linux")]
mod affinity;
#[cfg(target_os = "linux")]
mod cgroup;
mod clock;
mod deadline;
mod fd;
mod file_type;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
mod linux_epoll;
#[cfg(target_os = "macos")]
mod macos;
mod memory;
mod poll;
pub(crate) mod poller;
mod refused;
mod result;
#[cfg(target_os = "linux")]
mod ring;
mod spawn;
#[cfg(target_os = "linux")]
mod text_file;
mod threads;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod wake_fds;

#[cfg(target_os = "linux")]
pub(crate) use affinity::{CpuSet, available_cpus, current_cpu, has_parallelism, pin_to_cpu};
pub(crate) use clock::{now, real_now, timespec};
pub(crate) use deadline::Deadline;
pub(crate) use fd::{close, is_write_only, socket_option};
pub(crate) use file_type::{file_status, file_type, is_always_ready};
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    accept, close_and_keep_number, futex_wait, futex_wake_one, open_pipe, thread_count,
};
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use linux_epoll::{epoll_create, epoll_wait_fallback, is_unpollable};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    CpuSet, accept, available_cpus, close_and_keep_number, current_cpu, futex_wait, futex_wake_one,
    has_parallelism, open_pipe, pin_to_cpu, thread_count,
};
pub(crate) use memory::{allocate_array, allocate_zeroed, grow, strdup};
pub(crate) use poll::poll;
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use refused::Fallback;
pub(crate) use refused::{Syscall, abort_failed, check, is_refusal, last_errno, warn_if_refused};
pub(crate) use result::Result;
#[cfg(target_os = "linux")]
pub(crate) use ring::{Completion, Entry, Opcode, Ring};
pub(crate) use spawn::{Spawn, spawn};
pub(crate) use threads::{
    block_signals, blockable_signals, detach_thread, disable_cancellation, join_thread,
    name_thread, restore_cancellation, set_signal_mask, set_thread_name, signal_mask, start_thread,
};
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) use wake_fds::WakeFds;

pub(crate) use crate::sys::errno_location;
