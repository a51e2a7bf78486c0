//! Chaos mode, for tests: the order of tasks comes from a seed.
//!
//! Chaos, for tests: with ACORT_CHAOS=<number> in the environment the order in which tasks run, how many
//! run before the worker looks for others, and how much is read and written at once come from that seed.
//! A program that is right is right then, too.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::worker::Worker;
use crate::environment;
use crate::rt::base::random::Random;
use crate::rt::os;

/// Some worker of the process is under chaos.
#[unsafe(link_section = "aco_shared")]
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Workers that the process has made.
#[unsafe(link_section = "aco_shared")]
static WORKERS: AtomicU64 = AtomicU64::new(0);

/// Seeds the random numbers of a new worker: from ACORT_CHAOS, which repeats a run, or from the time.
pub(crate) fn seed(worker: &mut Worker) {
    let seed = seed_from_environment();
    worker.chaos = seed.is_some();
    if worker.chaos {
        IS_ON.store(true, Ordering::Relaxed);
    }
    let stream = WORKERS.fetch_add(1, Ordering::Relaxed);
    worker.random = Random::new(seed.unwrap_or_else(|| os::now() as u64), stream);
}

/// The number that ACORT_CHAOS says. None: it says none, or 0.
fn seed_from_environment() -> Option<u64> {
    let seed = environment::read_u64(c"ACORT_CHAOS");
    (seed != 0).then_some(seed)
}

/// Puts some of the tasks that are ready behind the others.
///
/// # Safety
/// `worker` is this thread's.
pub(crate) unsafe fn shuffle(worker: *mut Worker) {
    const MAX: usize = 8;
    // SAFETY: the caller's promise; who was in the list is in none.
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

/// Returns true if some worker of the process is under chaos.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}
