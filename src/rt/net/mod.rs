//! Connections and listeners by name, and the names' addresses.
//!
//! | |

mod addr;
pub(crate) mod dial;
mod happy_eyeballs;
pub(crate) mod resolve;
