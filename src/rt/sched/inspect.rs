//! Inspection of a runtime: its tasks, its counters, the stack use of a task.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU64, Ordering};

use crate::rt::model::abi::acort_stats_t;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::{self, ABANDONED, FINISHED, NEW, STACK_PAINTED, STARTED, Task};
use crate::rt::model::worker::{Counters, Worker};
use crate::rt::os::{self, Result};
use crate::{coroutine, sys};

/// The runtime of the caller's worker. EPERM: this thread is none.
pub(crate) fn current_runtime() -> Result<*mut Runtime> {
    // SAFETY: the thread's worker.
    unsafe { Worker::current().as_ref() }.map(|worker| worker.runtime).ok_or(libc::EPERM)
}

/// Calls `visit` with `data` and each task that has not ended, until it gives something else than 0,
/// which this gives. No lock is held: the tasks are those that were there at the beginning. ENOMEM.
///
/// # Safety
/// `visit` can be called.
pub(crate) unsafe fn for_each(
    runtime: &Runtime,
    visit: unsafe extern "C" fn(*mut c_void, *mut Task) -> c_int,
    data: *mut c_void,
) -> Result<c_int> {
    let (mut count, mut filled) = (0, 0);
    runtime.for_each_task(&mut |_| count += 1);
    let places = os::allocate_array::<(*mut Task, u64)>(count).ok_or(libc::ENOMEM)?.as_ptr();
    let mut answer = 0;
    // SAFETY: so many places were allocated; who is in a group exists, and the blocks of tasks stay for ever.
    unsafe {
        runtime.for_each_task(&mut |task| {
            if filled < count {
                places.add(filled).write((task, (*task).id()));
                filled += 1;
            }
        });
        for index in 0..filled {
            let (task, id) = places.add(index).read();
            let is_there =
                task::check(task).is_ok() && (*task).id() == id && !(*task).has_finished();
            if answer == 0 && is_there {
                answer = visit(data, task);
            }
        }
        sys::free(places.cast());
    }
    Ok(answer)
}

/// What the workers of `runtime` have counted.
pub(crate) fn stats(runtime: &Runtime) -> acort_stats_t {
    let sum = |which: fn(&Counters) -> &AtomicU64| {
        runtime.workers().map(|worker| which(&worker.counters).load(Ordering::Relaxed)).sum()
    };
    acort_stats_t {
        workers: runtime.options.workers.into(),
        live: runtime.live_tasks(),
        started: sum(|counts| &counts.started),
        ended: sum(|counts| &counts.ended),
        switches: sum(|counts| &counts.switches),
        polls: sum(|counts| &counts.polls),
        sleeps: sum(|counts| &counts.sleeps),
        events: sum(|counts| &counts.events),
        expired: sum(|counts| &counts.expired),
        received: sum(|counts| &counts.received),
        forced: sum(|counts| &counts.forced),
    }
}

/// The deepest use that is known, in bytes; 0: nothing is known. EBUSY: it has begun on another worker, which
/// may take its stack away.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn stack_used(task: *mut Task) -> Result<isize> {
    // SAFETY: the caller's promise; a task of this thread's worker neither begins nor ends meanwhile.
    let bytes = unsafe {
        match (*task).state.load(Ordering::Acquire) {
            STARTED if (*task).parker.worker() != Worker::current() => return Err(libc::EBUSY),
            STARTED if !(*task).co.is_null() => coroutine::stack_used((*task).co),
            // A hook is told of its end.
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
