//! Calls that block their thread, on the threads of a pool.
//!
//! `pool` has the states of a job and the pool's invariants, `run` the one way to use it.
//!
//! | file | what it is |
//! |---|---|
//! | `applied` | The signal mask, processors and floating-point state that a pool thread has at present |
//! | `copy` | Copies from file to file in the kernel: sendfile(2), copy_file_range(2) and what stands in for it |
//! | `directory` | The names in a directory, as scandir(3) lists them |
//! | `file` | pread(2), fsync(2) and others: poll(2) reports a regular file as ready, but a read of it may block |
//! | `job` | A job of the blocking pool: one call that blocks, and the task that waits for it |
//! | `operation` | The operations on files that block: what a thread of the pool does, or a plain thread |
//! | `path` | Calls with the path of a file, on threads of the pool |
//! | `permits` | Admission to the blocking pool: which job may have a thread (J1 to J4 of `pool`) |
//! | `pool` | The blocking pool: jobs that wait for a thread, and threads that wait for a job |
//! | `queue` | A FIFO of jobs, from which any job can be removed |
//! | `ring` | Jobs on the ring of a worker: the kernel makes the call, and no thread of the pool |
//! | `run` | Runs a function on a thread of the pool, with a value; what a cancellation does meanwhile |
//! | `send_file` | acort_sendfile() and acort_copy_range(): from descriptor to descriptor |
//! | `threads` | The threads of the blocking pool |
//! | `user_call` | acort_blocking() and its like: the program's functions that block, on threads of the pool |

pub(crate) mod applied;
mod copy;
mod directory;
pub(crate) mod file;
pub(crate) mod job;
pub(crate) mod operation;
pub(crate) mod path;
pub(crate) mod permits;
pub(crate) mod pool;
pub(crate) mod queue;
pub(crate) mod ring;
pub(crate) mod run;
pub(crate) mod send_file;
pub(crate) mod threads;
pub(crate) mod user_call;
