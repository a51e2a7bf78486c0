//! The runtime's files whose state threads share, under a model checker (lane `loom`).
//!
//! `rt` has the files of src/rt themselves, beside small stand-ins for what they need: tasks without coroutines, a
//! poller that is a flag, a system (`rt::system`) with a few files. Their atomics are loom's. Loom runs each model
//! under every interleaving of its threads, and lets each load return every value that the memory model permits.
//!
//! | model | what it covers |
//! |---|---|
//! | `ground` | the lock, parkers, wait queues |
//! | `workers` | inboxes, sleep, the injector, deadlock detection, counters of tasks |
//! | `objects` | mutexes, condition variables, events, semaphores, futures, channels |
//! | `selects` | calls that wait for one of several objects |
//! | `promises` | the release of the last setter of a promise |
//! | `nests` | groups that are opened and freed while a group around them is cancelled |
//! | `ends` | the end of a task against waits for its group |
//! | `joins` | the end of a task against calls that join or detach it |
//! | `pool` | the jobs and threads of the blocking pool |
//! | `calls` | calls on a descriptor against the closing of its file |
//! | `adoption` | calls on a descriptor that acort gives to its next file |
//! | `registrations` | the events of a descriptor, and the end of the worker that owns it |
//! | `exclusive_waiters` | calls that take from one file: an event wakes one of them, and none is left waiting |
//! | `table` | the first use of a descriptor's entry |
//!
//! Loom switches threads at uses of atomics. It watches atomics, `loom::cell`s, and freed memory, but not plain memory:
//! where threads share plain memory, the models put a cell beside it.
//!
//! `mutations` shows that the models can fail: each mutation weakens one ordering in one of those files, or omits a
//! step.

#![cfg(test)]
#![allow(dead_code)]

use std::io::Write;

mod adoption;
mod atomics;
mod calls;
mod ends;
mod exclusive_waiters;
mod ground;
mod joins;
#[path = "../../src/lock.rs"]
mod lock;
mod mutations;
mod nests;
mod objects;
mod pool;
mod promises;
mod registrations;
mod rt;
mod selects;
mod stand_ins;
mod table;
mod workers;

pub(crate) use atomics as atomic;
pub(crate) use stand_ins::{abi, arch, diag, sanitizer, sys, tls, valgrind};

/// Runs a model under every interleaving with at most `stops` preemptions.
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

/// Ends the process with the first panic: its unwinding would run in a model that is over, and might wait without end.
fn end_with_the_first_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        // Not through the stream that tests capture.
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

// SAFETY: the model finds out whether threads may share the object.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: the model finds out whether threads may share the object.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Creates an object, which is never freed.
    pub(crate) fn new(object: T) -> Shared<T> {
        Shared { place: Box::into_raw(Box::new(object)) }
    }

    /// Shares the object at `place`, which is never freed.
    pub(crate) fn of(place: *mut T) -> Shared<T> {
        Shared { place }
    }

    /// Creates an object that is all zero, as the library does.
    pub(crate) fn zeroed() -> Shared<T> {
        // SAFETY: all zero is a valid value of the type, as in the library. `alloc_zeroed` has its size.
        unsafe {
            let layout = std::alloc::Layout::new::<T>();
            Shared { place: std::alloc::alloc_zeroed(layout).cast() }
        }
    }

    pub(crate) fn raw(self) -> *mut T {
        self.place
    }

    /// Marks the object as freed: loom reports each later use.
    pub(crate) fn free(self) {
        atomics::retire(self.place.cast(), size_of::<T>());
    }
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the memory is never freed.
        unsafe { &*self.place }
    }
}
