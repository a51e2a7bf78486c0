//! Other code closes a number, and acort's next file comes by it: calls that are inside are over.

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

/// Other code has put another file under the number, which acort takes for its own. Gives which.
fn adopts() -> u32 {
    let file = system::put_another(FD);
    fd_identity::adopt(FD, 0);
    file
}

/// The file is there, and its next call has what is its own.
fn is_there(file: u32) {
    assert_eq!(system::fate(FD), (0, file));
    system::becomes_readable(file);
    let call = FdRef::enter(FD).expect("it is open");
    assert!(!call.entry().is_unmanaged());
    assert_eq!(reads(&call, Deadline::NOW), Ok(file));
    drop(call);
    assert!(!system::entries()[FD as usize].state.is_busy());
}

/// A call waits for the file before, as a task or as a plain thread.
///
/// Fails where the calls inside are not told.
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
                // SAFETY: this thread alone has the place.
                let call = unsafe { (*call.raw()).take() }.expect("it is open");
                assert_eq!(reads(&call, NEVER), Err(libc::ECANCELED));
            });
            let file = adopts();
            other.join().expect("no panic");
            is_there(file);
        });
    }
}

/// Which file a number stands for does not change for the holder of the lock (G3).
///
/// Fails where the word is changed before the lock is taken.
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
