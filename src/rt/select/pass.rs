//! A pass of a select: its cases are tried while all their locks are held. The rules are those of `select`.

use super::case::Source;
use super::choice::{Ready, Select};
use crate::rt::base::lock::Lock;
use crate::rt::os::Result;
use crate::rt::sync::channel::Attempt;

impl Select<'_> {
    /// One pass without a wait: what deadline 0 asks for. None: no case is ready.
    pub(super) unsafe fn attempt(&mut self) -> Option<Result<usize>> {
        // SAFETY: the caller's promise; the locks are held for both passes.
        unsafe {
            self.each_lock(Lock::lock);
            let mut found = self.pass();
            // S8.
            if self.buffers.files().len() > 1 && matches!(found, Ok(None)) {
                found = self.pass();
            }
            self.each_lock(Lock::unlock);
            self.done(found)
        }
    }

    /// Acts on each lock once, in the order of their addresses (S1).
    pub(super) unsafe fn each_lock(&self, act: impl Fn(&Lock)) {
        let locks = self.buffers.locks();
        // SAFETY: the room has a lock for each case; the caller's promise: their objects are there.
        unsafe {
            for at in 0..self.cases.len() {
                if at == 0 || *locks.add(at) != *locks.add(at - 1) {
                    act(&**locks.add(at));
                }
            }
        }
    }

    /// Tries the cases, and does the first that is ready (S3). The locks are held.
    pub(super) unsafe fn pass(&mut self) -> Result<Option<Ready>> {
        let mut is_polled = false;
        // SAFETY: the caller's promise; the room is for as many cases.
        unsafe {
            for at in 0..self.cases.len() {
                let number = self.draw(at);
                let Some(source) = self.source(number) else { continue };
                let mark = *self.buffers.snapshots().add(number);
                let tried = match source {
                    Source::Ready(..) => {
                        if !is_polled {
                            self.buffers.poll()?;
                            is_polled = true;
                        }
                        if self.buffers.is_ready(mark)? {
                            Attempt::READY
                        } else {
                            Attempt::WouldBlock
                        }
                    }
                    _ => source.attempt(self.data(number), mark),
                };
                if !matches!(tried, Attempt::WouldBlock) {
                    return Ok(Some((number, tried)));
                }
            }
        }
        Ok(None)
    }

    /// The case at `at` in the order of a pass: one of those that were not drawn before (S3).
    unsafe fn draw(&mut self, at: usize) -> usize {
        let (order, left) = (self.buffers.order(), self.cases.len() - at);
        // SAFETY: the room has the number of each case once.
        unsafe {
            if let Some(random) = &mut self.random {
                order.add(at).swap(order.add(at + random.below(left)));
            }
            usize::from(*order.add(at))
        }
    }
}
