//! A counter that enables the slow path of create and destroy.
//!
//! It is zero in most programs, so the check costs one load.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Users of the slow path in the process: records (`record`), and threads with hooks (`hooks`).
#[unsafe(link_section = "aco_shared")]
static USERS: AtomicUsize = AtomicUsize::new(0);

/// Returns true if the slow path has a user. A thread sees its own users, and those of coroutines that it was handed.
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
