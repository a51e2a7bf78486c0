//! The wait of a select: one waiter in the queue of each case. S1 to S11 are in `call`.

use core::ptr;

use super::case::Case;
use super::operation::Select;
use crate::rt::base::{Lock, Parker, WaitMode, WaitReason, Waiter};
use crate::rt::io::fd_identity;
use crate::rt::model::Worker;
use crate::rt::model::abi::ACORT_TIMER;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::{CLOSED, Wait, wait};
use crate::rt::sync::mutex;

impl Select<'_> {
    /// The part of a call before the switch. None: the task switches to its scheduler now.
    ///
    /// # Safety
    /// `prepare` has succeeded; the objects exist.
    #[inline(never)]
    pub(super) unsafe fn start(&mut self) -> Option<Result<usize>> {
        // SAFETY: the objects exist; the task runs here, on its worker.
        unsafe {
            loop {
                // Registering files takes system calls, which a case that is ready does not need.
                if self.deadline.is_now() || self.has_files() {
                    match self.try_now() {
                        None if self.deadline.is_now() => return Some(Err(libc::ETIMEDOUT)),
                        None => {}
                        outcome => return outcome,
                    }
                }
                let Some(task) = self.task.as_mut() else {
                    match self.wait_in_thread() {
                        None => continue,
                        outcome => return outcome,
                    }
                };
                let outcome = self.start_wait(&raw mut task.parker, WaitMode::Cancellable);
                if outcome.is_none() {
                    self.buffers.set_waiting(true);
                    wait::before_block(task.parker.worker(), task, self.wait());
                }
                return outcome;
            }
        }
    }

    fn wait(&self) -> Wait {
        let wait_reason =
            if self.has_files() { WaitReason::SelectOutside } else { WaitReason::Select };
        Wait::new(wait_reason, self.buffers.waiters().addr(), self.next_deadline())
    }

    /// The deadline, or the time of a timer that comes before (S9).
    fn next_deadline(&self) -> Deadline {
        // A timer has no lock (S11).
        let has_timers = self.buffers.locked() < self.cases.len();
        if has_timers { self.nearest_timer().min(self.deadline) } else { self.deadline }
    }

    #[cold]
    fn nearest_timer(&self) -> Deadline {
        let timers = self.cases.iter().filter(|case| case.op == ACORT_TIMER);
        // SAFETY: the data of a timer is a time.
        let times = timers.map(|case| unsafe { Deadline::at(*case.data.cast()) });
        times.fold(Deadline::NEVER, Deadline::min)
    }

    /// The part of a task's call after the switch. None: the call starts again.
    ///
    /// # Safety
    /// `start` has returned None, and the task was resumed since.
    #[inline(never)]
    pub(super) unsafe fn finish(&mut self) -> Option<Result<usize>> {
        // SAFETY: `before_block` was called, and the task runs again on its worker.
        unsafe {
            let outcome = wait::after_block();
            let finished = self.finish_wait(outcome);
            self.buffers.set_waiting(false);
            finished
        }
    }

    /// The wait of a plain thread. None: the call starts again.
    ///
    /// # Safety
    /// As [`start`](Self::start).
    #[cold]
    #[inline(never)]
    unsafe fn wait_in_thread(&mut self) -> Option<Result<usize>> {
        if self.has_files() {
            let is_over = self.deadline.has_passed();
            return Some(Err(if is_over { libc::ETIMEDOUT } else { libc::EPERM }));
        }
        let mut parker = Parker::new();
        let parker = &raw mut parker;
        // SAFETY: the objects exist. The parker stays on this stack until the wait has ended.
        unsafe {
            if let Some(outcome) = self.start_wait(parker, WaitMode::Uninterruptible) {
                return Some(outcome);
            }
            if let Err(error) = wait::park_for_object(parker, self.next_deadline()) {
                return self.finish_wait(Err(error));
            }
            self.finish_wait((*parker).wake_result())
        }
    }

    /// One pass. None: no case is ready, and the call has joined all queues.
    ///
    /// # Safety
    /// As [`start`](Self::start); `parker` is the caller's.
    unsafe fn start_wait(&mut self, parker: *mut Parker, mode: WaitMode) -> Option<Result<usize>> {
        // SAFETY: the objects exist; their locks are held between the two `for_each_lock`.
        unsafe {
            if let Err(error) = self.revalidate_files() {
                return Some(Err(error));
            }
            self.for_each_lock(Lock::lock);
            // A case that is ready matters more than an error of the registration.
            let registered = self.register_files();
            let found = match self.pass() {
                Ok(None) => registered.and_then(|()| self.enqueue(parker, mode)).map(|()| None),
                found => found,
            };
            self.for_each_lock(Lock::unlock);
            self.deliver(found)
        }
    }

    fn has_files(&self) -> bool {
        !self.buffers.files().is_empty()
    }

    /// Finds files that other code has put under a registered number (E8 of `fd_entry`).
    fn revalidate_files(&self) -> Result<()> {
        self.buffers
            .files()
            .iter()
            .try_for_each(|file| file.check_result(fd_identity::revalidate(file)))
    }

    /// Registers the files with a poller (S6). No event comes of a file that cannot be polled (EPERM).
    ///
    /// # Safety
    /// The locks are held.
    unsafe fn register_files(&self) -> Result<()> {
        for file in self.buffers.files() {
            file.check()?;
            // SAFETY: entries are never freed (E1 of `fd_entry`). The lock is held, the file is current, the worker
            // is this thread's.
            match unsafe { (*file.entry_ptr()).register(file.fd(), Worker::current()) } {
                Err(libc::EPERM) => {}
                registered => registered?,
            }
        }
        Ok(())
    }

    /// Prepares `parker`, and puts a waiter in each queue (S4). Errors: `ECANCELED`, that of an interruption.
    ///
    /// # Safety
    /// The locks are held; `parker` is the caller's.
    unsafe fn enqueue(&mut self, parker: *mut Parker, mode: WaitMode) -> Result<()> {
        let mut value = self.buffers.values();
        // SAFETY: the locks are held. The buffers have a waiter for each case, and room for each value.
        unsafe {
            (*parker).prepare(mode)?;
            for at in 0..self.cases.len() {
                let index = usize::from(*self.buffers.order().add(at));
                let Some(case) = self.case(index) else { continue };
                let (data, size) = (self.data(index), case.value_size());
                let snapshot = *self.buffers.snapshots().add(index);
                let mut slot = case.slot(data, snapshot);
                // Another task's stack may be at this address when a waker uses the slot (C5 of `channel`).
                if size != 0 && Worker::is_on_shared_stack(data.cast()) {
                    slot = value;
                    value = value.add(size);
                    if let Case::Send(_) = case {
                        ptr::copy_nonoverlapping(data, slot, size);
                    }
                }
                let waiter = self.buffers.waiters().add(index);
                waiter.write(Waiter::new(parker, slot, index as u32 + 1));
                let (lock, queue) = case.parts();
                if let Some(queue) = queue.as_mut() {
                    let at_front = matches!(case, Case::Mutex(_)) && snapshot != 0;
                    queue.insert(waiter, lock, at_front);
                }
            }
        }
        Ok(())
    }

    /// Leaves all queues (S5), and completes the case that has woken the call. None: that was a descriptor (S6), the
    /// deadline (S7), a timer (S9), or a mutex that another call has locked first (S10).
    ///
    /// # Safety
    /// The wait has ended with `outcome`.
    unsafe fn finish_wait(&mut self, outcome: Result<usize>) -> Option<Result<usize>> {
        // SAFETY: the waiters are this call's. The waker of a receive has written the value to the slot.
        unsafe {
            for index in 0..self.cases.len() {
                Waiter::dequeue(self.buffers.waiters().add(index));
            }
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(libc::ETIMEDOUT) => {
                    // S9: a timer may have ended the wait.
                    if self.deadline.has_passed() {
                        self.deadline = Deadline::NOW;
                    }
                    return None;
                }
                Err(error) => return Some(Err(error)),
            };
            let index = outcome & !(CLOSED as usize);
            if outcome & CLOSED as usize != 0 {
                self.set_error(index, libc::EPIPE);
                return Some(Ok(index));
            }
            match self.case(index) {
                Some(Case::Fd(..)) => return None,
                Some(Case::Mutex(mutex))
                    if !mutex::compete(mutex, &mut *self.buffers.snapshots().add(index)) =>
                {
                    return None;
                }
                Some(Case::Receive(channel)) => {
                    let (data, slot) =
                        (self.data(index), (*self.buffers.waiters().add(index)).slot);
                    if slot != data {
                        ptr::copy_nonoverlapping(slot, data, (*channel).elem_size);
                    }
                }
                _ => {}
            }
            self.record(index);
            Some(Ok(index))
        }
    }
}
