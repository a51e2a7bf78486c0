//! How a task or a thread blocks, and how it is woken.
//!
//! | file | what it is |
//! |---|---|
//! | `attempt` | Waits for an object: an attempt before the wait, and another one after its deadline |
//! | `budget` | The beginning of a call that may wait: what every such call does before it has any effect |
//! | `cancel` | Words from outside to a task: the one that it parks for, and that it is cancelled |
//! | `sleep` | Time |
//! | `suspend` | Waiting for no object: for a time, for a word, for the others' turns |
//! | `wait` | Waiting: a task leaves for its scheduler, a plain thread park_thread on a word |
//! | `wake` | Waking who waits, from any thread |

pub(crate) mod attempt;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod sleep;
pub(crate) mod suspend;
pub(crate) mod wait;
pub(crate) mod wake;
