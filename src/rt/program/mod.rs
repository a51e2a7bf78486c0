//! Programs in new processes.
//!
//! | file | what it is |
//! |---|---|
//! | `plumbing` | The file descriptors of a new program |
//! | `start` | acort_proc_start(): posix_spawn(3) on a thread of the pool, for it returns when the program runs |
//! | `stop` | acort_proc_stop(): ends a program and its process group, and waits for it |
//! | `strings` | Copies of a program's arguments, which outlive the caller's stack |

pub(crate) mod plumbing;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod strings;
