//! Chaos, for tests: with ACORT_CHAOS=<number> in the environment the order in which tasks run, how many
//! run before the worker looks for others, and how much is read and written at once come from that seed.
//! A program that is right is right then, too.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::fd_ref::FdRef;
use super::kinds::{self, PIPE, SOCKET};
use super::os;
use super::worker::Worker;

/// Some worker of the process has a seed.
#[unsafe(link_section = "aco_shared")]
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Workers that have had one.
#[unsafe(link_section = "aco_shared")]
static WORKERS: AtomicU64 = AtomicU64::new(0);

/// The state of a new worker: not 0; or 0: no chaos.
pub(crate) fn state_of_worker() -> u64 {
    // SAFETY: a name that ends in 0; the value does, too, and stays as long as nobody changes it.
    let seed = unsafe {
        match libc::getenv(c"ACORT_CHAOS".as_ptr()).as_ref() {
            Some(text) => libc::strtoull(text, ptr::null_mut(), 10),
            None => 0,
        }
    };
    if seed == 0 {
        return 0;
    }
    IS_ON.store(true, Ordering::Relaxed);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    // Seeds next to each other give states that have nothing in common.
    let mixed = (seed ^ number << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29) | 1
}

/// A number below `limit`.
///
/// # Safety
/// `worker` is this thread's, and has a state.
pub(crate) unsafe fn below(worker: *mut Worker, limit: usize) -> usize {
    // xorshift64*
    // SAFETY: the caller's promise.
    let state = unsafe { &mut (*worker).chaos };
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    let random = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
    random as usize % limit.max(1)
}

/// Puts some of the tasks that are ready behind the others.
///
/// # Safety
/// As [`below`].
pub(crate) unsafe fn mix(worker: *mut Worker) {
    const MOST: usize = 8;
    // SAFETY: the caller's promise; who was in the list is in none.
    unsafe {
        for _ in 0..below(worker, MOST) {
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
        if size < 2 || worker.is_null() || (*worker).chaos == 0 || !is_stream(file) {
            return size;
        }
        if below(worker, 2) == 0 { size } else { 1 + below(worker, size) }
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
