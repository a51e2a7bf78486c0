//! Code beside acort closes a descriptor, and the next file of acort gets it: calls that are inside end.

use loom::thread;

use crate::calls::{FD, opens, reads};
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::model::task;
use crate::rt::os::Deadline;
use crate::rt::system;
use crate::workers::{of, runtime};
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;

/// Puts another file under the descriptor, which acort adopts as its own. Returns the file.
fn adopts() -> u32 {
    let file = system::put_another(FD);
    fd_identity::adopt(FD, 0);
    file
}

/// Asserts that the file is open, and that the next call reads from it.
fn is_there(file: u32) {
    assert_eq!(system::fate(FD), (0, file));
    system::make_readable(file);
    let call = FdRef::enter(FD).expect("it is open");
    assert!(!call.entry().is_unmanaged());
    assert_eq!(reads(&call, Deadline::NOW), Ok(file));
    drop(call);
    assert!(!system::entries()[FD as usize].state.is_busy());
}

/// A call waits for the file before, as a task or as a plain thread.
///
/// Fails if the calls inside are not woken.
#[test]
fn call_inside_is_canceled() {
    for is_task in [true, false] {
        check(2, move || {
            opens();
            let runtime = runtime(1);
            let call = Shared::new(FdRef::enter(FD).ok());
            let other = thread::spawn(move || {
                if is_task {
                    task::run_as(of(runtime, 0));
                }
                // SAFETY: only this thread uses the option.
                let call = unsafe { (*call.raw()).take() }.expect("it is open");
                assert_eq!(reads(&call, NEVER), Err(libc::ECANCELED));
            });
            let file = adopts();
            other.join().expect("no panic");
            is_there(file);
        });
    }
}

/// The holder of the entry's lock sees one generation of the descriptor (G3 of `file_state`).
///
/// Fails if the word is changed before the lock is taken.
#[test]
fn lock_keeps_the_generation() {
    check(2, || {
        opens();
        let call = FdRef::enter(FD).expect("it is open");
        let other = thread::spawn(adopts);
        let held = call.entry().lock.guard();
        assert_eq!(call.is_current(), call.is_current());
        drop(held);
        drop(call);
        is_there(other.join().expect("no panic"));
    });
}
