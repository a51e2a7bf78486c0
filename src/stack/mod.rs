//! Share stacks: made, destroyed, and asked whose they are.
//!
//! A control block outlives its stack (see [`control`]): coroutines may be destroyed after the
//! stack they were on, and one that would still run on it is recognised (see [`binding`]).

mod binding;
mod control;
mod create;
mod depth;
mod destroy;
mod given;
mod layout;
mod memory;
mod pool;
mod retained;
mod trim;

pub(crate) use binding::{
    bind, bind_anew, evict_resident, is_gone, is_of_another_life, is_shared, is_vacant, leave,
    name, settle,
};
pub(crate) use control::block_of as control_of;
pub(crate) use create::create;
#[cfg(feature = "rt")]
pub(crate) use create::create_apart;
pub(crate) use depth::{depth, fill};
pub(crate) use destroy::destroy;
pub(crate) use given::create_in;
#[cfg(feature = "rt")]
pub(crate) use given::fits;
pub(crate) use layout::below;
pub(crate) use pool::give_kept_back;
pub(crate) use trim::trim;
