//! The first of several waits.
//!
//! First each case is tried by itself. If none is ready, all their locks are taken, in the order of their
//! addresses; nothing can happen to any of them while each is tried again and the caller takes its
//! places in all queues. One wake ends them all; the places it did not come from are withdrawn.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use super::abi::acort_case_t;
use super::cases::{Room, Source};
use super::channel::Tried;
use super::descriptors::Way;
use super::kinds;
use super::task::{self, Task};
use super::wake::wake_waiter;
use super::{Outcome, vessel};
use crate::sanitizer;

/// The most cases of one call.
const MOST: usize = 1024;

/// A call.
pub(super) struct Choice<'a> {
    pub(super) cases: &'a mut [acort_case_t],
    pub(super) room: Room,
    pub(super) me: *mut Task,
    /// The case to begin with.
    turn: usize,
    pub(super) is_outside: bool,
}

/// Waits for the first of `cases` that is ready, does it, and gives its number. Each has its turn.
///
/// # Safety
/// The objects of the cases are there; their values have their sizes.
pub(crate) unsafe fn select(cases: &mut [acort_case_t], deadline: i64) -> Outcome<usize> {
    #[unsafe(link_section = "aco_shared")]
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.load(Ordering::Relaxed);
    TURN.store(turn.wrapping_add(1), Ordering::Relaxed);
    // SAFETY: the caller's promise.
    unsafe { select_from(turn as usize % cases.len().max(1), cases, deadline) }
}

/// As [`select`], beginning with the case number `turn`: where several are ready it is the first from there on.
///
/// # Safety
/// As [`select`].
pub(crate) unsafe fn select_from(
    turn: usize,
    cases: &mut [acort_case_t],
    deadline: i64,
) -> Outcome<usize> {
    if cases.is_empty() || cases.len() > MOST {
        return Err(libc::EINVAL);
    }
    let me = task::here();
    // SAFETY: the caller's promise.
    unsafe {
        let (mut bytes, mut is_outside) = (0usize, false);
        for case in cases.iter_mut() {
            case.error = 0;
            let source = Source::of(case)?;
            source.check_thread();
            is_outside |= matches!(source, Source::Ready(..));
            if vessel::is_on_moving_stack(source.queue().cast()) {
                return Err(libc::EFAULT);
            }
            bytes = bytes.checked_add(source.size()).ok_or(libc::EINVAL)?;
        }
        let room = Room::new(me, cases.len(), is_outside, bytes)?;
        for (number, case) in cases.iter().enumerate() {
            let source = Source::of(case)?;
            *room.edges.add(number) = source.mark()?;
            if let Source::Ready(_, _, fd) = source {
                let file = room.enter(number, fd)?;
                file.judge(kinds::kind(file))?;
            }
        }
        let mut choice = Choice { cases, room, me, turn, is_outside };
        loop {
            if let Some(number) = choice.try_each()? {
                return Ok(number);
            }
            if deadline == 0 {
                return Err(libc::ETIMEDOUT);
            }
            if let Some(number) = choice.wait(deadline)? {
                return Ok(number);
            }
        }
    }
}

impl Choice<'_> {
    /// The cases in their order, and what they are.
    pub(super) fn sources(&self) -> impl Iterator<Item = (usize, Source)> {
        let count = self.cases.len();
        let order = (0..count).map(move |at| (at + self.turn) % count);
        order.filter_map(|number| Some((number, Source::of(self.cases.get(number)?).ok()?)))
    }

    pub(super) fn data(&self, number: usize) -> *mut u8 {
        self.cases.get(number).map_or(ptr::null_mut(), |case| case.data.cast())
    }

    pub(super) fn set_error(&mut self, number: usize, error: c_int) {
        if let Some(case) = self.cases.get_mut(number) {
            case.error = error;
        }
    }

    /// What an answer of the system means for the file of the case `number`.
    pub(super) fn judge<T>(&self, number: usize, outcome: Outcome<T>) -> Outcome<T> {
        self.room.file(number).map_or(Err(libc::EBADF), |file| file.judge(outcome))
    }

    /// Each by itself.
    unsafe fn try_each(&mut self) -> Outcome<Option<usize>> {
        // SAFETY: the caller's promise: the objects are there.
        unsafe {
            let mut found = None;
            for (number, source) in self.sources() {
                if let Source::Ready(entry, way, fd) = source {
                    *self.room.edges.add(number) = (*entry).edges(way);
                    let events = if way == Way::In { libc::POLLIN } else { libc::POLLOUT };
                    let found = kinds::poll(fd, events);
                    if self.judge(number, found)? != 0 {
                        return Ok(Some(number));
                    }
                    continue;
                }
                let lock = source.lock();
                (*lock).take();
                let tried = source.attempt(self.data(number), *self.room.edges.add(number));
                (*lock).give();
                if let Some(error) = self.done(number, source, tried) {
                    found = Some((number, error));
                    break;
                }
            }
            Ok(found.map(|(number, error)| {
                self.set_error(number, error);
                number
            }))
        }
    }

    /// Is it done, and with which error? The lock is free.
    pub(super) unsafe fn done(&self, number: usize, source: Source, tried: Tried) -> Option<c_int> {
        match tried {
            Tried::Waits => None,
            Tried::Closed => Some(libc::EPIPE),
            Tried::Done(waiter) => {
                // SAFETY: claimed for this.
                unsafe {
                    if !waiter.is_null() {
                        wake_waiter(waiter);
                    }
                    if let Source::Receive(channel) = source {
                        sanitizer::is_written(self.data(number).cast(), (*channel).element);
                    }
                }
                Some(0)
            }
        }
    }
}
