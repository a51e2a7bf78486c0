//! The objects of the runtime: task, worker, runtime, group, and what is embedded in them.
//!
//! | file | what it is |
//! |---|---|
//! | `abi` | The constants and structs of `include/acort.h`, as Rust has them: runtimes, tasks, channels and select |
//! | `caller` | The caller of a function of the runtime: a task on its worker, or a plain thread |
//! | `chaos` | Chaos mode, for tests: the environment variable ACORT_CHAOS is the seed of random decisions |
//! | `cold_block` | The layout of the cold part of a task: a block from malloc for what few tasks need |
//! | `deadlock` | Deadlock detection: finds that nothing can wake any task of a runtime |
//! | `group` | Groups of tasks: the list of tasks, the count of live ones, and the wait for their end |
//! | `group_timer` | The deadline of a group, as an entry in the timer heap of a worker |
//! | `hooks` | The hooks of the program, which are called at each change of a task's state |
//! | `inherited` | The state that the threads of a runtime inherit from the thread that creates it |
//! | `nesting` | The nesting of groups: a group is inside the group of the task that has opened it |
//! | `runtime` | A runtime: its workers, its groups, and the injector, which has the tasks that any worker may begin |
//! | `stack_cache` | A worker's cache of coroutines with their stacks, which finished tasks have left for new ones |
//! | `stack_spans` | The spans of a worker: the stacks of its tasks, by what they are for at the moment |
//! | `task` | Task control blocks: states, flags, what frees a task, and the order of locks |
//! | `task_cold` | Access to the cold part of a task: its name, values, argument, cleanups, deadline, scratch memory |
//! | `task_pool` | The pool of task blocks: allocates and frees tasks |
//! | `test_run` | Test runs: the virtual clock of a worker, its order by a seed, and what its tasks may not do |
//! | `worker` | A worker: one thread, the tasks that it runs, and what they need |

pub mod abi;
pub(crate) mod caller;
pub(crate) mod chaos;
pub(crate) mod cold_block;
pub(crate) mod deadlock;
pub(crate) mod group;
pub(crate) mod group_timer;
pub(crate) mod hooks;
pub(crate) mod inherited;
pub(crate) mod nesting;
pub(crate) mod runtime;
pub(crate) mod stack_cache;
pub(crate) mod stack_spans;
pub(crate) mod task;
pub(crate) mod task_cold;
pub(crate) mod task_pool;
pub(crate) mod test_run;
pub(crate) mod worker;

pub(crate) use caller::Caller;
pub(crate) use group::Group;
pub(crate) use group_timer::GroupTimer;
pub(crate) use inherited::Inherited;
pub(crate) use runtime::Runtime;
pub(crate) use task::Task;
pub(crate) use worker::{Worker, count};
