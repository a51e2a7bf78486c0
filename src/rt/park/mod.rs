//! How a task or a thread blocks, and how it is woken.
//!
//! | file | what it is |
//! |---|---|
//! | `attempt` | Waits for an object: an attempt before the wait, and another one after its deadline |
//! | `budget` | The budget of a task, and what each call that may wait does before it has any effect |
//! | `cancel` | Cancels and interrupts waits of tasks, and masks cancellation; acort_unpark() |
//! | `scope` | Deadline scopes: a time that bounds the waits of a caller until the scope ends |
//! | `sleep` | The clock, acort_sleep_until(), and a back-off |
//! | `suspend` | acort_yield(), acort_park() and sleeping: waits of the current task without an object |
//! | `wait` | Blocking: a task switches to its scheduler, a plain thread sleeps on a futex word |
//! | `wake` | Waking: makes a claimed waiter runnable, from any thread |

pub(crate) mod attempt;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod scope;
pub(crate) mod sleep;
pub(crate) mod suspend;
pub(crate) mod wait;
pub(crate) mod wake;

pub(crate) use attempt::{Attempt, SUCCESS, Waitable};
pub(crate) use cancel::CancelBatch;
pub(crate) use sleep::Backoff;
pub(crate) use wait::{Blocked, Parts, Wait};
pub(crate) use wake::{CLOSED, wake_all, wake_waiter};
