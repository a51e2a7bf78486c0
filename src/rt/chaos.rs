//! Chaos, for tests: with ACORT_CHAOS=<number> in the environment the order in which tasks run, how many
//! run before the worker looks for others, and how much is read and written at once come from that seed.
//! A program that is right is right then, too.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::fd_ref::FdRef;
use super::kinds::{self, PIPE, SOCKET};
use super::os;
use super::random::Random;
use super::worker::Worker;
use crate::environment;

/// Some worker of the process is under chaos.
#[unsafe(link_section = "aco_shared")]
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Workers that the process has made.
#[unsafe(link_section = "aco_shared")]
static WORKERS: AtomicU64 = AtomicU64::new(0);

/// Seeds the random numbers of a new worker: from ACORT_CHAOS, which repeats a run, or from the time.
pub(crate) fn seed(worker: &mut Worker) {
    let seed = wanted();
    worker.chaos = seed.is_some();
    if worker.chaos {
        IS_ON.store(true, Ordering::Relaxed);
    }
    let stream = WORKERS.fetch_add(1, Ordering::Relaxed);
    worker.random = Random::new(seed.unwrap_or_else(|| os::now() as u64), stream);
}

/// The number that ACORT_CHAOS says. None: it says none, or 0.
fn wanted() -> Option<u64> {
    let seed = environment::read_u64(c"ACORT_CHAOS");
    (seed != 0).then_some(seed)
}

/// Puts some of the tasks that are ready behind the others.
///
/// # Safety
/// `worker` is this thread's.
pub(crate) unsafe fn mix(worker: *mut Worker) {
    const MOST: usize = 8;
    // SAFETY: the caller's promise; who was in the list is in none.
    unsafe {
        for _ in 0..(*worker).random.below(MOST) {
            let task = (*worker).ready.pop();
            if task.is_null() {
                break;
            }
            (*worker).ready.push(task);
        }
    }
}

/// How many of `size` bytes are to be read from `file`, or written to it.
#[inline(always)]
pub(crate) fn shortened(file: &FdRef, size: usize) -> usize {
    if IS_ON.load(Ordering::Relaxed) { shortened_at_random(file, size) } else { size }
}

#[cold]
#[inline(never)]
fn shortened_at_random(file: &FdRef, size: usize) -> usize {
    let worker = Worker::here();
    // SAFETY: the thread's worker.
    unsafe {
        if size < 2 || worker.is_null() || !(*worker).chaos || !is_stream(file) {
            return size;
        }
        let random = &mut (*worker).random;
        if random.below(2) == 0 { size } else { 1 + random.below(size) }
    }
}

/// May a part of what is asked for come from it, or go there?
fn is_stream(file: &FdRef) -> bool {
    let kind = kinds::kind(file).unwrap_or(0);
    if kind & SOCKET == 0 {
        return kind & PIPE != 0;
    }
    os::socket_option(file.fd(), libc::SO_TYPE) == Ok(libc::SOCK_STREAM)
}
