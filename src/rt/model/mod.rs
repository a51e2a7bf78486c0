//! The objects: task, worker, runtime, group, and what is embedded in them.
//!
//! | file | what it is |
//! |---|---|
//! | `abi` | What `include/acort.h` declares beside the functions: numbers, and the structs that programs fill |
//! | `caller` | The caller of a function of the runtime: a task on its worker, or a plain thread |
//! | `chaos` | Chaos mode, for tests: the order of tasks comes from a seed |
//! | `cold_block` | The cold part of a task: a block from malloc for what few tasks need |
//! | `deadlock` | Deadlocks: nothing can wake any task of a runtime |
//! | `group` | Groups: every task is in one, that of a main task or one that a program opens |
//! | `hooks` | What a program wants to be told of each task |
//! | `inherited` | The state that the threads of a runtime inherit from the thread that creates it |
//! | `nesting` | How groups nest: a group is inside the one that its opener is in |
//! | `runtime` | A runtime: its workers, its groups, and the tasks that have not begun, which any worker may take |
//! | `stack_cache` | The coroutines and stacks of ended tasks that a worker keeps for the next ones |
//! | `task` | Tasks: one block each, which has all that a wait needs |
//! | `task_cold` | The cold part of a task: its name, values, copied argument, and scratch memory |
//! | `task_pool` | Where the blocks of tasks come from |
//! | `worker` | A worker: one thread, its tasks that are ready, and what others give it |

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
