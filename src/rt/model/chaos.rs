//! Chaos mode, for tests: the environment variable ACORT_CHAOS is the seed of random decisions. They are the
//! order in which tasks run, how many run before the worker polls, and how much a call reads or writes at once. A
//! correct program is correct in chaos mode, too. A test run has its own seed (`test_run`).

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::worker::Worker;
use crate::environment;
use crate::rt::base::Random;
use crate::rt::os;

/// Set once a worker of the process is in chaos mode.
#[unsafe(link_section = "aco_shared")]
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Workers that the process has created.
#[unsafe(link_section = "aco_shared")]
static WORKERS: AtomicU64 = AtomicU64::new(0);

/// Seeds the generator of a new worker: from ACORT_CHAOS, so that a run can be repeated, or from the time.
pub(crate) fn seed(worker: &mut Worker) {
    let seed = seed_from_environment();
    worker.chaos = seed.is_some();
    worker.has_own_order = worker.chaos;
    if worker.chaos {
        IS_ON.store(true, Ordering::Relaxed);
    }
    let stream = WORKERS.fetch_add(1, Ordering::Relaxed);
    worker.random = Random::new(seed.unwrap_or_else(|| os::real_now() as u64), stream);
}

/// Seeds the generator of a worker with `seed` alone, so that each process has the same numbers. Chaos mode is on
/// unless `seed` is 0.
pub(crate) fn seed_with(worker: &mut Worker, seed: u64) {
    worker.chaos = seed != 0;
    worker.has_own_order = worker.chaos;
    if worker.chaos {
        IS_ON.store(true, Ordering::Relaxed);
    }
    worker.random = Random::new(seed, 0);
}

/// Returns the number in ACORT_CHAOS. None: there is none, or it is 0.
fn seed_from_environment() -> Option<u64> {
    let seed = environment::read_u64(c"ACORT_CHAOS");
    (seed != 0).then_some(seed)
}

/// Moves some tasks from the front of the run queue to its end.
///
/// # Safety
/// `worker` is this thread's worker.
pub(crate) unsafe fn shuffle(worker: *mut Worker) {
    const MAX: usize = 8;
    // SAFETY: this thread alone uses its run queue. A popped task is in no list.
    unsafe {
        for _ in 0..(*worker).random.below(MAX) {
            let task = (*worker).run_queue.pop();
            if task.is_null() {
                break;
            }
            (*worker).run_queue.push(task);
        }
    }
}

/// Returns true if a worker of the process is in chaos mode.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}
