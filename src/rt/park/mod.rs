//! How a task or a thread blocks, and how it is woken.
//!
//! | file | what it is |
//! |---|---|
//! | `attempt` | Waits for an object: an attempt before the wait, and another one after its deadline |
//! | `budget` | The budget of a task, and what each call that may wait does before it has any effect |
//! | `cancel` | Cancellation, and the token of acort_unpark() |
//! | `sleep` | Time: the clock, sleeping, and a back-off |
//! | `suspend` | Suspends the current task without an object: for a time, for a token, for the turns of other tasks |
//! | `wait` | Blocking: a task switches to its scheduler, a plain thread sleeps on a futex word |
//! | `wake` | Waking: makes a claimed waiter runnable, from any thread |

pub(crate) mod attempt;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod sleep;
pub(crate) mod suspend;
pub(crate) mod wait;
pub(crate) mod wake;
