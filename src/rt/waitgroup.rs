//! Waitgroups: a count of what is to be done, and waiting for its end.

use core::ptr;

use super::Outcome;
use super::lock::Lock;
use super::parker::Hearing;
use super::queue::Queue;
use super::wait::{self, Begun, Wait};
use super::wake::wake_all;
use super::why::Why;

/// What stands in an `acort_waitgroup_t`.
#[repr(C)]
pub(crate) struct WaitGroup {
    lock: Lock,
    count: u32,
    queue: Queue,
}

/// So much more is to be done, or less. At 0 who waits goes on. EINVAL: fewer than none; EOVERFLOW.
///
/// # Safety
/// It is there while somebody uses it.
pub(crate) unsafe fn add(group: *mut WaitGroup, more: i32) -> Outcome<()> {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*group).lock.hold();
        let error = if more < 0 { libc::EINVAL } else { libc::EOVERFLOW };
        (*group).count = (*group).count.checked_add_signed(more).ok_or(error)?;
        let is_done = (*group).count == 0;
        let list = if is_done { (*group).queue.claim_all() } else { ptr::null_mut() };
        drop(held);
        wake_all(list, None);
    }
    Ok(())
}

/// Waits until nothing is to be done.
///
/// # Safety
/// As [`add`].
#[inline(always)]
pub(crate) unsafe fn wait(group: *mut WaitGroup, deadline: i64) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { wait::end_in_queue(begin(group, deadline)) }
}

#[inline(never)]
unsafe fn begin(group: *mut WaitGroup, deadline: i64) -> Begun {
    // SAFETY: the caller's promise.
    unsafe {
        let lock = &raw const (*group).lock;
        (*lock).take();
        if (*group).count == 0 {
            (*lock).give();
            return Begun::Over(Ok(()));
        }
        let hearing = Hearing::Cancellation;
        let wait = Wait { why: Why::WaitGroup, about: group as usize, hearing, deadline };
        wait::begin_in_queue(lock, &raw mut (*group).queue, ptr::null_mut(), wait)
    }
}
