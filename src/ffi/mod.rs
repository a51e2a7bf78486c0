//! The C face: check, convert, delegate. No logic; `include/aco.h` is made from these items.
//!
//! Rules of the boundary: a function takes raw pointers, refuses NULL with the line that names
//! it, and hands on what the core takes. No panic leaves: panics abort. Every name here stands
//! in `libaco.map`, and `tests/suite` compares.

mod arguments;
pub mod classic;
pub mod diagnose;
pub mod extension;
pub mod functions;
#[cfg(feature = "rt")]
pub mod rt;
pub mod version;

use arguments::{live_coroutine, non_null, status_of};
