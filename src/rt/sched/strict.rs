//! What is no error and rarely meant: said in one line each where ACORT_STRICT=1 is in the environment.
//!
//! * Tasks that nothing has joined are counted when their main task's group is freed.
//! * A wait with a deadline of more than an hour ago is told of once in a process: a duration was taken for a time.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::group::Group;
use crate::rt::model::task::{MAIN, Task};
use crate::{diag, environment};

/// Nanoseconds: no worker is so late.
pub(crate) const LONG_PAST_NS: i64 = 3_600_000_000_000;

fn is_on() -> bool {
    environment::number_of(c"ACORT_STRICT") != 0
}

/// The tasks of a main task's group have ended, and it is freed next.
///
/// # Safety
/// The group exists, and no task of it lives.
pub(crate) unsafe fn count_unjoined(group: *mut Group) {
    if !is_on() {
        return;
    }
    let mut count = 0_usize;
    // SAFETY: the group exists, and its tasks until it is freed.
    unsafe { (*group).for_each(&mut |task| count += usize::from(!(*task).has_flag(MAIN))) };
    if count != 0 {
        diag::print(format_args!(
            "acort: strict: nothing has joined {count} of the tasks (acort_join() or acort_detach() each of them)\n"
        ));
    }
}

/// The deadline of `task` was `late` nanoseconds ago when its wait began, as far as one can tell.
///
/// # Safety
/// The task waits, and was claimed.
#[cold]
#[inline(never)]
pub(crate) unsafe fn warn_long_past(task: *mut Task, late: i64) {
    #[unsafe(link_section = "aco_shared")]
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    if !is_on() || IS_SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the task was claimed: it stays until the caller wakes it.
    let (id, wait_reason) =
        unsafe { ((*task).id(), WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed))) };
    let what = wait_reason.text().to_str().unwrap_or_default();
    let hours = late / LONG_PAST_NS;
    diag::print(format_args!(
        "acort: strict: task {id} waits for {what} with a deadline of {hours} hours ago (a deadline is a time: \
         acort_after(nanoseconds))\n"
    ));
}
