//! The runtime's files in which threads meet, under a model checker (lane `loom`).
//!
//! `rt` has the files of src/rt themselves, beside small stand-ins for what they stand on: tasks without coroutines, a
//! poller that is a flag, a system (`rt::system`) with a few files. Their atomics are loom's, which runs each model
//! under every order of steps, and lets each load see every value that the orderings of memory permit.
//!
//! | model | what it is about |
//! |---|---|
//! | `ground` | the lock, parkers, queues |
//! | `workers` | inboxes, sleep, tasks that have not begun, idle workers, the counts of tasks |
//! | `objects` | mutexes, conditions, events, semaphores, futures, channels |
//! | `selects` | calls that wait for one of several objects |
//! | `promises` | the last setter of a future goes |
//! | `nests` | groups that are opened and freed while one around them is cancelled |
//! | `ends` | the end of a task against those who wait for its group |
//! | `joins` | the end of a task against those who join or detach it |
//! | `pool` | the jobs and threads of the blocking pool |
//! | `calls` | calls on a descriptor against what closes it |
//! | `adoption` | the same against acort's next file of its number |
//! | `watches` | what pollers tell of a descriptor, and the end of the worker that watches it |
//! | `takers` | calls that take what has come: one event wakes one, and none is left beside it |
//! | `table` | the first use of a descriptor's entry |
//!
//! Loom changes threads where they use such a word, and watches those, `loom::cell`s, and freed memory; plain memory
//! it does not: where threads meet there the models put a cell of their own beside it.
//!
//! `mutations` shows that the models can fail: it weakens one ordering of one of those files at a time.

#![cfg(test)]
#![allow(dead_code)]

use std::io::Write;

mod adoption;
mod atomics;
mod calls;
mod ends;
mod ground;
mod joins;
mod mutations;
mod nests;
mod objects;
mod pool;
mod promises;
mod rt;
mod selects;
mod stand_ins;
mod table;
mod takers;
mod watches;
mod workers;

pub(crate) use stand_ins::{abi, arch, diag, sanitizer, sys, tls};

/// Runs a model under every order of its steps, but for those that stop a thread in between more often than
/// `stops` times in all.
pub(crate) fn check(stops: usize, model: impl Fn() + Sync + Send + 'static) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(end_with_the_first_panic);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(stops);
    builder.max_branches = 10_000;
    builder.check(move || {
        atomics::begin();
        model();
    });
}

/// What a panic unwinds would go on in a model that is over, and may wait there for ever.
fn end_with_the_first_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        // Past what the tests capture.
        let _ = writeln!(std::io::stderr(), "{}: {panic}", thread.name().unwrap_or_default());
        std::process::exit(101);
    }));
}

/// An object that all threads of a model may use.
pub(crate) struct Shared<T> {
    place: *mut T,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: whether threads may meet in it is what the model finds out.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A new object, which is never freed.
    pub(crate) fn new(object: T) -> Shared<T> {
        Shared { place: Box::into_raw(Box::new(object)) }
    }

    /// One that stands somewhere, and is never freed.
    pub(crate) fn of(place: *mut T) -> Shared<T> {
        Shared { place }
    }

    /// One that is all zero, as the library makes its own.
    pub(crate) fn zeroed() -> Shared<T> {
        // SAFETY: the type's all zero is valid, here as there; `alloc_zeroed` has its size.
        unsafe {
            let layout = std::alloc::Layout::new::<T>();
            Shared { place: std::alloc::alloc_zeroed(layout).cast() }
        }
    }

    pub(crate) fn raw(self) -> *mut T {
        self.place
    }

    /// Nobody uses it from here on: who does all the same is found.
    pub(crate) fn free(self) {
        atomics::retire(self.place.cast(), size_of::<T>());
    }
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: never freed.
        unsafe { &*self.place }
    }
}
