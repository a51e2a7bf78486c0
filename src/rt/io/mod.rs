//! File descriptors: which file a number means, readiness, reads and writes, signals and children.

pub(crate) mod chaos;
pub(crate) mod fd_entry;
pub(crate) mod fd_identity;
pub(crate) mod fd_ref;
pub(crate) mod fd_table;
pub(crate) mod fd_type;
pub(crate) mod file_state;
pub(crate) mod nonblock;
pub(crate) mod own_fd;
pub(crate) mod readiness;
pub(crate) mod retry;
pub(crate) mod rw;
pub(crate) mod signal;
pub(crate) mod signal_owner;
pub(crate) mod socket;
pub(crate) mod thread_wait;
pub(crate) mod vectored;
