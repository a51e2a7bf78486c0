//! The state that a thread of the pool has applied to itself (3 and 4 of `inherited`).

use super::job::Class;
use crate::rt::model::inherited::Inherited;
use crate::rt::os;

/// The state that a thread of the pool has applied to itself: its number; 0: what the thread has is unknown.
pub(crate) struct AppliedState(u64);

impl AppliedState {
    /// Of a thread that has just started: all signals are blocked.
    pub(crate) const UNKNOWN: AppliedState = AppliedState(0);

    /// Calls `budget` for a job of `class`, in this state (3, 4).
    pub(crate) fn within(&mut self, state: Option<&Inherited>, class: Class, call: impl FnOnce()) {
        // Only tasks ask.
        let Some(state) = state else { return call() };
        if self.0 != state.number() {
            state.apply();
            self.0 = state.number();
        }
        if class == Class::User {
            os::set_signal_mask(state.signals());
            call();
            os::block_signals();
            self.0 = 0;
        } else {
            call();
        }
    }
}
