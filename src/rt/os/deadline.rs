//! Deadlines: the time of the monotonic clock until which a call waits.

use super::clock::now;

/// A deadline in nanoseconds, as the C functions take it. 0: the call does not wait. Negative: it waits without a
/// limit. `ACORT_NEVER` is the only valid negative value.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct Deadline(i64);

impl Deadline {
    /// The call waits without a limit.
    pub(crate) const NEVER: Deadline = Deadline(-1);
    /// The call does not wait.
    pub(crate) const NOW: Deadline = Deadline(0);

    /// The deadline of a C function's argument, or of a time.
    #[inline(always)]
    pub(crate) const fn at(nanoseconds: i64) -> Deadline {
        Deadline(nanoseconds)
    }

    /// Returns true unless the value is negative and not `ACORT_NEVER`.
    #[inline(always)]
    pub(crate) fn is_valid(self) -> bool {
        self.0 >= Deadline::NEVER.0
    }

    /// Returns the value that a C function takes or returns.
    #[inline(always)]
    pub(crate) const fn as_i64(self) -> i64 {
        self.0
    }

    /// Returns true if the call does not wait.
    #[inline(always)]
    pub(crate) fn is_now(self) -> bool {
        self.0 == 0
    }

    /// The time, unless the deadline is `NEVER`.
    #[inline(always)]
    pub(crate) fn time(self) -> Option<i64> {
        (self.0 >= 0).then_some(self.0)
    }

    /// Returns true if the time has come. `NOW` has always passed, `NEVER` never.
    #[inline(always)]
    pub(crate) fn has_passed(self) -> bool {
        self.is_now() || self.0 > 0 && now() >= self.0
    }

    /// The earlier deadline of two.
    pub(crate) fn min(self, other: Deadline) -> Deadline {
        match (self.time(), other.time()) {
            (None, _) => other,
            (_, None) => self,
            (Some(one), Some(other)) => Deadline(one.min(other)),
        }
    }

    /// The nanoseconds until the deadline; 0 if it has passed. None: no limit. `NOW` reads no clock.
    pub(crate) fn remaining(self) -> Option<i64> {
        match self.time()? {
            0 => Some(0),
            time => Some(time.saturating_sub(now()).max(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_after_all_others() {
        let (early, late) = (Deadline::at(5), Deadline::at(7));
        for (one, other, least) in [
            (early, late, early),
            (late, early, early),
            (Deadline::NEVER, late, late),
            (late, Deadline::NEVER, late),
            (Deadline::NOW, early, Deadline::NOW),
        ] {
            assert!(one.min(other) == least);
        }
        assert!(Deadline::NEVER.min(Deadline::NEVER) == Deadline::NEVER);
    }

    #[test]
    fn now_has_passed_and_never_has_not() {
        assert!(Deadline::NOW.has_passed() && !Deadline::NEVER.has_passed());
        assert!(Deadline::at(1).has_passed() && !Deadline::at(i64::MAX).has_passed());
        assert_eq!((Deadline::NEVER.remaining(), Deadline::NOW.remaining()), (None, Some(0)));
        assert!(Deadline::NEVER.is_valid() && !Deadline::at(-2).is_valid());
    }
}
