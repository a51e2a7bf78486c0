//! Two priorities: which task runs next on a worker that has had low tasks (ACORT_LOW).
//!
//! ```text
//!   run queue ── sort ──> normal ──┬── next
//!                    └──> low ─────┘
//! ```
//!
//! * PR1. A worker does so from its first low task on ([`divert`]); in chaos mode never. Before that it has no low task
//!   but new ones in its run queue, and the two other queues are empty.
//! * PR2. All that makes a task ready pushes it to the run queue. `sort` moves it from there once, before `next`
//!   chooses.
//! * PR3. `next` takes a low task if no normal one is ready, or if [`MAX_IN_A_ROW`] normal ones were taken since a low
//!   one was, or became, ready. Within a priority it is first in, first out.

use crate::rt::model::{Task, Worker};

/// The most normal tasks that run one after another while a low one is ready.
const MAX_IN_A_ROW: u32 = 15;

/// Puts a new low task aside, and ends the turn: the worker chooses by priority in its next ones. Returns false if it
/// does so already, or is in chaos mode: the task begins.
///
/// # Safety
/// `worker` is this thread's. The task is NEW, and in no list.
#[cold]
#[inline(never)]
pub(super) unsafe fn divert(worker: *mut Worker, task: *mut Task) -> bool {
    // SAFETY: the task is in no list.
    unsafe {
        if (*worker).chaos || (*worker).priorities.in_turn {
            return false;
        }
        (*worker).has_own_order = true;
        (*worker).turn_left = 0;
        (*worker).priorities.low.push(task);
    }
    true
}

/// Moves the tasks of the run queue to the queues of their priorities (PR2).
///
/// # Safety
/// `worker` is this thread's, and chooses by priority.
unsafe fn sort(worker: *mut Worker) {
    // SAFETY: a popped task is in no list.
    unsafe {
        while let Some(task) = (*worker).run_queue.pop().as_mut() {
            let queues = &mut (*worker).priorities;
            let queue = if task.is_low() { &mut queues.low } else { &mut queues.normal };
            queue.push(task);
        }
    }
}

/// Returns how many tasks are ready, or `max` if there are more.
///
/// # Safety
/// `worker` is this thread's, and chooses by priority.
pub(super) unsafe fn count(worker: *mut Worker, max: u32) -> u32 {
    // SAFETY: `worker` is this thread's.
    unsafe {
        sort(worker);
        let normal = (*worker).priorities.normal.count(max);
        normal + (*worker).priorities.low.count(max - normal)
    }
}

/// Takes the task that runs next (PR3). Null: none is ready.
///
/// # Safety
/// `worker` is this thread's, and chooses by priority.
pub(super) unsafe fn next(worker: *mut Worker) -> *mut Task {
    // SAFETY: `worker` is this thread's.
    unsafe {
        sort(worker);
        let queues = &mut (*worker).priorities;
        if queues.low.is_empty() {
            queues.in_a_row = 0;
            return queues.normal.pop();
        }
        if queues.in_a_row < MAX_IN_A_ROW && !queues.normal.is_empty() {
            queues.in_a_row += 1;
            return queues.normal.pop();
        }
        queues.in_a_row = 0;
        queues.low.pop()
    }
}

/// Puts a new task before the other tasks of its priority that are ready.
///
/// # Safety
/// `worker` is this thread's. The task is NEW, and in no list.
pub(super) unsafe fn push_front(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the task is in no list.
    unsafe {
        if (*worker).has_own_order && !(*worker).chaos && !(*task).is_low() {
            (*worker).priorities.normal.push_front(task);
        } else {
            (*worker).run_queue.push_front(task);
        }
    }
}
