//! Calls on a descriptor, while it is closed: each call acts for the file that it started with, and ends.

use std::ffi::{c_int, c_long};

use loom::thread;

use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::events;
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_identity;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::fd_ref::close;
use crate::rt::io::own_fd::OwnFd;
use crate::rt::io::retry::RetryLoop;
use crate::rt::model::task;
use crate::rt::os::{Deadline, Result};
use crate::rt::system;
use crate::workers::{of, runtime};
use crate::{Shared, check};

pub(crate) const FD: c_int = 0;
const NEVER: Deadline = Deadline::NEVER;
/// A deadline that may pass at any moment.
const SOON: Deadline = Deadline::at(1);

/// Opens a file under the system's only number, and returns it.
pub(crate) fn opens() -> u32 {
    system::begin(1);
    system::open(FD).expect("it is free")
}

/// A call that reads: returns the file that it has read.
pub(crate) fn reads(file: &FdRef, deadline: Deadline) -> Result<u32> {
    consumes(file, system::read, deadline)
}

/// A call that asks the system by `ask`, and waits while that returns EAGAIN.
pub(crate) fn consumes(
    file: &FdRef,
    ask: fn(c_int) -> Result<u32>,
    deadline: Deadline,
) -> Result<u32> {
    let mut retry = RetryLoop::new(file, Direction::Read, deadline);
    loop {
        file.check()?;
        let tick = file.entry().tick(Direction::Read);
        match ask(FD) {
            Err(_) if !file.is_current() => return Err(libc::ECANCELED),
            Err(libc::EAGAIN) if retry.is_last => return Err(libc::ETIMEDOUT),
            Err(libc::EAGAIN) => {
                let waited = retry.wait(tick);
                file.check_result(waited)?;
            }
            outcome => {
                if omits("pass-on") {
                    std::mem::forget(retry);
                }
                return outcome;
            }
        }
    }
}

/// Ends a call that started before the file was closed: the number is freed afterwards.
fn leaves(call: FdRef) {
    system::use_number(FD);
    if omits("leave") {
        return std::mem::forget(call);
    }
    drop(call);
}

/// Waits until the number is free, opens the next file there, and makes it readable.
fn opens_the_next() -> u32 {
    loop {
        if let Some(file) = system::open(FD) {
            system::make_readable(file);
            return file;
        }
        thread::yield_now();
    }
}

/// Checks that the number was freed once, that no call is active, and that the next call reads the current file.
fn is_freed_once(file: u32) {
    assert_eq!(system::freed_and_file(FD), (1, file));
    let call = FdRef::enter(FD).expect("it is open");
    assert_eq!(reads(&call, Deadline::NOW), Ok(file));
    drop(call);
    assert!(!system::entries()[0].state.is_busy());
}

/// A call reads while the file is closed and the number is reused. It reads its own file, or fails with ECANCELED, and
/// the number is freed when it leaves. Calls on the next file read that one.
///
/// Fails if the number is closed at once, if the closer does not count as an active call, and if a call does not leave.
#[test]
fn number_is_given_away() {
    for is_managed in [false, true] {
        check(3, move || {
            let first = opens();
            system::make_readable(first);
            let call = FdRef::enter(FD).expect("it is open");
            let other = thread::spawn(move || {
                assert_eq!(close(FD), Ok(()));
                let second = opens_the_next();
                if is_managed {
                    fd_identity::adopt(FD, 0);
                }
                let call = FdRef::enter(FD).expect("it is open");
                assert_eq!(reads(&call, Deadline::NOW), Ok(second));
                second
            });
            // The second read may find the file closed after the first one did not.
            for _ in 0..2 {
                let outcome = reads(&call, Deadline::NOW);
                assert!(outcome == Ok(first) || outcome == Err(libc::ECANCELED), "{outcome:?}");
            }
            leaves(call);
            is_freed_once(other.join().expect("no panic"));
        });
    }
}

/// Two calls read while the file is closed. The last one to leave frees the number, after both.
#[test]
fn last_call_frees_the_number() {
    check(2, || {
        system::make_readable(opens());
        let calls = [FdRef::enter(FD), FdRef::enter(FD)].map(|call| Shared::new(call.ok()));
        let others = calls.map(|call| {
            thread::spawn(move || {
                // SAFETY: only this thread uses the reference.
                let call = unsafe { (*call.raw()).take() }.expect("it is open");
                let outcome = reads(&call, Deadline::NOW);
                assert!(matches!(outcome, Ok(1) | Err(libc::ECANCELED)), "{outcome:?}");
                leaves(call);
            })
        });
        assert_eq!(close(FD), Ok(()));
        for other in others {
            other.join().expect("no panic");
        }
        is_freed_once(opens_the_next());
    });
}

