//! Calls that take from one file: each event wakes one of them, and none waits while there is something to take.

use loom::thread;

use crate::calls::{FD, opens, takes};
use crate::registrations::{enqueue_other_direction, register_with};
use crate::rt::events;
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::rt::system;
use crate::workers::{of, runtime};
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;
/// The deadline may have passed at any moment.
const SOON: Deadline = Deadline::at(1);

/// A task of the worker accepts one connection.
fn accepts(worker: *mut Worker, deadline: Deadline) -> Result<u32> {
    task::run_as(worker);
    let call = FdRef::enter(FD).expect("it is open");
    takes(&call, system::accept, deadline)
}

/// Two tasks of two workers accept two connections, which arrive while one task waits. The worker of the other task
/// gets the event.
fn two_wait(deadline: Deadline, comes: fn(u32)) {
    check(3, move || {
        let (file, runtime) = (opens(), runtime(2));
        fd_identity::adopt(FD, 0);
        let home = Shared::of(of(runtime, 0));
        register_with(home.raw());
        enqueue_other_direction();
        let other = thread::spawn(move || accepts(home.raw(), deadline));
        events::at_sleep(move || {
            comes(file);
            events::deliver(home.raw());
        });
        assert_eq!(accepts(of(runtime, 1), NEVER), Ok(file));
        let outcome = other.join().expect("no panic");
        let is_late = deadline != NEVER && outcome == Err(libc::ETIMEDOUT);
        assert!(outcome == Ok(file) || is_late, "{outcome:?}");
    });
}

/// One edge reports both connections.
///
/// Fails if a call that has taken one does not pass the wake-up on, or if its wake-up does not say that others wait.
#[test]
fn one_edge_reaches_all() {
    two_wait(NEVER, |file| system::receives(file, 2));
}

/// One of the two times out, perhaps after it was woken.
#[test]
fn late_taker_leaves_it_to_others() {
    two_wait(SOON, |file| {
        system::receives(file, 1);
        system::receives(file, 1);
    });
}
