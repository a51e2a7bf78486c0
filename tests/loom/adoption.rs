//! Other code closes a number, and acort's next file gets it: the active calls end.

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

/// Puts another file under the number, adopts it, and returns it.
fn adopts() -> u32 {
    let file = system::replace_file(FD);
    fd_identity::adopt(FD, 0);
    file
}

/// Checks that the number means the file, and that the next call reads it.
fn is_current(file: u32) {
    assert_eq!(system::freed_and_file(FD), (0, file));
    system::make_readable(file);
    let call = FdRef::enter(FD).expect("it is open");
    assert!(!call.entry().is_unmanaged());
    assert_eq!(reads(&call, Deadline::NOW), Ok(file));
    drop(call);
    assert!(!system::entries()[FD as usize].state.is_busy());
}

/// A call waits for the earlier file, in a task or in a plain thread.
///
/// Fails if the waiters are not claimed and notified.
#[test]
fn call_inside_is_canceled() {
    for is_task in [true, false] {
        check(2, move || {
            opens();
            let runtime = runtime(1);
            let call = Shared::new(FdRef::enter(FD).ok());
            let other = thread::spawn(move || {
                if is_task {
                    task::is_here(of(runtime, 0));
                }
                // SAFETY: only this thread uses the reference.
                let call = unsafe { (*call.raw()).take() }.expect("it is open");
                assert_eq!(reads(&call, NEVER), Err(libc::ECANCELED));
            });
            let file = adopts();
            other.join().expect("no panic");
            is_current(file);
        });
    }
}

/// Which file a number means does not change while a thread holds the lock (G3).
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
        is_current(other.join().expect("no panic"));
    });
}
