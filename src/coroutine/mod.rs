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
pub(crate) use compilers::refuse_frames_elsewhere;
pub(crate) use create::create;
pub(crate) use current::{inside, is_on_stack_of, is_running, running};
pub(crate) use destroy::destroy;
pub(crate) use main_co::{create_main, current_or_main};
pub(crate) use other_threads::{Use, runs_elsewhere, use_elsewhere};
pub(crate) use stack_use::{is_on_shared_stack, stack_remaining, stack_trim, stack_used};
pub(crate) use start::{is_at_beginning, is_fresh, reset};
