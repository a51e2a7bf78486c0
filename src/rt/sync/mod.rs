//! Objects that callers wait for: locks, events, channels.
//!
//! A caller is a task or a plain thread. Each object has a spin lock and a queue of waiters; `park::attempt` has the
//! wait that most of them share, and `object` what the simple ones share. What holds for all of them:
//!
//! * An object changes under its lock; the word of a mutex also by compare-and-swap (M1 of `mutex`). A caller that
//!   must wait joins the queue under the same lock.
//! * A waker claims waiters under the lock, unlocks, and then wakes them. It does not use the object afterwards: a
//!   woken caller may free the object.
//! * An object is used in place: its memory is the program's, or allocated here (`channel_life`, `future`).
//!
//! | file | what it is |
//! |---|---|
//! | `barrier` | A barrier: callers wait until the last one of a round has arrived |
//! | `channel` | A channel: a bounded queue of values of one size, with a queue of senders and one of receivers |
//! | `channel_life` | How channels are created, closed, counted and freed |
//! | `channel_wait` | The calls that send and receive, and wait where they must |
//! | `condvar` | Condition variables: queues of callers that have unlocked a mutex, and lock it again after the wait |
//! | `event` | An event: a flag, and the callers that wait until it is set |
//! | `future` | A future: a value or an error that is set once |
//! | `mutex` | A mutex: one word |
//! | `once` | One-time initialization: the first caller runs a function, the others wait until it has returned |
//! | `rwlock` | A readers-writer lock, first come first served |
//! | `semaphore` | A counting semaphore |
//! | `waitgroup` | A wait group: a count of pending work, and the callers that wait until it is 0 |

pub(crate) mod barrier;
pub(crate) mod channel;
pub(crate) mod channel_life;
pub(crate) mod channel_wait;
pub(crate) mod condvar;
pub(crate) mod event;
pub(crate) mod future;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod waitgroup;
