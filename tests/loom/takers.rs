//! Calls that take what is there, of one file: each event wakes one of them, and none of them waits beside what has
//! come.

use loom::thread;

use crate::calls::{FD, opens, takes};
use crate::rt::events;
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::rt::system;
use crate::watches::{has_blocked_caller, is_watched_by};
use crate::workers::{of, runtime};
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;
/// It may have passed at any moment.
const SOON: Deadline = Deadline::at(1);

/// A task of the worker accepts one connection.
fn accepts(worker: *mut Worker, deadline: Deadline) -> Result<u32> {
    task::is_here(worker);
    let call = FdRef::enter(FD).expect("it is open");
    takes(&call, system::accept, deadline)
}

/// Two tasks of two workers accept two connections, which come once one of them waits; the other one's worker is told.
fn two_wait(deadline: Deadline, comes: fn(u32)) {
    check(3, move || {
        let (file, runtime) = (opens(), runtime(2));
        fd_identity::adopt(FD, 0);
        let home = Shared::of(of(runtime, 0));
        is_watched_by(home.raw());
        has_blocked_caller();
        let other = thread::spawn(move || accepts(home.raw(), deadline));
        events::at_sleep(move || {
            comes(file);
            events::tell(home.raw());
        });
        assert_eq!(accepts(of(runtime, 1), NEVER), Ok(file));
        let outcome = other.join().expect("no panic");
        let is_late = deadline != NEVER && outcome == Err(libc::ETIMEDOUT);
        assert!(outcome == Ok(file) || is_late, "{outcome:?}");
    });
}

/// One edge stands for both connections.
///
/// Fails where a call that has taken one does not hand on, and where its wake does not say that others wait.
#[test]
fn one_edge_reaches_all() {
    two_wait(NEVER, |file| system::receives(file, 2));
}

/// One of the two gives up, perhaps when it was woken.
#[test]
fn late_taker_leaves_it_to_others() {
    two_wait(SOON, |file| {
        system::receives(file, 1);
        system::receives(file, 1);
    });
}
