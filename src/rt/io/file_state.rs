//! Which file a descriptor number stands for, and how many calls are inside: one word an entry.
//!
//! ```text
//!   generation: 32 bits │ CLOSING: 1 bit │ calls inside: 31 bits
//!
//!   step                                  word                      what follows
//!   ────────────────────────────────────  ────────────────────────  ─────────────────────────────────────────
//!   a call enters                         g, 0, n   → g, 0, n+1
//!                                         g, 1, n   → unchanged     EBADF: the file is closed
//!   a call leaves                         g, 0, n+1 → g, 0, n
//!                                         g, 1, n+1 → g, 1, n       n = 0: this call frees the number
//!   acort_close(), no call inside         g, 0, 0   → g+1, 0, 0     close(2)
//!   acort_close(), calls inside           g, 0, n   → g, 1, n+1     a dead file takes the number; it leaves
//!                                         g, 1, n   → unchanged     EBADF: the file is closed already
//!   a call closes its own, no other is    g, 0, 1   → g+1, 0, 0     close(2)
//!   the same, others are inside           g, 0, n   → g, 1, n       a dead file takes the number; it leaves
//!   the number stands for another file    g, c, n   → g+1, 0, n
//! ```
//!
//! Invariants:
//!
//! * G1. A call acts for the generation that it entered with. It is over for the call once the word has another one,
//!   or CLOSING: each answer of the system is judged after that look.
//! * G2. While CLOSING is set the number is open, and stands for the closed file or a dead one. The last call that
//!   leaves, and no other, gives the number back to the system.
//! * G3. The generation only changes under the entry's lock. The count changes without it.

use crate::rt::base::atomic::{AtomicU64, Ordering};
use crate::rt::base::lock::{compare_exchange_u64, tsan_acquire, tsan_release};

/// The file is closed; its number is not free yet.
const CLOSING: u64 = 1 << 31;
const INSIDE: u64 = CLOSING - 1;
const GENERATION: u32 = 32;

/// All zero: the first file, no call inside.
pub(crate) struct FileState(AtomicU64);

/// What [`FileState::begin_close`] finds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Closing {
    /// No other call is inside: the number is the caller's to close, which is outside from here on.
    Free,
    /// Other calls are inside, the caller is one of them from here on, and leaves.
    Busy,
    /// The file is closed already.
    Closed,
}

impl FileState {
    /// Replaces the word by what `next` makes of it. None: `next` refuses.
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

    /// A call enters: the generation that it acts for. None: the file is being closed, or too many calls are inside.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<u32> {
        let before = self.update(|word| {
            (word & CLOSING == 0 && word & INSIDE != INSIDE).then_some(word.wrapping_add(1))
        })?;
        Some((before >> GENERATION) as u32)
    }

    /// A call leaves. Returns true if the file is closed and the caller was the last call inside.
    #[inline(always)]
    pub(crate) fn leave(&self) -> bool {
        tsan_release(self);
        let before = self.update(|word| Some(word.wrapping_sub(1)));
        let is_last = before.is_some_and(|word| word & (CLOSING | INSIDE) == CLOSING | 1);
        if is_last {
            tsan_acquire(self);
        }
        is_last
    }

    /// Returns true while the number stands for the file of `generation`, which is not closed.
    #[inline(always)]
    pub(crate) fn is_current(&self, generation: u32) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word & CLOSING == 0 && (word >> GENERATION) as u32 == generation
    }

    /// How many calls are inside.
    pub(crate) fn inside(&self) -> u64 {
        self.0.load(Ordering::Acquire) & INSIDE
    }

    /// Returns true if a call is inside.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.load(Ordering::Acquire) & INSIDE != 0
    }

    /// The caller closes the file; `is_inside` says whether it has entered. The entry's lock is held.
    pub(crate) fn begin_close(&self, is_inside: bool) -> Closing {
        let own = u64::from(is_inside);
        let before = self.update(|word| match word & (CLOSING | INSIDE) {
            inside if inside & CLOSING != 0 || inside == INSIDE => None,
            inside if inside == own => Some(next_generation(word).wrapping_sub(own)),
            _ => Some((word | CLOSING).wrapping_add(1 - own)),
        });
        tsan_acquire(self);
        match before.map(|word| word & INSIDE) {
            None => Closing::Closed,
            Some(inside) if inside == own => Closing::Free,
            Some(_) => Closing::Busy,
        }
    }

    /// The number stands for another file from here on. The entry's lock is held.
    pub(crate) fn advance(&self) {
        self.update(|word| Some(next_generation(word)));
    }
}

/// The word of the next file: the calls inside stay.
fn next_generation(word: u64) -> u64 {
    let generation = ((word >> GENERATION) as u32).wrapping_add(1);
    u64::from(generation) << GENERATION | word & INSIDE
}

// Not where tests/loom has this file.
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
