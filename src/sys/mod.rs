//! The libc calls that the library makes, each wrapped once.

mod errno;
mod memory;
mod process;
mod signals;
mod thread;

#[cfg(feature = "rt")]
pub(crate) use errno::errno_place;
pub(crate) use errno::{errno, fail_with, set_errno};
#[cfg(feature = "rt")]
pub(crate) use memory::address_space_limit;
pub(crate) use memory::{
    allocate, counts_untouched_memory, discard, forbid, free, guard, is_in_memory, is_readable,
    map, map_at, map_stack, map_wiped_on_fork, permit, prefer_huge_pages, refuse_huge_pages,
    reserve, unlock, unmap,
};
pub(crate) use process::{abort, page_size, process_id, write, write_error};
pub(crate) use signals::{
    SignalHandler, has_signal_stack, least_signal_stack, requeue, restore_action, set_signal_stack,
    signal_action, take_default_action, take_signal_stack_off,
};
pub(crate) use thread::{
    delete_thread_key, let_others_run, set_thread_value, thread_key, thread_stack, thread_value,
};
