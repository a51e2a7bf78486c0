//! The scheduler: the run loop; tasks spawned, joined, finished; runtimes built, run, freed.
//!
//! `run_loop` is where to begin; `lifecycle` has the calls that create and end a runtime.
//!
//! | file | what it is |
//! |---|---|
//! | `build` | Builds runtimes and workers, and takes them apart |
//! | `cleanup` | Cleanup functions of tasks: acort_cleanup_push() and what runs them at the end |
//! | `collect` | Collects the work of a worker: from its inbox, timers, the injector, descriptors and its ring |
//! | `destructors` | The destructors of a task's values and of its argument, which its worker runs at the end |
//! | `dump` | One line about each task, for acort_dump() and for the report of a deadlock |
//! | `embed` | A runtime that another event loop runs (ACORT_LOOP) |
//! | `finish` | The end of a task: it returns, cannot start, or is abandoned |
//! | `group` | acort_group_open(), wait, fail, cancel and close |
//! | `group_deadline` | acort_group_deadline(): a time at which a group fails with ETIMEDOUT |
//! | `group_next` | acort_group_next(): waits for the end of one more task of a group |
//! | `idle` | A worker without ready tasks: it sleeps, for work or a timer, or resolves a deadlock |
//! | `inspect` | What the program can ask about its runtime: its tasks, its counters, the stack use of a task |
//! | `join` | Joining and detaching tasks |
//! | `lifecycle` | The life of a runtime: acort_run(), acort_new(), acort_enter(), acort_free() |
//! | `locals` | Task-local values |
//! | `options` | The options of a runtime: their defaults and their limits |
//! | `overflow_report` | The report of a task that overflows its stack |
//! | `prefetch` | Fetches into the cache what the resumes of many ready tasks read |
//! | `priority` | Two priorities: which task runs next on a worker that has had low tasks (ACORT_LOW) |
//! | `run_loop` | A worker's run loop: runs ready tasks in turns, collects new work, and sleeps if there is none |
//! | `signal_cancel` | acort_cancel_on_signals(): the first signal cancels the main task of a run |
//! | `span_stacks` | The stacks of tasks in spans: created, kept with their coroutines, and given back |
//! | `spawn` | Spawns tasks, renames them, and ends the running one |
//! | `stack_demand` | The demand for stacks: an idle worker gives back what its tasks have not needed for a while |
//! | `strict` | ACORT_STRICT=1: warnings about tasks, deadlines and starts that are probably mistakes |
//! | `task_stack` | The coroutines that run tasks: acquired at the start of a task, recycled at its end |

pub(crate) mod build;
pub(crate) mod cleanup;
mod collect;
mod destructors;
pub(crate) mod dump;
pub(crate) mod embed;
pub(crate) mod finish;
pub(crate) mod group;
pub(crate) mod group_deadline;
pub(crate) mod group_next;
mod idle;
pub(crate) mod inspect;
pub(crate) mod join;
pub(crate) mod lifecycle;
pub(crate) mod locals;
pub(crate) mod options;
pub(crate) mod overflow_report;
mod prefetch;
mod priority;
pub(crate) mod run_loop;
pub(crate) mod signal_cancel;
mod span_stacks;
pub(crate) mod spawn;
mod stack_demand;
pub(crate) mod strict;
pub(crate) mod task_stack;
