//! The generation, the closing bit and the active calls of a descriptor number, in one word.
//!
//! ```text
//!   generation: 32 bits │ CLOSING: 1 bit │ active calls: 31 bits
//!
//!   step                                  word                      afterwards
//!   ────────────────────────────────────  ────────────────────────  ─────────────────────────────────────────────
//!   a call enters                         g, 0, n   → g, 0, n+1
//!                                         g, 1, n   → unchanged     EBADF: the file is closed
//!   a call leaves                         g, 0, n+1 → g, 0, n
//!                                         g, 1, n+1 → g, 1, n       n = 0: this call frees the number
//!   acort_close(), no active call         g, 0, 0   → g+1, 0, 0     close(2)
//!   acort_close(), active calls           g, 0, n   → g, 1, n+1     a placeholder gets the number; the closer leaves
//!                                         g, 1, n   → unchanged     EBADF: the file is closed already
//!   a call closes its own, it is alone    g, 0, 1   → g+1, 0, 0     close(2)
//!   the same, others are active           g, 0, n   → g, 1, n       a placeholder gets the number; the call leaves
//!   the number means another file         g, c, n   → g+1, 0, n
//! ```
//!
//! Invariants:
//!
//! * G1. A call acts for the generation that it entered with. Once the word has another one, or CLOSING, the call's
//!   file is closed. The call checks the word after each system call, before it uses the result.
//! * G2. While CLOSING is set the number is open, and means the closed file or a placeholder. The last call that leaves
//!   returns the number to the system; no other call does.
//! * G3. The generation and CLOSING change under the entry's lock only. The count changes without it.

use crate::rt::base::atomic::{AtomicU64, Ordering};
use crate::rt::base::{compare_exchange_u64, tsan_acquire, tsan_release};

/// The file is closed, and its number is not free yet.
const CLOSING: u64 = 1 << 31;
/// The bits that count the active calls.
const CALLS: u64 = CLOSING - 1;
/// The position of the generation.
const GENERATION: u32 = 32;

/// The word. All zero: the first file, without active calls.
pub(crate) struct FileState(AtomicU64);

/// The result of [`FileState::begin_close`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Closing {
    /// No other call is active: the caller, which has left now, closes the number.
    Free,
    /// Other calls are active. The caller is one of the active calls now, and leaves later.
    Busy,
    /// The file is closed already.
    Closed,
}

impl FileState {
    /// Replaces the word by what `next` makes of it, and returns the word before. None: `next` refuses.
    #[inline(always)]
    fn update(&self, next: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            match compare_exchange_u64(&self.0, seen, next(seen)?) {
                Ok(()) => return Some(seen),
                Err(now) => seen = now,
            }
        }
    }

    /// Counts a call, and returns the generation that it acts for. None: the file is being closed, or the count is
    /// full.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<u32> {
        let before = self.update(|word| {
            (word & CLOSING == 0 && word & CALLS != CALLS).then_some(word.wrapping_add(1))
        })?;
        Some((before >> GENERATION) as u32)
    }

    /// Discounts a call. Returns true if the file is closed and the call was the last active one.
    #[inline(always)]
    pub(crate) fn leave(&self) -> bool {
        tsan_release(self);
        let before = self.update(|word| Some(word.wrapping_sub(1)));
        let is_last = before.is_some_and(|word| word & (CLOSING | CALLS) == CLOSING | 1);
        if is_last {
            tsan_acquire(self);
        }
        is_last
    }

    /// Returns true while the number means the file of `generation`, and the file is not closed.
    #[inline(always)]
    pub(crate) fn is_current(&self, generation: u32) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word & CLOSING == 0 && (word >> GENERATION) as u32 == generation
    }

    /// The number of active calls.
    pub(crate) fn active_calls(&self) -> u64 {
        self.0.load(Ordering::Acquire) & CALLS
    }

    /// Returns true if a call is active.
    pub(crate) fn is_busy(&self) -> bool {
        self.active_calls() != 0
    }

    /// Starts to close the file. `is_inside`: the caller has entered. The entry's lock is held.
    pub(crate) fn begin_close(&self, is_inside: bool) -> Closing {
        let own = u64::from(is_inside);
        let before = self.update(|word| match word & (CLOSING | CALLS) {
            calls if calls & CLOSING != 0 || calls == CALLS => None,
            calls if calls == own => Some(next_generation(word).wrapping_sub(own)),
            _ => Some((word | CLOSING).wrapping_add(1 - own)),
        });
        tsan_acquire(self);
        match before.map(|word| word & CALLS) {
            None => Closing::Closed,
            Some(calls) if calls == own => Closing::Free,
            Some(_) => Closing::Busy,
        }
    }

    /// The number means another file from here on. The entry's lock is held.
    pub(crate) fn advance(&self) {
        self.update(|word| Some(next_generation(word)));
    }
}

/// The word for the number's next file: the active calls stay, CLOSING does not.
fn next_generation(word: u64) -> u64 {
    let generation = ((word >> GENERATION) as u32).wrapping_add(1);
    u64::from(generation) << GENERATION | word & CALLS
}

// The tests are compiled in the library, not in tests/loom.
#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::{Closing, FileState};
    use crate::rt::base::atomic::AtomicU64;

    fn state_with(calls: u32) -> FileState {
        let state = FileState(AtomicU64::new(0));
        for _ in 0..calls {
            assert_eq!(state.enter(), Some(0));
        }
        state
    }

    #[test]
    fn last_call_frees_the_number() {
        let state = state_with(2);
        assert_eq!(state.begin_close(false), Closing::Busy);
        assert_eq!((state.enter(), state.begin_close(false)), (None, Closing::Closed));
        assert!(!state.is_current(0));
        assert!(!state.leave() && !state.leave() && state.leave());
        state.advance();
        assert_eq!(state.enter(), Some(1));
    }

    #[test]
    fn no_call_inside() {
        let state = state_with(0);
        assert_eq!(state.begin_close(false), Closing::Free);
        assert_eq!(state.enter(), Some(1));
        assert!(!state.leave() && !state.is_busy());
    }

    #[test]
    fn a_call_closes_its_own_file() {
        let state = state_with(1);
        assert_eq!(state.begin_close(true), Closing::Free);
        assert!(!state.is_busy() && state.is_current(1));
        let state = state_with(2);
        assert_eq!(state.begin_close(true), Closing::Busy);
        assert!(!state.leave() && state.leave());
    }

    #[test]
    fn replaced_files_keep_their_calls() {
        let state = state_with(1);
        state.advance();
        assert!(state.is_current(1) && !state.is_current(0) && state.is_busy());
        assert!(!state.leave() && !state.is_busy());
    }
}
