//! The part of a select that waits: all locks are held while each case is tried again and the caller takes its
//! places in the queues.

use core::ptr;

use super::cases::Source;
use super::channel::Tried;
use super::lock::Lock;
use super::parker::{Armed, Hearing, Parker};
use super::queue::Waiter;
use super::select::Choice;
use super::wait::{self, Wait};
use super::wake::{CLOSED, was_woken};
use super::why::Why;
use super::worker::Worker;
use super::{Outcome, extra, numbers, vessel};
use crate::sanitizer;

impl Choice<'_> {
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
    pub(super) unsafe fn wait(&mut self, deadline: i64) -> Outcome<Option<usize>> {
        let mut thread = Parker::new();
        // SAFETY: the caller's promise; the locks are held from `lock_all` to `give`.
        unsafe {
            let parker = match self.me.as_mut() {
                Some(me) => &raw mut me.parker,
                None => &raw mut thread,
            };
            for number in 0..self.cases.len() {
                if let Some(file) = self.room.file(number)
                    && !self.me.is_null()
                {
                    let confirmed = numbers::confirm(file);
                    file.judge(confirmed)?;
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
                            let is_open =
                                self.room.file(number).map_or(Ok(()), |file| file.check());
                            is_open.and_then(|()| (*entry).watch(fd, Worker::here()))
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
        if let Some(file) = self.room.file(number) {
            file.check()?;
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
