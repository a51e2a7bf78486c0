//! Waiting for the first of several things: channels, descriptors, tasks, events.
//!
//! `call` has the rules and the entry points. One call is an [`operation::Select`]; `pass` tries its cases, `wait`
//! waits for them, and `buffers` has their memory. `fdwait` waits for one descriptor by a select.

pub(crate) mod buffers;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod fdwait;
pub(crate) mod operation;
pub(crate) mod pass;
pub(crate) mod wait;
