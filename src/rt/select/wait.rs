//! The part of a select that waits. The rules are those of `select`.

use core::ptr;

use super::case::Source;
use super::choice::Select;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::{Parker, Prepared, WaitMode};
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::io::fd_identity;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wait::{self, Wait};
use crate::rt::park::wake::{CLOSED, acquire_wake};
use crate::sanitizer;

impl Select<'_> {
    /// The first part of a call, up to the wait of a task. None: the task leaves now.
    #[inline(never)]
    pub(super) unsafe fn begin(&mut self) -> Option<Result<usize>> {
        // SAFETY: the caller's promise; the task runs here, on its worker.
        unsafe {
            loop {
                // To register descriptors takes calls of the system, which a case that is ready does not need.
                if self.deadline.is_now() || self.has_files() {
                    match self.attempt() {
                        None if self.deadline.is_now() => return Some(Err(libc::ETIMEDOUT)),
                        None => {}
                        outcome => return outcome,
                    }
                }
                let Some(me) = self.me.as_mut() else {
                    match self.thread_waits() {
                        None => continue,
                        outcome => return outcome,
                    }
                };
                let outcome = self.begin_wait(&raw mut me.parker, WaitMode::Cancellable);
                if outcome.is_none() {
                    self.buffers.set_waiting(true);
                    wait::before_block(me.parker.worker(), me, self.wait());
                }
                return outcome;
            }
        }
    }

    fn wait(&self) -> Wait {
        let wait_reason =
            if self.has_files() { WaitReason::SelectOutside } else { WaitReason::Select };
        Wait::new(wait_reason, self.buffers.waiters().addr(), WaitMode::Cancellable, self.deadline)
    }

    /// The last part of a task's wait. None: the call begins again.
    #[inline(never)]
    pub(super) unsafe fn end(&mut self) -> Option<Result<usize>> {
        // SAFETY: the task has come back, on its worker.
        unsafe {
            let outcome = wait::after_block();
            let ended = self.end_wait(outcome);
            self.buffers.set_waiting(false);
            ended
        }
    }

    /// The wait of a plain thread. None: the call begins again.
    #[cold]
    #[inline(never)]
    unsafe fn thread_waits(&mut self) -> Option<Result<usize>> {
        if self.has_files() {
            let is_over = self.deadline.has_passed();
            return Some(Err(if is_over { libc::ETIMEDOUT } else { libc::EPERM }));
        }
        let mut parker = Parker::new();
        let parker = &raw mut parker;
        // SAFETY: the parker stays until the wait has ended.
        unsafe {
            if let Some(outcome) = self.begin_wait(parker, WaitMode::Uninterruptible) {
                return Some(outcome);
            }
            if !wait::park_thread(parker, self.deadline) {
                return self.end_wait(Err(libc::ETIMEDOUT));
            }
            acquire_wake(parker);
            self.end_wait((*parker).wake_result())
        }
    }

    /// One pass. None: no case is ready, and the call has its places in all queues.
    unsafe fn begin_wait(&mut self, parker: *mut Parker, mode: WaitMode) -> Option<Result<usize>> {
        // SAFETY: the caller's promise; the locks are held from one `each_lock` to the other.
        unsafe {
            if let Err(error) = self.confirm_files() {
                return Some(Err(error));
            }
            self.each_lock(Lock::lock);
            // A case that is ready is worth more than this error.
            let watched = self.watch_files();
            let found = match self.pass() {
                Ok(None) => watched.and_then(|()| self.take_places(parker, mode)).map(|()| None),
                found => found,
            };
            self.each_lock(Lock::unlock);
            self.done(found)
        }
    }

    fn has_files(&self) -> bool {
        !self.buffers.files().is_empty()
    }

    /// Finds files that other code has put under the number of a watched one (E8).
    fn confirm_files(&self) -> Result<()> {
        self.buffers
            .files()
            .iter()
            .try_for_each(|file| file.check_result(fd_identity::revalidate(file)))
    }

    /// Registers the files with a poller (S6). The locks are held.
    unsafe fn watch_files(&self) -> Result<()> {
        for file in self.buffers.files() {
            file.check()?;
            // SAFETY: entries are never freed (E1); the lock is held; the worker is this thread's.
            unsafe { (*file.entry_ptr()).register(file.fd(), Worker::current())? }
        }
        Ok(())
    }

    /// Arms `parker`, and puts a place in each queue (S4). The locks are held. ECANCELED.
    unsafe fn take_places(&mut self, parker: *mut Parker, mode: WaitMode) -> Result<()> {
        let mut value = self.buffers.values();
        // SAFETY: the locks are held (S1); the room is for as many cases.
        unsafe {
            if let Prepared::Cancelled = (*parker).prepare(mode) {
                return Err(libc::ECANCELED);
            }
            for at in 0..self.cases.len() {
                let number = usize::from(*self.buffers.order().add(at));
                let Some(source) = self.source(number) else { continue };
                let (data, size) = (self.data(number), source.size());
                let mut slot = data;
                if Worker::is_on_shared_stack(data.cast()) {
                    slot = value;
                    value = value.add(size);
                    if let Source::Send(_) = source {
                        ptr::copy_nonoverlapping(data, slot, size);
                    }
                }
                let place = self.buffers.waiters().add(number);
                place.write(Waiter::new(parker, slot, number as u32 + 1));
                (*source.queue()).push(place, source.lock());
            }
        }
        Ok(())
    }

    /// Withdraws the places (S5), and ends the case that has woken the call. None: it is a descriptor (S6), or
    /// the deadline (S7).
    unsafe fn end_wait(&mut self, outcome: Result<usize>) -> Option<Result<usize>> {
        // SAFETY: the places are this call's; what has woken it has filled the slot.
        unsafe {
            for number in 0..self.cases.len() {
                Waiter::dequeue(self.buffers.waiters().add(number));
            }
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(libc::ETIMEDOUT) => {
                    self.deadline = Deadline::NOW;
                    return None;
                }
                Err(error) => return Some(Err(error)),
            };
            let number = outcome & !(CLOSED as usize);
            if outcome & CLOSED as usize != 0 {
                self.set_error(number, libc::EPIPE);
                return Some(Ok(number));
            }
            match self.source(number) {
                Some(Source::Ready(..)) => return None,
                Some(Source::Receive(channel)) => {
                    let (data, slot) =
                        (self.data(number), (*self.buffers.waiters().add(number)).slot);
                    if slot != data {
                        ptr::copy_nonoverlapping(slot, data, (*channel).elem_size);
                    }
                    sanitizer::unpoison(data.cast(), (*channel).elem_size);
                }
                _ => {}
            }
            Some(Ok(number))
        }
    }
}
