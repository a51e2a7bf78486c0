//! acort: the runtime above the coroutines.
//!
//! A worker is a thread with a main coroutine, on which its scheduler runs, and tasks, which are
//! coroutines of that. A task that was started stays with its worker. Whoever waits, a task or a plain
//! thread, has a [`parker`]; who wakes it claims the parker first, so that each wait ends once.
//!
//! | layer | module | what it is |
//! |---|---|---|
//! | what C calls | [`run`], [`making`] | a runtime's life: new, enter, run, free |
//! | | [`embed`] | one that another event loop runs |
//! | | [`io`], [`messages`], [`connect`], [`net`], [`dial`] | calls on file descriptors that wait for the task alone |
//! | | [`blocking`], [`resolve`], [`file`], [`helpers`], [`jobs`], [`job`], [`grants`], [`inherited`] | calls that block, on threads of their own |
//! | | [`signal`], [`signal_owner`] | signals and children |
//! | | [`select`], [`select_pass`], [`select_wait`], [`select_room`], [`cases`], [`ready`] | the first of several waits |
//! | | [`channel`], [`channel_life`], [`mutex`], [`condition`], [`event`], [`semaphore`], [`waitgroup`], [`barrier`], [`rwlock`], [`once`], [`future`] | |
//! | | [`spawn`], [`join`], [`group`], [`nesting`], [`report`], [`strict`], [`depth`] | tasks made, joined, grouped, shown, measured |
//! | | [`local`] | values of tasks |
//! | waiting | [`descriptors`], [`fd_table`], [`readiness`], [`fd_ref`], [`own_fd`], [`file_state`], [`numbers`], [`kinds`], [`nonblock`], [`turn`], [`thread_wait`] | file descriptors that calls wait for |
//! | | [`chaos`] | disorder, for tests |
//! | | [`attempt`] | what is tried before a wait and after its deadline |
//! | | [`call`], [`wait`], [`pause`] | a task or a thread in a queue, or in none, until it is woken |
//! | running | [`schedule`] | a worker's loop |
//! | | [`vessel`] | the coroutines and stacks that tasks run in |
//! | | [`ending`] | a task ends, or is given up |
//! | | [`worker`], [`inbox`], [`patience`], [`wake`] | what a worker has; how its tasks are made ready |
//! | ground | [`task`], [`extra`], [`runtime`], [`fresh`] | the objects |
//! | | [`timers`], [`lists`], [`queue`], [`why`], [`parker`], [`lock`], [`random`], [`poller`], [`hooks`], [`os`], [`atomic`], [`abi`] | |

pub mod abi;
mod atomic;
mod attempt;
pub(crate) mod barrier;
pub(crate) mod blocking;
pub(crate) mod call;
pub(crate) mod caller;
pub(crate) mod cancel;
mod cases;
pub(crate) mod channel;
pub(crate) mod channel_life;
mod chaos;
pub(crate) mod clock;
pub(crate) mod condition;
pub(crate) mod connect;
pub(crate) mod depth;
mod descriptors;
mod dial;
pub(crate) mod embed;
mod ending;
pub(crate) mod event;
pub(crate) mod extra;
mod fd_ref;
mod fd_table;
pub(crate) mod file;
pub(crate) mod file_state;
mod fresh;
pub(crate) mod future;
mod grants;
pub(crate) mod group;
mod helpers;
pub(crate) mod hooks;
mod inbox;
mod inherited;
pub(crate) mod io;
mod job;
mod jobs;
pub(crate) mod join;
mod kinds;
mod lists;
pub(crate) mod local;
mod lock;
pub(crate) mod making;
pub(crate) mod messages;
pub(crate) mod mutex;
pub(crate) mod nesting;
pub(crate) mod net;
mod nonblock;
mod numbers;
pub(crate) mod once;
mod os;
mod own_fd;
pub(crate) mod parker;
mod patience;
pub(crate) mod pause;
mod poller;
mod queue;
mod random;
mod readiness;
pub(crate) mod ready;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod run;
mod runtime;
pub(crate) mod rwlock;
mod schedule;
pub(crate) mod select;
mod select_pass;
mod select_room;
mod select_wait;
pub(crate) mod semaphore;
pub(crate) mod signal;
mod signal_owner;
pub(crate) mod sized;
pub(crate) mod spawn;
mod stacks;
mod strict;
pub(crate) mod task;
mod thread_wait;
mod timers;
mod turn;
pub(crate) mod vessel;
pub(crate) mod wait;
pub(crate) mod waitgroup;
mod wake;
mod why;
mod worker;

use core::ffi::c_int;

/// What a call gives, or the errno.
pub(crate) type Outcome<T> = Result<T, c_int>;
