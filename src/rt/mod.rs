//! acort, the runtime above the coroutines.
//!
//! A worker is a thread with a main coroutine, on which its run loop runs, and tasks, which are coroutines of that main
//! coroutine. A started task stays with its worker. A task or a plain thread that blocks has a parker (`base::parker`);
//! a waker claims the parker first, so each wait ends once.
//!
//! The rooms, top down. A room uses only rooms below it: `tests/layers` has the table, and `make map` writes it here.
//!
//! | room | what it is |
//! |---|---|
//! | `sched` | The scheduler: the run loop; tasks spawned, joined, finished; runtimes built, run, freed |
//! | `program` | Programs in new processes |
//! | `stream` | Buffered streams over descriptors |
//! | `net` | Connections and listeners by name, and the names' addresses |
//! | `select` | Waiting for the first of several things: channels, descriptors, tasks, events |
//! | `blocking` | Calls that block their thread, on the threads of a pool |
//! | `io` | File descriptors: which file a number means, readiness, reads and writes, signals and children |
//! | `sync` | Objects that callers wait for: locks, events, channels |
//! | `park` | How a task or a thread blocks, and how it is woken |
//! | `model` | The objects of the runtime: task, worker, runtime, group, and what is embedded in them |
//! | `base` | The ground of the runtime, which knows no task: locks, the parker, queues, lists, the timer heap |
//! | `os` | The system calls of the runtime beyond those of `sys`, each wrapped once |

pub(crate) mod base;
pub(crate) mod blocking;
pub(crate) mod io;
pub mod model;
pub(crate) mod net;
pub(crate) mod os;
pub(crate) mod park;
pub(crate) mod program;
pub(crate) mod sched;
pub(crate) mod select;
pub(crate) mod stream;
pub(crate) mod sync;
