//! Is there a reason to look twice at a coroutine that is made or destroyed? In most programs there is
//! none, and they pay one load for knowing it.

use core::sync::atomic::{AtomicUsize, Ordering};

/// How many reasons the process has: records (`record`), and threads with hooks (`hooks`).
#[unsafe(link_section = "aco_shared")]
static USERS: AtomicUsize = AtomicUsize::new(0);

/// Is there one? Of what this thread has asked for, and of the coroutines it was given, it knows.
#[inline(always)]
pub(crate) fn is_needed() -> bool {
    USERS.load(Ordering::Relaxed) != 0
}

/// There is one more.
pub(crate) fn add_user() {
    USERS.fetch_add(1, Ordering::Relaxed);
}

/// There is one less.
pub(crate) fn remove_user() {
    USERS.fetch_sub(1, Ordering::Relaxed);
}
