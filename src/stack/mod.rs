//! Share stacks: created, destroyed, and bound to their coroutines.
//!
//! The control block of a stack stays readable after the stack is destroyed (see [`control_block`]). So a coroutine may
//! be destroyed after its stack, and a resume of it is refused (see [`binding`]).

mod binding;
mod cache;
mod control_block;
mod create;
mod deferred_unmap;
mod destroy;
mod exclusive;
mod external;
mod guard;
mod high_water_mark;
mod layout;
mod memory;
mod pair;
mod span;
mod trim;
mod unwind_owner;

pub(crate) use binding::{
    bind, can_take_over, detach, has_no_users, is_from_other_generation, is_shared,
    is_stack_destroyed, join, joinable, rebind,
};
pub(crate) use cache::release_all as release_cached;
pub(crate) use control_block::{BlockPtr, block_of, block_of_coroutine, is_owned};
pub(crate) use create::{create, create_or, create_with_gap};
pub(crate) use destroy::destroy;
pub(crate) use exclusive::{
    detach_exclusive, disown, own_again, revoke_exclusive, set_exclusive, set_exclusive_if_alone,
};
pub(crate) use external::{can_hold_stack, create_in};
pub(crate) use high_water_mark::{high_water_mark, paint};
pub(crate) use layout::guard_and_gap;
pub(crate) use pair::{acquire_pair, destroy_owned, recycle_ended, recycle_pair, set_owned};
pub(crate) use span::Span;
pub(crate) use trim::trim;
pub(crate) use unwind_owner::set_unwind_owner;
