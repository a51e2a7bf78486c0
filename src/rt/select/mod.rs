//! The first of several waits.
//!
//! | file | what it is |
//! |---|---|
//! | `buffers` | The room of a select: what it needs for each case, in one piece of memory |
//! | `call` | Select: a call that waits for one of several cases |
//! | `case` | The cases of a select: what they are |
//! | `choice` | A call of `select`: its cases, its room, and what it has come to |
//! | `fdwait` | Waiting until a file descriptor is ready |
//! | `pass` | A pass of a select: its cases are tried while all their locks are held |
//! | `wait` | The part of a select that waits |

pub(crate) mod buffers;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod choice;
pub(crate) mod fdwait;
pub(crate) mod pass;
pub(crate) mod wait;
