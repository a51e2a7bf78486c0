//! The objects of the runtime: task, worker, runtime, group, and what is embedded in them.

pub mod abi;
pub(crate) mod caller;
pub(crate) mod chaos;
pub(crate) mod cold_block;
pub(crate) mod deadlock;
pub(crate) mod group;
pub(crate) mod hooks;
pub(crate) mod inherited;
pub(crate) mod nesting;
pub(crate) mod runtime;
pub(crate) mod stack_cache;
pub(crate) mod task;
pub(crate) mod task_cold;
pub(crate) mod task_pool;
pub(crate) mod worker;
