//! The signal mask, processors and floating-point state that a pool thread has at present.
//!
//! ```text
//!   the thread has            job of runtime R, class      before the call      after the call
//!   UNKNOWN, or R' != R       Resolve, File                apply R              R
//!   UNKNOWN, or R' != R       User                         apply R, R's mask    all signals blocked; UNKNOWN
//!   R                         Resolve, File                nothing              R
//!   R                         User                         R's mask             all signals blocked; UNKNOWN
//! ```
//!
//! The program's function may change the processors and the floating-point environment of its thread. So its state is
//! UNKNOWN afterwards.

use super::job::Class;
use crate::rt::model::Inherited;
use crate::rt::os;

/// The number of the state that the thread has applied; 0: UNKNOWN.
pub(crate) struct AppliedState(u64);

impl AppliedState {
    /// The state of a new thread. All its signals are blocked.
    pub(crate) const UNKNOWN: AppliedState = AppliedState(0);

    /// Calls `call`, for a job of `class`, in `state`. None: in the state that the thread has.
    pub(crate) fn run_in(&mut self, state: Option<&Inherited>, class: Class, call: impl FnOnce()) {
        let Some(state) = state else { return call() };
        if self.0 != state.id() {
            state.apply();
            self.0 = state.id();
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
