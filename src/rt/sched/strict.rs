//! ACORT_STRICT=1: warnings about tasks, deadlines and starts that are probably mistakes.
//!
//! * Tasks that nothing has joined or detached: counted when the main task's group is freed.
//! * A wait whose deadline passed more than an hour before: once in a process. The program has passed a duration for
//!   a time.
//! * A spawn outside of tasks: once in a process.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::rt::base::WaitReason;
use crate::rt::model::task::MAIN;
use crate::rt::model::{Group, Task};
use crate::{diag, environment};

/// A deadline that is further in the past was in the past when the wait began: no worker is so late.
pub(crate) const LONG_PAST_NS: i64 = 3_600_000_000_000;

fn is_on() -> bool {
    environment::read_u64(c"ACORT_STRICT") != 0
}

/// Counts the tasks of a main task's group that nothing has joined or detached.
///
/// # Safety
/// The group exists, and no task of it lives.
pub(crate) unsafe fn warn_unjoined(group: *mut Group) {
    if !is_on() {
        return;
    }
    let mut count = 0_usize;
    // SAFETY: the group exists, and with it the tasks in its list.
    unsafe { (*group).for_each(&mut |task| count += usize::from(!(*task).has_flag(MAIN))) };
    if count != 0 {
        diag::print(format_args!(
            "acort: strict: nothing has joined {count} of the tasks (acort_join() or acort_detach() each of them)"
        ));
    }
}

/// Reports a wait whose deadline was `late` nanoseconds ago.
///
/// # Safety
/// The caller has claimed the task's wait.
#[cold]
#[inline(never)]
pub(crate) unsafe fn warn_long_past(task: *mut Task, late: i64) {
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !is_on() || WARNED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: a claimed task exists until it is woken (P3 of `parker`).
    let (id, reason) =
        unsafe { ((*task).id(), WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed))) };
    let what = reason.text().to_str().unwrap_or_default();
    let hours = late / LONG_PAST_NS;
    diag::print(format_args!(
        "acort: strict: task {id} waits for {what} with a deadline of {hours} hours ago (a deadline is a time: \
         acort_after(nanoseconds))"
    ));
}

/// Reports a spawn outside of tasks.
#[cold]
#[inline(never)]
pub(crate) fn warn_no_task() {
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    if is_on() && !WARNED.swap(true, Ordering::Relaxed) {
        diag::print(format_args!(
            "acort: strict: acort_go() outside of a task (acort_run() and acort_enter() run the first task)"
        ));
    }
}
