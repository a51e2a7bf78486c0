//! What pollers tell of a descriptor, and who watches it: no edge is lost, and no worker is used after it has gone.

use loom::thread;

use crate::calls::{FD, opens, reads};
use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::events;
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::fd_ref::close;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::Deadline;
use crate::rt::system;
use crate::workers::{of, runtime};
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;

fn entry() -> Shared<FdEntry> {
    system::entries()[FD as usize]
}

/// The worker watches the file.
pub(crate) fn is_watched_by(worker: *mut Worker) {
    let entry = entry();
    let _guard = entry.lock.guard();
    // SAFETY: the lock is held; the worker is the model's.
    assert_eq!(unsafe { (*entry.raw()).register(FD, worker) }, Ok(()));
}

/// A task waits for the other way: so the file stays with the worker that watches it (E5).
pub(crate) fn has_blocked_caller() {
    let parker = Shared::new(Parker::new());
    parker.wake_word().load(Ordering::Relaxed);
    parker.prepare(WaitMode::Uninterruptible);
    let waiter = Shared::new(Waiter::new(parker.raw(), std::ptr::null_mut(), 1));
    let entry = entry().raw();
    // SAFETY: the lock is held; neither is ever freed.
    unsafe {
        let lock: *const Lock = &raw const (*entry).lock;
        let _guard = (*lock).guard();
        (*(*entry).waiters.exclusive(Direction::Write)).push(waiter.raw(), lock);
    }
}

/// A file becomes readable, of which another worker is told, while a task has EAGAIN and is about to wait.
///
/// Fails where the wait does not compare the counts of edges.
#[test]
fn no_edge_is_lost() {
    for (is_ours, stays) in [(true, true), (true, false), (false, true), (false, false)] {
        check(3, move || {
            let (file, runtime) = (opens(), runtime(2));
            if is_ours {
                fd_identity::adopt(FD, 0);
            }
            let home = Shared::of(of(runtime, 1));
            is_watched_by(home.raw());
            if stays {
                has_blocked_caller();
            }
            let other = thread::spawn(move || {
                system::becomes_readable(file);
                events::tell(home.raw());
            });
            task::is_here(of(runtime, 0));
            let call = FdRef::enter(FD).expect("it is open");
            assert_eq!(reads(&call, NEVER), Ok(file));
            other.join().expect("no panic");
        });
    }
}

/// What a closed file was ready for is told after the worker watches the next one of its number.
///
/// Fails where marks do not tell the files apart.
#[test]
fn stale_edge_is_dropped() {
    check(3, || {
        let (file, runtime) = (opens(), runtime(1));
        let home = Shared::of(of(runtime, 0));
        is_watched_by(home.raw());
        system::becomes_readable(file);
        let other = thread::spawn(move || events::tell(home.raw()));
        assert_eq!(close(FD), Ok(()));
        let next = system::open(FD).expect("it is free");
        fd_identity::adopt(FD, 0);
        let before = entry().tick(Direction::Read);
        is_watched_by(home.raw());
        other.join().expect("no panic");
        assert_eq!(entry().tick(Direction::Read), before);
        system::becomes_readable(next);
        task::is_here(home.raw());
        let call = FdRef::enter(FD).expect("it is open");
        assert_eq!(reads(&call, NEVER), Ok(next));
    });
}

/// The worker's thread ends.
fn goes(worker: Shared<Worker>) {
    if !omits("abandon") {
        fd_identity::release_worker(worker.raw());
    }
    worker.poller.close();
    worker.free();
}

/// What a call on the descriptor does while the worker that watches it goes.
const COURSES: [fn(FdRef); 5] = [
    // Other code has replaced the file.
    |call| {
        system::put_another(FD);
        assert_eq!(fd_identity::revalidate(&call), Ok(()));
    },
    |call| assert_eq!(fd_identity::revalidate(&call), Ok(())),
    // Another worker's task waits.
    |call| assert_eq!(reads(&call, NEVER), Ok(1)),
    |call| {
        assert_eq!(close(FD), Ok(()));
        drop(call);
    },
    |call| fd_identity::type_mismatch(&call, 0),
];

/// A worker goes while a call looks whether its file is the same one, waits for it, or closes it: the worker is not
/// used after that, and watches nothing.
///
/// Fails where the worker's count of files is 0 while one is watched, and where it does not say with Release that the
/// caller is done.
#[test]
fn home_goes() {
    for (course, stays) in COURSES.into_iter().flat_map(|course| [(course, false), (course, true)])
    {
        check(3, move || {
            opens();
            let runtime = runtime(2);
            let home = Shared::of(of(runtime, 1));
            is_watched_by(home.raw());
            if stays {
                has_blocked_caller();
            }
            let call = FdRef::enter(FD).expect("it is open");
            let other = thread::spawn(move || {
                goes(home);
                system::becomes_readable(1);
            });
            task::is_here(of(runtime, 0));
            course(call);
            other.join().expect("no panic");
            let _guard = entry().lock.guard();
            assert!(!system::is_home(home.raw(), &entry()));
        });
    }
}
