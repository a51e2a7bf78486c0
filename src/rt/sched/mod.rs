//! The run loop; tasks spawned, joined, finished; a runtime built, entered, freed.
//!
//! | file | what it is |
//! |---|---|
//! | `build` | Runtimes and workers are made, and taken apart |
//! | `dump` | A line about each task, for acort_dump() and the report of a deadlock |
//! | `embed` | A runtime that another event loop runs, a step at a time, on the thread that has made it |
//! | `finish` | The ends of tasks: by themselves, or given up where nothing can wake them |
//! | `group` | What callers do with groups: open, wait for, fail, cancel, close |
//! | `inspect` | Inspection of a runtime: its tasks, its counters, the stack use of a task |
//! | `join` | Tasks are joined, and left to themselves |
//! | `lifecycle` | A runtime's life: made, entered, freed |
//! | `locals` | Local values of tasks |
//! | `options` | The options of a runtime: what 0 means, and what is refused |
//! | `overflow_report` | The line of a task that overflows its stack |
//! | `run_loop` | A worker's loop: runs the tasks that are ready, looks for more, and sleeps |
//! | `spawn` | Tasks are started |
//! | `strict` | What is no error and rarely meant: said in one line each where ACORT_STRICT=1 is in the environment |
//! | `task_stack` | Acquisition and reuse of the coroutines that run tasks |

pub(crate) mod build;
pub(crate) mod dump;
pub(crate) mod embed;
pub(crate) mod finish;
pub(crate) mod group;
pub(crate) mod inspect;
pub(crate) mod join;
pub(crate) mod lifecycle;
pub(crate) mod locals;
pub(crate) mod options;
pub(crate) mod overflow_report;
pub(crate) mod run_loop;
pub(crate) mod spawn;
pub(crate) mod strict;
pub(crate) mod task_stack;