/// Two threads close the file at once while a call is active: one of them gets EBADF.
#[test]
fn file_is_closed_once() {
    check(3, || {
        opens();
        let call = FdRef::enter(FD).expect("it is open");
        let other = thread::spawn(|| close(FD));
        let outcomes = [close(FD), other.join().expect("no panic")];
        assert!(outcomes.contains(&Ok(())) && outcomes.contains(&Err(libc::EBADF)));
        assert_eq!(FdRef::enter(FD).map(drop), Err(libc::EBADF));
        assert_eq!(system::open(FD), None);
        leaves(call);
        is_freed_once(opens_the_next());
    });
}

/// A call closes the descriptor that it has created, or returns it, while another thread closes it: it is closed once.
/// If both close it and no other call is active, close(2) is called twice, as without acort (R5).
#[test]
fn own_descriptor_is_closed() {
    for (gives, is_alone) in [(false, false), (true, false), (true, true)] {
        check(3, move || {
            opens();
            let own = OwnFd::from_raw(c_long::from(FD), 0).map_err(drop).expect("it is open");
            let call = (!is_alone).then(|| FdRef::enter(FD).expect("it is open"));
            let other = thread::spawn(|| close(FD));
            if gives {
                let outcome = own.into_raw();
                assert!(matches!(outcome, Ok(FD) | Err(libc::ECANCELED)), "{outcome:?}");
            } else {
                drop(own);
            }
            let outcome = other.join().expect("no panic");
            assert!(outcome == Ok(()) || !gives && outcome == Err(libc::EBADF), "{outcome:?}");
            if let Some(call) = call {
                assert_eq!(system::open(FD), None);
                leaves(call);
            }
            is_freed_once(opens_the_next());
        });
    }
}

/// A task waits in the entry's queue while the file is closed: the wait ends, no poller has the file, and the number is
/// freed. A call that starts meanwhile gets EBADF or ECANCELED.
///
/// Fails if the closer does not wake calls that have entered since it changed the word.
#[test]
fn waiting_task_is_canceled() {
    for (is_managed, is_inside) in [(false, true), (true, true), (false, false), (true, false)] {
        check(2, move || {
            opens();
            if is_managed {
                fd_identity::adopt(FD, 0);
            }
            let runtime = runtime(1);
            let inside = is_inside.then(|| FdRef::enter(FD).expect("it is open"));
            let inside = Shared::new(inside);
            let other = thread::spawn(move || {
                task::is_here(of(runtime, 0));
                // SAFETY: only this thread uses the reference.
                let inside = unsafe { (*inside.raw()).take() };
                let outcome = inside.map_or_else(|| FdRef::enter(FD), Ok);
                let outcome = outcome.and_then(|call| reads(&call, NEVER));
                assert!(
                    outcome == Err(libc::ECANCELED) || !is_inside && outcome == Err(libc::EBADF)
                );
            });
            assert_eq!(close(FD), Ok(()));
            other.join().expect("no panic");
            let registered =
                runtime.worker(0).map(|worker| worker.registered_fds.load(Ordering::Relaxed));
            assert!(registered == Some(0) || !is_inside);
            is_freed_once(opens_the_next());
        });
    }
}

/// A thread waits in poll(2), which does not end with the file, with or without an eventfd of its own.
///
/// Fails if the closer does not write to the eventfd, and if the thread joins the list without checking the word.
#[test]
fn waiting_thread_is_canceled() {
    for (has_eventfd, deadline) in [(true, NEVER), (true, SOON), (false, NEVER)] {
        check(2, move || {
            opens();
            if !has_eventfd {
                events::without_eventfds();
            }
            let call = Shared::new(FdRef::enter(FD).ok());
            let other = thread::spawn(move || {
                // SAFETY: only this thread uses the reference.
                let call = unsafe { (*call.raw()).take() }.expect("it is open");
                let outcome = reads(&call, deadline);
                let has_timed_out = deadline == SOON && outcome == Err(libc::ETIMEDOUT);
                assert!(has_timed_out || outcome == Err(libc::ECANCELED), "{outcome:?}");
                leaves(call);
            });
            assert_eq!(close(FD), Ok(()));
            other.join().expect("no panic");
            is_freed_once(opens_the_next());
        });
    }
}

/// A thread starts a call, and waits in poll(2), while another one closes the file.
///
/// Fails if the closer does not wake calls that have entered since it changed the word.
#[test]
fn late_thread_is_canceled() {
    check(3, || {
        opens();
        let other = thread::spawn(|| FdRef::enter(FD).and_then(|call| reads(&call, NEVER)));
        assert_eq!(close(FD), Ok(()));
        let outcome = other.join().expect("no panic");
        assert!(matches!(outcome, Err(libc::EBADF | libc::ECANCELED)), "{outcome:?}");
        is_freed_once(opens_the_next());
    });
}
