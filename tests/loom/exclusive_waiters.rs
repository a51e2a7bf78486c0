//! Exclusive waiters of one file: each event wakes one of them, and none waits while something is left.

use loom::thread;

use crate::calls::{FD, consumes, opens};
use crate::registrations::{add_blocked_task, register_with};
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
/// A deadline that may pass at any moment.
const SOON: Deadline = Deadline::at(1);

/// A task of the worker accepts one connection.
fn accepts(worker: *mut Worker, deadline: Deadline) -> Result<u32> {
    task::is_here(worker);
    let call = FdRef::enter(FD).expect("it is open");
    consumes(&call, system::accept, deadline)
}

/// Two tasks of two workers accept two connections, which come once one of them waits. The other one's poller reports
/// them.
fn two_wait(deadline: Deadline, arrive: fn(u32)) {
    check(3, move || {
        let (file, runtime) = (opens(), runtime(2));
        fd_identity::adopt(FD, 0);
        let owner = Shared::of(of(runtime, 0));
        register_with(owner.raw());
        add_blocked_task();
        let other = thread::spawn(move || accepts(owner.raw(), deadline));
        events::at_sleep(move || {
            arrive(file);
            events::report_events(owner.raw());
        });
        assert_eq!(accepts(of(runtime, 1), NEVER), Ok(file));
        let outcome = other.join().expect("no panic");
        let is_late = deadline != NEVER && outcome == Err(libc::ETIMEDOUT);
        assert!(outcome == Ok(file) || is_late, "{outcome:?}");
    });
}

/// One edge stands for both connections.
///
/// Fails if a call that has accepted one does not pass the wakeup on, and if its wake reason does not say that others
/// wait.
#[test]
fn one_edge_reaches_all() {
    two_wait(NEVER, |file| system::add_connections(file, 2));
}

/// One of the two may time out, also when it was woken.
#[test]
fn late_waiter_leaves_it_to_others() {
    two_wait(SOON, |file| {
        system::add_connections(file, 1);
        system::add_connections(file, 1);
    });
}
