//! Names, addresses, and connections to them.

mod addr;
pub(crate) mod dial;
mod happy_eyeballs;
pub(crate) mod resolve;
