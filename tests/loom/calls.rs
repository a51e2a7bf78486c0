//! Calls on a file descriptor while its file is closed: a call is for the file that it began with, and ends.

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
/// The deadline may have passed at any moment.
const SOON: Deadline = Deadline::at(1);

/// Opens a file under the only descriptor of the system. Returns the file.
pub(crate) fn opens() -> u32 {
    system::begin(1);
    system::open(FD).expect("it is free")
}

/// A call that reads. Returns the file that it has read from.
pub(crate) fn reads(file: &FdRef, deadline: Deadline) -> Result<u32> {
    takes(file, system::read, deadline)
}

/// A call that tries `asks`, and waits while that returns EAGAIN.
pub(crate) fn takes(
    file: &FdRef,
    asks: fn(c_int) -> Result<u32>,
    deadline: Deadline,
) -> Result<u32> {
    let mut retry = RetryLoop::new(file, Direction::Read, deadline);
    loop {
        file.check()?;
        let tick = file.entry().tick(Direction::Read);
        match asks(FD) {
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

/// The end of a call that began before the file was closed: the descriptor is freed after that.
fn leaves(call: FdRef) {
    system::mark_used(FD);
    if omits("leave") {
        return std::mem::forget(call);
    }
    drop(call);
}

/// The descriptor is free again: opens the next file, which is readable.
fn opens_the_next() -> u32 {
    loop {
        if let Some(file) = system::open(FD) {
            system::make_readable(file);
            return file;
        }
        thread::yield_now();
    }
}

/// Asserts that the descriptor was freed once, no call is inside, and the next call reads the file that it now means.
fn is_freed_once(file: u32) {
    assert_eq!(system::fate(FD), (1, file));
    let call = FdRef::enter(FD).expect("it is open");
    assert_eq!(reads(&call, Deadline::NOW), Ok(file));
    drop(call);
    assert!(!system::entries()[0].state.is_busy());
}

/// A call reads while the file is closed and the system reuses the descriptor. The call reads its own file or returns
/// ECANCELED, and the descriptor is freed after it has left. Calls of the next file read that one.
///
/// Fails if the descriptor is closed at once, if the closer is not a call inside, or if a call does not leave.
#[test]
fn number_is_given_away() {
    for is_ours in [false, true] {
        check(3, move || {
            let first = opens();
            system::make_readable(first);
            let call = FdRef::enter(FD).expect("it is open");
            let other = thread::spawn(move || {
                assert_eq!(close(FD), Ok(()));
                let second = opens_the_next();
                if is_ours {
                    fd_identity::adopt(FD, 0);
                }
                let call = FdRef::enter(FD).expect("it is open");
                assert_eq!(reads(&call, Deadline::NOW), Ok(second));
                second
            });
            // The first result says nothing about the next one.
            for _ in 0..2 {
                let outcome = reads(&call, Deadline::NOW);
                assert!(outcome == Ok(first) || outcome == Err(libc::ECANCELED), "{outcome:?}");
            }
            leaves(call);
            is_freed_once(other.join().expect("no panic"));
        });
    }
}

/// Two calls read while the file is closed: the last one that leaves frees the descriptor.
#[test]
fn last_call_frees_the_number() {
    check(2, || {
        system::make_readable(opens());
        let calls = [FdRef::enter(FD), FdRef::enter(FD)].map(|call| Shared::new(call.ok()));
        let others = calls.map(|call| {
            thread::spawn(move || {
                // SAFETY: only this thread uses the option.
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

/// Two threads close the file at once while a call is inside: one of them returns EBADF.
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

/// A call closes the descriptor that it has created, or hands it over, while another thread closes it: the file is
/// closed once. If both close it and no other call is inside, these are two calls of close(2), as without acort (R5).
#[test]
fn own_descriptor_is_closed() {
    for (gives, is_single_threaded) in [(false, false), (true, false), (true, true)] {
        check(3, move || {
            opens();
            let own = OwnFd::from_raw(c_long::from(FD), 0).map_err(drop).expect("it is open");
            let call = (!is_single_threaded).then(|| FdRef::enter(FD).expect("it is open"));
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

/// A task waits in the entry's queue while the file is closed: the wait ends, no poller has the file, and the
/// descriptor is freed. A call that begins meanwhile returns EBADF or ECANCELED.
///
/// Fails if the closer does not check for calls that have entered since the word was changed.
#[test]
fn waiting_task_is_canceled() {
    for (is_ours, is_inside) in [(false, true), (true, true), (false, false), (true, false)] {
        check(2, move || {
            opens();
            if is_ours {
                fd_identity::adopt(FD, 0);
            }
            let runtime = runtime(1);
            let inside = is_inside.then(|| FdRef::enter(FD).expect("it is open"));
            let inside = Shared::new(inside);
            let other = thread::spawn(move || {
                task::run_as(of(runtime, 0));
                // SAFETY: only this thread uses the option.
                let inside = unsafe { (*inside.raw()).take() };
                let outcome = inside.map_or_else(|| FdRef::enter(FD), Ok);
                let outcome = outcome.and_then(|call| reads(&call, NEVER));
                assert!(
                    outcome == Err(libc::ECANCELED) || !is_inside && outcome == Err(libc::EBADF)
                );
            });
            assert_eq!(close(FD), Ok(()));
            other.join().expect("no panic");
            let watches =
                runtime.worker(0).map(|worker| worker.registered_fds.load(Ordering::Relaxed));
            assert!(watches == Some(0) || !is_inside);
            is_freed_once(opens_the_next());
        });
    }
}

/// A thread waits in poll(2), which does not end when the file is closed. It has an eventfd beside the file, or none.
///
/// Fails if the closer writes to no eventfd, or if the thread enters the list without a check of the word.
#[test]
fn waiting_thread_is_canceled() {
    for (has_eventfd, deadline) in [(true, NEVER), (true, SOON), (false, NEVER)] {
        check(2, move || {
            opens();
            if !has_eventfd {
                events::has_no_eventfd();
            }
            let call = Shared::new(FdRef::enter(FD).ok());
            let other = thread::spawn(move || {
                // SAFETY: only this thread uses the option.
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

/// A thread begins a call, and waits in poll(2), while another one closes the file.
///
/// Fails if the closer does not check for calls that have entered since the word was changed.
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
