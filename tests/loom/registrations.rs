//! The events of a registered descriptor, and the end of its owner: no edge is lost, and no freed worker is used.

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

/// Registers the file with the worker's poller.
pub(crate) fn register_with(worker: *mut Worker) {
    let entry = entry();
    let _guard = entry.lock.guard();
    // SAFETY: the lock is held; the worker is the model's, and the number means the file.
    assert_eq!(unsafe { (*entry.raw()).register(FD, worker) }, Ok(()));
}

/// Adds a task that waits for the other direction: the owner stays the same (E5).
pub(crate) fn add_blocked_task() {
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

/// A file becomes readable, which another worker's poller reports, while a task has EAGAIN and is about to wait.
///
/// Fails if the wait does not compare the ticks (E4).
#[test]
fn no_edge_is_lost() {
    for (is_managed, stays) in [(true, true), (true, false), (false, true), (false, false)] {
        check(3, move || {
            let (file, runtime) = (opens(), runtime(2));
            if is_managed {
                fd_identity::adopt(FD, 0);
            }
            let owner = Shared::of(of(runtime, 1));
            register_with(owner.raw());
            if stays {
                add_blocked_task();
            }
            let other = thread::spawn(move || {
                system::make_readable(file);
                events::report_events(owner.raw());
            });
            task::is_here(of(runtime, 0));
            let call = FdRef::enter(FD).expect("it is open");
            assert_eq!(reads(&call, NEVER), Ok(file));
            other.join().expect("no panic");
        });
    }
}

/// An event of a closed file is reported after the worker has registered the number's next file.
///
/// Fails if tokens do not distinguish the files (E3).
#[test]
fn stale_edge_is_dropped() {
    check(3, || {
        let (file, runtime) = (opens(), runtime(1));
        let owner = Shared::of(of(runtime, 0));
        register_with(owner.raw());
        system::make_readable(file);
        let other = thread::spawn(move || events::report_events(owner.raw()));
        assert_eq!(close(FD), Ok(()));
        let next = system::open(FD).expect("it is free");
        fd_identity::adopt(FD, 0);
        let before = entry().tick(Direction::Read);
        register_with(owner.raw());
        other.join().expect("no panic");
        assert_eq!(entry().tick(Direction::Read), before);
        system::make_readable(next);
        task::is_here(owner.raw());
        let call = FdRef::enter(FD).expect("it is open");
        assert_eq!(reads(&call, NEVER), Ok(next));
    });
}

/// Ends the worker's thread.
fn leave(worker: Shared<Worker>) {
    if !omits("release-worker") {
        fd_identity::release_worker(worker.raw());
    }
    worker.poller.close();
    worker.free();
}

/// What a call on the descriptor does while the owner leaves.
const COURSES: [fn(FdRef); 5] = [
    // Other code has replaced the file.
    |call| {
        system::replace_file(FD);
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

/// The owner leaves while a call revalidates its file, waits for it, or closes it. The worker is not used afterwards,
/// and owns nothing.
///
/// Fails if the worker's count of files is 0 while one is registered, and if a call lowers it without Release (E6).
#[test]
fn owner_leaves() {
    for (course, stays) in COURSES.into_iter().flat_map(|course| [(course, false), (course, true)])
    {
        check(3, move || {
            opens();
            let runtime = runtime(2);
            let owner = Shared::of(of(runtime, 1));
            register_with(owner.raw());
            if stays {
                add_blocked_task();
            }
            let call = FdRef::enter(FD).expect("it is open");
            let other = thread::spawn(move || {
                leave(owner);
                system::make_readable(1);
            });
            task::is_here(of(runtime, 0));
            course(call);
            other.join().expect("no panic");
            let _guard = entry().lock.guard();
            assert!(!system::is_owner(owner.raw(), &entry()));
        });
    }
}
