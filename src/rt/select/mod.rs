//! The first of several waits.
//!
//! | |

pub(crate) mod buffers;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod choice;
pub(crate) mod fdwait;
pub(crate) mod pass;
pub(crate) mod wait;
