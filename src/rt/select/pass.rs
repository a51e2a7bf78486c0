//! A pass of a select: it tries the cases while all their locks are held. S1 to S11 are in `call`.

use super::case::Case;
use super::opened::is_opened;
use super::operation::{ReadyCase, Select};
use crate::rt::base::{Lock, Random};
use crate::rt::os::Result;
use crate::rt::park::SUCCESS;

impl Select<'_> {
    /// A pass without a wait, as deadline 0 asks for. None: no case is ready.
    ///
    /// # Safety
    /// `prepare` has succeeded; the objects exist.
    pub(super) unsafe fn try_now(&mut self) -> Option<Result<usize>> {
        // SAFETY: the objects exist; the locks are held during both passes.
        unsafe {
            self.for_each_lock(Lock::lock);
            let mut found = self.pass();
            // S8.
            if self.buffers.files().len() > 1 && matches!(found, Ok(None)) {
                found = self.pass();
            }
            self.for_each_lock(Lock::unlock);
            self.deliver(found)
        }
    }

    /// Calls `act` once with each lock, in the order of S1.
    ///
    /// # Safety
    /// As [`try_now`](Self::try_now).
    pub(super) unsafe fn for_each_lock(&self, act: impl Fn(&Lock)) {
        let locks = self.buffers.locks();
        // SAFETY: so many locks are written, and the objects exist.
        unsafe {
            for at in 0..self.buffers.locked() {
                if at == 0 || *locks.add(at) != *locks.add(at - 1) {
                    act(&**locks.add(at));
                }
            }
        }
    }

    /// Tries the cases, and performs the first one that is ready (S3).
    ///
    /// # Safety
    /// As [`try_now`](Self::try_now); the locks are held.
    pub(super) unsafe fn pass(&mut self) -> Result<Option<ReadyCase>> {
        let (count, order) = (self.cases.len(), self.buffers.order());
        let mut has_polled = false;
        // SAFETY: the buffers have room for `count` cases. The objects exist, and their locks are held.
        unsafe {
            for at in 0..count {
                let index = draw(order, at, count, self.random.as_mut());
                let Some(case) = self.case(index) else { continue };
                let snapshot = *self.buffers.snapshots().add(index);
                let attempt = match case {
                    Case::Fd(..) => {
                        if !has_polled {
                            self.buffers.poll()?;
                            has_polled = true;
                        }
                        let is_ready = self.buffers.is_ready(snapshot)? && self.take(index)?;
                        if is_ready { SUCCESS } else { None }
                    }
                    _ => case.try_now(self.data(index), snapshot),
                };
                if let Some(found) = attempt {
                    return Ok(Some((index, found)));
                }
            }
        }
        Ok(None)
    }
}

impl Select<'_> {
    /// Takes the signal or the child of a case whose descriptor is ready (SO2 of `opened`). Returns false if other code
    /// was first, and true for other cases.
    ///
    /// # Safety
    /// The data of the case is as its operation needs.
    unsafe fn take(&mut self, index: usize) -> Result<bool> {
        match self.cases.get_mut(index) {
            // SAFETY: the data is as the operation needs.
            Some(case) if is_opened(case.op) => unsafe { self.opened.take(index, case) },
            _ => Ok(true),
        }
    }
}

/// The case at position `at` of a pass: with `random` one of those that were not drawn before, each with the same
/// probability (S3). `order` then has the drawn cases in front.
///
/// # Safety
/// `order` has each index below `count` once, and `at` is below `count`.
#[inline(always)]
unsafe fn draw(order: *mut u16, at: usize, count: usize, random: Option<&mut Random>) -> usize {
    // SAFETY: `at`, and `at` plus a number below what is left, are below `count`.
    unsafe {
        if let Some(random) = random {
            order.add(at).swap(order.add(at + random.below(count - at)));
        }
        usize::from(*order.add(at))
    }
}

// The tests are compiled in the library, not in tests/loom.
#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::{Random, draw};

    /// The positions at which a pass over four cases tries each of them.
    fn pass(order: &mut [u16; 4], mut random: Option<&mut Random>) -> [usize; 4] {
        // SAFETY: the order has each index once.
        [0, 1, 2, 3].map(|at| unsafe { draw(order.as_mut_ptr(), at, 4, random.as_deref_mut()) })
    }

    #[test]
    fn order_is_kept_without_random_numbers() {
        assert_eq!(pass(&mut [0, 1, 2, 3], None), [0, 1, 2, 3]);
    }

    /// Each case is tried once in a pass, and about equally often at each position. Each pass starts from the order
    /// that the one before has left.
    #[test]
    fn each_case_has_the_same_chance() {
        const PASSES: u32 = 40_000;
        let (mut random, mut order) = (Random::of_thread(), [0, 1, 2, 3]);
        let mut counts = [[0; 4]; 4];
        for _ in 0..PASSES {
            let mut drawn = pass(&mut order, Some(&mut random));
            for (at, index) in drawn.into_iter().enumerate() {
                *counts.get_mut(index).unwrap().get_mut(at).unwrap() += 1;
            }
            drawn.sort_unstable();
            assert_eq!(drawn, [0, 1, 2, 3]);
        }
        for count in counts.concat() {
            assert!(u32::abs_diff(count, PASSES / 4) < PASSES / 50, "{counts:?}");
        }
    }
}
