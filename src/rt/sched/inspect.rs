//! What the program can ask about its runtime: its tasks, its counters, the stack use of a task.

use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;

use crate::rt::model::abi::acort_stats_t;
use crate::rt::model::task::{ABANDONED, FINISHED, NEW, STACK_PAINTED, STARTED};
use crate::rt::model::{Runtime, Task, Worker, task};
use crate::rt::os::{self, Result};
use crate::{coroutine, sys};

/// The runtime of this thread's worker. Errors: `EPERM` if the thread is no worker.
pub(crate) fn current_runtime() -> Result<*mut Runtime> {
    // SAFETY: the thread's worker exists, or is NULL.
    unsafe { Worker::current().as_ref() }.map(|worker| worker.runtime).ok_or(libc::EPERM)
}

/// Calls `visit` with `data` and each task that has not ended, until `visit` returns a value other than 0. Returns that
/// value, or 0. No lock is held during a call: the tasks are those that existed at the beginning. Errors: `ENOMEM`.
///
/// # Safety
/// `visit` can be called with `data`.
pub(crate) unsafe fn for_each(
    runtime: &Runtime,
    visit: unsafe extern "C" fn(*mut c_void, *mut Task) -> c_int,
    data: *mut c_void,
) -> Result<c_int> {
    let (mut count, mut filled) = (0, 0);
    runtime.for_each_task(&mut |_| count += 1);
    let found = os::allocate_array::<(*mut Task, u64)>(count).ok_or(libc::ENOMEM)?.as_ptr();
    let mut answer = 0;
    // SAFETY: `found` has `count` slots. A task in a group exists, and its block is never returned to the system
    // (T1). The id tells whether the block is still that task's.
    unsafe {
        runtime.for_each_task(&mut |task| {
            if filled < count {
                found.add(filled).write((task, (*task).id()));
                filled += 1;
            }
        });
        for index in 0..filled {
            let (task, id) = found.add(index).read();
            let is_alive =
                task::check(task).is_ok() && (*task).id() == id && !(*task).has_finished();
            if answer == 0 && is_alive {
                answer = visit(data, task);
            }
        }
        sys::free(found.cast());
    }
    Ok(answer)
}

/// The sums of the workers' counters.
pub(crate) fn stats(runtime: &Runtime) -> acort_stats_t {
    acort_stats_t {
        workers: runtime.options.workers.into(),
        live: runtime.live_tasks(),
        started: runtime.sum(|counters| &counters.started),
        ended: runtime.sum(|counters| &counters.ended),
        switches: runtime.sum(|counters| &counters.switches),
        polls: runtime.sum(|counters| &counters.polls),
        sleeps: runtime.sum(|counters| &counters.sleeps),
        events: runtime.sum(|counters| &counters.events),
        expired: runtime.sum(|counters| &counters.expired),
        received: runtime.sum(|counters| &counters.received),
        forced: runtime.sum(|counters| &counters.forced),
    }
}

/// The high-water mark of a task's stack, in bytes; 0: unknown. Errors: `EBUSY` if the task is STARTED on another
/// worker, which may recycle its stack; `ESRCH` for a freed task.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn stack_used(task: *mut Task) -> Result<isize> {
    // SAFETY: the task exists. If it is of this thread's worker, it neither starts nor ends meanwhile.
    let bytes = unsafe {
        match (*task).state.load(Ordering::Acquire) {
            STARTED if (*task).parker.worker() != Worker::current() => return Err(libc::EBUSY),
            STARTED if !(*task).co.is_null() => coroutine::stack_used((*task).co),
            // STARTED without a coroutine: this is the hook that sees the task's end.
            STARTED | FINISHED
                if (*task).has_flag(STACK_PAINTED) && !(*task).has_flag(ABANDONED) =>
            {
                (*task).wait_target.load(Ordering::Relaxed)
            }
            NEW.. => 0,
            _ => return Err(libc::ESRCH),
        }
    };
    Ok(bytes as isize)
}
