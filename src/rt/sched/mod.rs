//! The scheduler: the run loop; tasks spawned, joined, finished; runtimes built, run, freed.
//!
//! `run_loop` is where to begin; `lifecycle` has the calls that create and end a runtime.

pub(crate) mod build;
mod collect;
pub(crate) mod dump;
pub(crate) mod embed;
pub(crate) mod finish;
pub(crate) mod group;
mod idle;
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
