//! Registrations of a descriptor with pollers: no edge is lost, and no worker is used after it is freed.

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

/// Registers the file with the worker.
pub(crate) fn register_with(worker: *mut Worker) {
    let entry = entry();
    let _guard = entry.lock.guard();
    // SAFETY: the entry's lock is held. The worker is live.
    assert_eq!(unsafe { (*entry.raw()).register(FD, worker) }, Ok(()));
}

/// Enqueues a task that waits for the other direction: the file stays with the worker that owns it (E5).
pub(crate) fn enqueue_other_direction() {
    let parker = Shared::new(Parker::new());
    parker.wake_word().load(Ordering::Relaxed);
    parker.prepare(WaitMode::Uninterruptible).expect("it hears nothing");
    let waiter = Shared::new(Waiter::new(parker.raw(), std::ptr::null_mut(), 1));
    let entry = entry().raw();
    // SAFETY: the entry's lock is held. Entry and waiter are never freed.
    unsafe {
        let lock: *const Lock = &raw const (*entry).lock;
        let _guard = (*lock).guard();
        (*(*entry).waiters.exclusive(Direction::Write)).push(waiter.raw(), lock);
    }
}

/// A file becomes readable, which another worker's poller reports, while a task has EAGAIN and is about to wait.
///
/// Fails if the call does not compare the ticks before it waits.
#[test]
fn no_edge_is_lost() {
    for (is_ours, stays) in [(true, true), (true, false), (false, true), (false, false)] {
        check(3, move || {
            let (file, runtime) = (opens(), runtime(2));
            if is_ours {
                fd_identity::adopt(FD, 0);
            }
            let home = Shared::of(of(runtime, 1));
            register_with(home.raw());
            if stays {
                enqueue_other_direction();
            }
            let other = thread::spawn(move || {
                system::make_readable(file);
                events::deliver(home.raw());
            });
            task::run_as(of(runtime, 0));
            let call = FdRef::enter(FD).expect("it is open");
            assert_eq!(reads(&call, NEVER), Ok(file));
            other.join().expect("no panic");
        });
    }
}

/// An event of a closed file arrives after the worker has registered the next file of the descriptor.
///
/// Fails if tokens do not tell the files apart.
#[test]
fn stale_edge_is_dropped() {
    check(3, || {
        let (file, runtime) = (opens(), runtime(1));
        let home = Shared::of(of(runtime, 0));
        register_with(home.raw());
        system::make_readable(file);
        let other = thread::spawn(move || events::deliver(home.raw()));
        assert_eq!(close(FD), Ok(()));
        let next = system::open(FD).expect("it is free");
        fd_identity::adopt(FD, 0);
        let before = entry().tick(Direction::Read);
        register_with(home.raw());
        other.join().expect("no panic");
        assert_eq!(entry().tick(Direction::Read), before);
        system::make_readable(next);
        task::run_as(home.raw());
        let call = FdRef::enter(FD).expect("it is open");
        assert_eq!(reads(&call, NEVER), Ok(next));
    });
}

/// Ends the worker's thread.
fn ends_thread(worker: Shared<Worker>) {
    if !omits("release-worker") {
        fd_identity::release_worker(worker.raw());
    }
    worker.poller.close();
    worker.free();
}

/// What a call on the descriptor does while the worker that owns it is freed.
const COURSES: [fn(FdRef); 5] = [
    // Code beside acort has replaced the file.
    |call| {
        system::put_another(FD);
        assert_eq!(fd_identity::revalidate(&call), Ok(()));
    },
    |call| assert_eq!(fd_identity::revalidate(&call), Ok(())),
    // A task of another worker waits.
    |call| assert_eq!(reads(&call, NEVER), Ok(1)),
    |call| {
        assert_eq!(close(FD), Ok(()));
        drop(call);
    },
    |call| fd_identity::type_mismatch(&call, 0),
];

/// A worker is freed while a call revalidates the file, waits for it, or closes it: the worker is not used afterwards,
/// and owns no entry.
///
/// Fails if the worker's count of descriptors is 0 while one is registered, or if it is not lowered with Release after
/// the caller's last use of the worker.
#[test]
fn owner_is_freed() {
    for (course, stays) in COURSES.into_iter().flat_map(|course| [(course, false), (course, true)])
    {
        check(3, move || {
            opens();
            let runtime = runtime(2);
            let home = Shared::of(of(runtime, 1));
            register_with(home.raw());
            if stays {
                enqueue_other_direction();
            }
            let call = FdRef::enter(FD).expect("it is open");
            let other = thread::spawn(move || {
                ends_thread(home);
                system::make_readable(1);
            });
            task::run_as(of(runtime, 0));
            course(call);
            other.join().expect("no panic");
            let entry = entry();
            let _guard = entry.lock.guard();
            assert!(!system::is_owner(home.raw(), &entry));
        });
    }
}
