//! A coroutine's life: create, destroy.

mod compilers;
mod control_block;
mod create;
mod current;
mod destroy;
mod main_co;
mod other_threads;
mod stack_use;
mod start;

#[cfg(feature = "rt")]
pub(crate) use compilers::abort_on_off_stack_frames;
pub(crate) use create::create;
pub(crate) use current::{current_checked, current_from_signal, is_on_stack_of, is_running};
pub(crate) use destroy::destroy;
pub(crate) use main_co::{create_main, current_or_create_main};
pub(crate) use other_threads::{OtherThreadUse, runs_on_other_thread, use_by_other_thread};
pub(crate) use stack_use::{is_on_shared_stack, stack_remaining, stack_trim, stack_used};
pub(crate) use start::{has_no_frames, is_unstarted, reset};
