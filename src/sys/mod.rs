//! The libc calls that the library makes, each wrapped once.

mod errno;
mod memory;
mod process;
mod signal;
mod thread;

pub(crate) use errno::{errno, errno_location, fail_with, set_errno};
pub(crate) use memory::{
    address_space_limit, allocate, disable_huge_pages, discard, enable_huge_pages, free,
    install_guard_region, is_overcommit_strict, is_readable, make_accessible, make_inaccessible,
    map, map_fixed, map_stack, map_wiped_on_fork, munlock, page_residency, reserve, unmap,
};
pub(crate) use process::{abort, page_size, process_id, write_all};
pub(crate) use signal::{
    SignalHandler, has_signal_stack, min_signal_stack_size, remove_signal_stack, resend_signal,
    restore_signal_action, set_default_action, set_signal_action, set_signal_stack,
};
pub(crate) use thread::{
    create_thread_key, delete_thread_key, set_thread_value, thread_stack_low, thread_value,
    yield_thread,
};
