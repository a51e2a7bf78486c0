//! The system's calls that the runtime makes beyond those of `sys`, each wrapped once. Those that each
//! system has in its own way have a file each.
//!
//! | |

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
#[cfg(target_os = "linux")]
mod processors;
mod refused;
mod result;
#[cfg(target_os = "linux")]
mod text_file;
mod threads;
#[cfg(target_os = "linux")]
mod wake_fds;

pub(crate) use clock::{now, timespec};
pub(crate) use deadline::Deadline;
pub(crate) use fd::{close, socket_option, write_all};
pub(crate) use file_type::{file_status, file_type, is_always_ready};
#[cfg(target_os = "linux")]
pub(crate) use linux::{accept, close_and_keep_number, futex_wait, futex_wake_one, thread_count};
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use linux_epoll::{epoll_create, epoll_wait_fallback, is_never_polled};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    Processors, WakeFds, accept, close_and_keep_number, futex_wait, futex_wake_one, pin_to,
    thread_count, usable_processors,
};
pub(crate) use memory::{allocate_array, allocate_zeroed, copy_text, grow};
pub(crate) use poll::poll;
#[cfg(target_os = "linux")]
pub(crate) use processors::{Processors, pin_to, usable_processors};
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use refused::Fallback;
pub(crate) use refused::{Call, broken, is_refusal, report, report_errno};
pub(crate) use result::Result;
pub(crate) use threads::{
    block_signals, detach_thread, disable_cancellation, join_thread, name_thread,
    restore_cancellation, set_signal_mask, set_thread_name, signal_mask, signals_to_block,
    start_thread,
};
#[cfg(target_os = "linux")]
pub(crate) use wake_fds::WakeFds;

pub(crate) use crate::sys::errno_location;
