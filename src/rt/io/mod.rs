//! File descriptors: which file a number means, readiness, reads and writes, signals and children.
//!
//! Each file uses only files above it in this table:
//!
//! | files | subject |
//! |---|---|
//! | `direction`, `file_state`, `polling_threads`, `nonblock_state`, `fd_waiters` | the parts of an entry |
//! | `fd_entry`, `fd_table` | what acort knows of a descriptor number |
//! | `fd_ref` | the reference of an active call; closing |
//! | `fd_identity`, `nonblock`, `fd_type` | which file the number means, whether it blocks, what it is |
//! | `thread_wait`, `readiness`, `retry` | waiting until a file is ready |
//! | `rw`, `vectored`, `socket`, with `chaos` and `sigpipe` | the calls |
//! | `own_fd`, `signal_set`, `signal_owner`, `signal` | descriptors of a call's own; signals and children |

pub(crate) mod chaos;
pub(crate) mod direction;
pub(crate) mod fd_entry;
pub(crate) mod fd_identity;
pub(crate) mod fd_ref;
pub(crate) mod fd_table;
pub(crate) mod fd_type;
pub(crate) mod fd_waiters;
pub(crate) mod file_state;
pub(crate) mod nonblock;
pub(crate) mod nonblock_state;
pub(crate) mod own_fd;
pub(crate) mod polling_threads;
pub(crate) mod readiness;
pub(crate) mod retry;
pub(crate) mod rw;
pub(crate) mod signal;
pub(crate) mod signal_owner;
pub(crate) mod signal_set;
pub(crate) mod sigpipe;
pub(crate) mod socket;
pub(crate) mod thread_wait;
pub(crate) mod vectored;
