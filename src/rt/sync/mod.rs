//! Objects that callers wait for: locks, events, channels.
//!
//! A caller is a task or a plain thread. Each object has a spin lock and a queue of waiters; `park::attempt` has the
//! wait that most of them share, and `object` what the simple ones share. What holds for all of them:
//!
//! * An object changes under its lock. A caller that must wait joins the queue under the same lock.
//! * A waker claims waiters under the lock, unlocks, and then wakes them. It does not use the object afterwards: a
//!   woken caller may free the object.
//! * An object is used in place: its memory is the program's, or allocated here (`channel_life`, `future`).

pub(crate) mod barrier;
pub(crate) mod channel;
pub(crate) mod channel_life;
pub(crate) mod channel_wait;
pub(crate) mod condvar;
pub(crate) mod event;
pub(crate) mod future;
pub(crate) mod mutex;
pub(crate) mod object;
pub(crate) mod once;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod waitgroup;
