//! Names, addresses, and connections to them.

pub(crate) mod dial;
pub(crate) mod happy_eyeballs;
pub(crate) mod resolve;
