//! The flag for the slow path of creating and destroying a coroutine: a counter, mostly 0.
//!
//! It is zero in most programs, so the check costs one load.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The number of users in the process: records (`record`), and threads with hooks (`hooks`).
#[unsafe(link_section = "aco_shared")]
static USERS: AtomicUsize = AtomicUsize::new(0);

/// Returns true if there is a user. Exact for users that this thread added, and for coroutines handed to it: the load
/// is relaxed.
#[inline(always)]
pub(crate) fn is_needed() -> bool {
    USERS.load(Ordering::Relaxed) != 0
}

/// Adds a user.
pub(crate) fn add_user() {
    USERS.fetch_add(1, Ordering::Relaxed);
}

/// Removes a user.
pub(crate) fn remove_user() {
    USERS.fetch_sub(1, Ordering::Relaxed);
}
