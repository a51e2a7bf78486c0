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
use super::lock::Lock;
use super::parker::{Armed, Hearing, Parker};
use super::queue::Waiter;
use super::task::{self, Task};
use super::wait::{self, Wait};
use super::wake::{CLOSED, wake_waiter, was_woken};
use super::why::Why;
use super::worker::Worker;
use super::{Outcome, extra, numbers, vessel};
use crate::sanitizer;

/// The most cases of one call.
const MOST: usize = 1024;

/// A call.
struct Choice<'a> {
    cases: &'a mut [acort_case_t],
    room: Room,
    me: *mut Task,
    /// The case to begin with.
    turn: usize,
    is_outside: bool,
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
            if let Source::Ready(entry, _, fd) = source {
                kinds::kind(fd, entry)?;
                is_outside = true;
            }
            if vessel::is_on_moving_stack(source.queue().cast()) {
                return Err(libc::EFAULT);
            }
            bytes = bytes.checked_add(source.size()).ok_or(libc::EINVAL)?;
        }
        let room = Room::new(me, cases.len(), bytes)?;
        for (number, case) in cases.iter().enumerate() {
            *room.edges.add(number) = Source::of(case)?.mark()?;
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
    fn sources(&self) -> impl Iterator<Item = (usize, Source)> {
        let count = self.cases.len();
        let order = (0..count).map(move |at| (at + self.turn) % count);
        order.filter_map(|number| Some((number, Source::of(self.cases.get(number)?).ok()?)))
    }

    fn data(&self, number: usize) -> *mut u8 {
        self.cases.get(number).map_or(ptr::null_mut(), |case| case.data.cast())
    }

    fn set_error(&mut self, number: usize, error: c_int) {
        if let Some(case) = self.cases.get_mut(number) {
            case.error = error;
        }
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
                    if kinds::poll(fd, events, 0)? != 0 {
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
    unsafe fn done(&self, number: usize, source: Source, tried: Tried) -> Option<c_int> {
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

    /// Takes all locks, once each, in the order of their addresses.
    unsafe fn lock_all(&self) {
        let locks = self.room.locks;
        // SAFETY: as many as there are cases.
        unsafe {
            for (count, (_, source)) in self.sources().enumerate() {
                let lock = source.lock();
                let mut at = count;
                while at > 0 && *locks.add(at - 1) > lock {
                    *locks.add(at) = *locks.add(at - 1);
                    at -= 1;
                }
                *locks.add(at) = lock;
            }
            self.each_lock(|lock| lock.take());
        }
    }

    unsafe fn each_lock(&self, act: fn(&Lock)) {
        let locks = self.room.locks;
        // SAFETY: `lock_all` has written them.
        unsafe {
            for at in 0..self.cases.len() {
                if at == 0 || *locks.add(at) != *locks.add(at - 1) {
                    act(&**locks.add(at));
                }
            }
        }
    }

    /// Waits in all queues. None: something may be ready, and all is to be tried again.
    unsafe fn wait(&mut self, deadline: i64) -> Outcome<Option<usize>> {
        let mut thread = Parker::new();
        // SAFETY: the caller's promise; the locks are held from `lock_all` to `give`.
        unsafe {
            let parker = match self.me.as_mut() {
                Some(me) => &raw mut me.parker,
                None => &raw mut thread,
            };
            for (_, source) in self.sources() {
                if let Source::Ready(entry, _, fd) = source {
                    numbers::confirm(fd, entry)?;
                }
            }
            self.lock_all();
            if let Some((number, tried)) = self.try_locked()? {
                self.each_lock(Lock::give);
                let Some(number) = number else { return Ok(None) };
                let outcome = self.cases.get(number).and_then(|case| {
                    Source::of(case).ok().and_then(|source| self.done(number, source, tried))
                });
                self.set_error(number, outcome.unwrap_or(0));
                return Ok(Some(number));
            }
            let hearing = match self.me.is_null() {
                true => Hearing::Nothing,
                false => Hearing::Cancellation,
            };
            if let Armed::Cancelled = (*parker).arm(hearing) {
                self.each_lock(Lock::give);
                return Err(libc::ECANCELED);
            }
            self.take_places(parker);
            self.each_lock(Lock::give);
            let outcome = self.sleep(parker, deadline);
            for number in 0..self.cases.len() {
                Waiter::withdraw(self.room.places.add(number));
            }
            if !self.me.is_null() {
                extra::set_places(self.me, 0);
            }
            self.settle(outcome?).map(Some)
        }
    }

    /// Tries each while all locks are held: the case that is done, or that some file descriptor has had
    /// an edge. Gives the locks back where that fails.
    #[allow(clippy::type_complexity)]
    unsafe fn try_locked(&self) -> Outcome<Option<(Option<usize>, Tried)>> {
        // SAFETY: the caller's promise.
        unsafe {
            for (number, source) in self.sources() {
                let tried = match source {
                    Source::Ready(entry, way, fd) => {
                        let watched = if self.me.is_null() {
                            Err(libc::EPERM)
                        } else {
                            (*entry).watch(fd, Worker::here())
                        };
                        match watched {
                            Ok(()) if (*entry).edges(way) == *self.room.edges.add(number) => {
                                continue;
                            }
                            Ok(()) => return Ok(Some((None, Tried::Waits))),
                            Err(error) => {
                                self.each_lock(Lock::give);
                                return Err(error);
                            }
                        }
                    }
                    _ => source.attempt(self.data(number), *self.room.edges.add(number)),
                };
                if !matches!(tried, Tried::Waits) {
                    return Ok(Some((Some(number), tried)));
                }
            }
            Ok(None)
        }
    }

    /// Puts a place in each queue.
    unsafe fn take_places(&mut self, parker: *mut Parker) {
        let mut value = self.room.values;
        // SAFETY: the locks are held; the room is for as many.
        unsafe {
            for number in 0..self.cases.len() {
                let Some(Ok(source)) = self.cases.get(number).map(Source::of) else { continue };
                let (data, size) = (self.data(number), source.size());
                let mut slot = data;
                if vessel::is_on_moving_stack(data.cast()) {
                    slot = value;
                    value = value.add(size);
                    if let Source::Send(_) = source {
                        ptr::copy_nonoverlapping(data, slot, size);
                    }
                }
                let place = self.room.places.add(number);
                place.write(Waiter::new(parker, slot, number as u32 + 1));
                (*source.queue()).push(place, source.lock());
            }
            if !self.me.is_null() {
                extra::set_places(self.me, self.cases.len() as u32);
            }
        }
    }

    unsafe fn sleep(&self, parker: *mut Parker, deadline: i64) -> Outcome<usize> {
        // SAFETY: the parker is armed.
        unsafe {
            if self.me.is_null() {
                if !wait::sleeps(parker, deadline) {
                    return Err(libc::ETIMEDOUT);
                }
                was_woken(parker);
                return (*parker).outcome();
            }
            let why = if self.is_outside { Why::SelectOutside } else { Why::Select };
            let hearing = Hearing::Cancellation;
            let about = self.room.places as usize;
            wait::leave((*self.me).parker.worker, self.me, Wait { why, about, hearing, deadline })
        }
    }

    /// What the wait has come to.
    unsafe fn settle(&mut self, outcome: usize) -> Outcome<usize> {
        let number = outcome & !(CLOSED as usize);
        if outcome & CLOSED as usize != 0 {
            self.set_error(number, libc::EPIPE);
            return Ok(number);
        }
        // SAFETY: the place is this call's; whoever woke has filled its slot.
        unsafe {
            if let Some(Ok(Source::Receive(channel))) = self.cases.get(number).map(Source::of) {
                let (data, slot) = (self.data(number), (*self.room.places.add(number)).slot);
                if slot != data {
                    ptr::copy_nonoverlapping(slot, data, (*channel).element);
                }
                sanitizer::is_written(data.cast(), (*channel).element);
            }
        }
        Ok(number)
    }
}
