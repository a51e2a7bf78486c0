//! Waiting for the first of several things: channels, descriptors, tasks, events.
//!
//! `call` has the rules and the entry points. One call is an [`operation::Select`]; `pass` tries its cases, `wait`
//! waits for them, and `buffers` has their memory. `fdwait` and `poll` wait for descriptors by a select.
//!
//! | file | what it is |
//! |---|---|
//! | `buffers` | The buffers of a select: what it needs for each case, in one piece of memory |
//! | `call` | The steps of acort_select(): check, try, wait, finish |
//! | `case` | One case of a select: its object, how it is tried, and the queue that it waits in |
//! | `fdwait` | acort_fdwait(): waits until a file descriptor is ready, without consuming anything |
//! | `opened` | What a select opens for its cases of children and signals |
//! | `operation` | The state of one call of acort_select(): its cases, its buffers, and the result of a pass |
//! | `pass` | A pass of a select: it tries the cases while all their locks are held |
//! | `poll` | acort_poll(): waits until some of several descriptors are ready, as poll(2) does |
//! | `wait` | The wait of a select: one waiter in the queue of each case |

pub(crate) mod buffers;
pub(crate) mod call;
pub(crate) mod case;
pub(crate) mod fdwait;
pub(crate) mod opened;
pub(crate) mod operation;
pub(crate) mod pass;
pub(crate) mod poll;
pub(crate) mod wait;
