//! Waiting for the first of several things: channels, descriptors, tasks, events.
//!
//! `call` has the rules and the entry points. One call is an [`operation::Select`]; `pass` tries its cases, `wait`
//! waits for them, and `buffers` has their memory. `fdwait` waits for one descriptor by a select.
//!
//! | file | what it is |
//! |---|---|
//! | `buffers` | The buffers of a select: what it needs for each case, in one piece of memory |
//! | `call` | Select: a call that waits for one of several cases |
//! | `case` | The cases of a select: the objects that it waits for |
//! | `fdwait` | acort_fdwait(): waits until a file descriptor is ready, without consuming anything |
//! | `operation` | The state of one select call: its cases, its buffers, and the result of a pass |
//! | `pass` | A pass of a select: it tries the cases while all their locks are held |
//! | `wait` | The part of a select that waits |

pub(crate) mod buffers;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod fdwait;
pub(crate) mod operation;
pub(crate) mod pass;
pub(crate) mod wait;
