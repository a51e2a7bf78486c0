//! The libc calls that the library makes, each wrapped once. `linux*` has those that one system has in its own way.
//!
//! A system has files of its own with these items. The rest of this folder is POSIX.
//!
//! | item | what it is |
//! |---|---|
//! | `errno_location` | the address of this thread's errno |
//! | `is_privileged` | has the program more rights than its caller? |
//! | `thread_stack_low` | the lowest address of this thread's own stack |
//! | `interrupted_stack_pointer` | the stack pointer of the code that a signal interrupted: one line an architecture |
//! | `resend_signal` | sends this thread a signal again, with its information |
//! | `min_signal_stack_size` | the bytes of a stack that the kernel needs to deliver a signal |
//! | `STACK_FLAGS` | the flags of mmap(2) for memory of stacks |
//! | `map_fixed` | maps memory at one address, and replaces nothing there |
//! | `map_wiped_on_fork` | a page that reads as zero in a child of fork(2) |
//! | `discard`, `discard_all` | discards the contents of pages, which read as zero afterwards |
//! | `populate_all` | has the system provide pages now |
//! | `install_guard_region`, `install_guard_regions` | makes pages inaccessible without another mapping |
//! | `enable_huge_pages`, `disable_huge_pages` | advice |
//! | `page_residency` | which pages are in memory? |
//! | `is_readable` | can the process read a byte? |
//! | `is_overcommit_strict` | does the system count writable memory as used before it is written? |

mod errno;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_memory;
mod memory;
mod process;
mod signal;
mod thread;

pub(crate) use {errno::*, memory::*, process::*, signal::*, thread::*};

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    errno_location, interrupted_stack_pointer, is_privileged, min_signal_stack_size, resend_signal,
    thread_stack_low,
};
#[cfg(target_os = "linux")]
pub(crate) use linux_memory::{
    disable_huge_pages, discard, discard_all, enable_huge_pages, install_guard_region,
    install_guard_regions, is_overcommit_strict, is_readable, map_fixed, map_wiped_on_fork,
    page_residency, populate_all,
};
