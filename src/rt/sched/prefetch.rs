//! Fetches into the cache what the resumes of many ready tasks read.
//!
//! A resume reads a chain: the task, its coroutine, and the frames at the coroutine's stack pointer. With thousands of
//! tasks each link misses the cache, and the processor cannot look past a switch. Here the misses of [`AHEAD`] tasks
//! overlap.
//!
//! ```text
//!   run queue   | 0 .. AHEAD                    | AHEAD .. 2 * AHEAD |
//!               | frames or image, stack's owner| coroutine          |   fetched before task 0 runs
//! ```
//!
//! * PF1. The worker reads its own run queue. A task there has no coroutine (NEW), or one that exists (Q6 of
//!   `run_loop`), so both can be read. Other addresses are only fetched, which has no effect that a program can see.

use core::mem::offset_of;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::arch;
use crate::rt::base::List;
use crate::rt::model::Task;

/// So many tasks are fetched at a time. A processor has about as many misses in flight.
pub(super) const AHEAD: u32 = 8;

/// Bytes of a coroutine's frames or image that a resume reads at once: those of the library and of the caller.
const FRAMES: usize = 256;

/// Fetches what the resumes of the first tasks of the queue read.
#[inline(never)]
pub(super) fn prefetch(queue: &List<Task>) {
    queue.for_first(2 * AHEAD, |task| {
        // SAFETY: PF1.
        let co = unsafe { (*task).co };
        arch::prefetch(task.addr() + size_of::<Task>() / 2);
        fetch(co.addr(), size_of::<aco_t>());
    });
    queue.for_first(AHEAD, |task| {
        // SAFETY: PF1.
        unsafe {
            let co = (*task).co;
            if !co.is_null() {
                let image = (*co).save_stack.ptr.addr();
                fetch(if image == 0 { aco_t::stack_pointer(co) } else { image }, FRAMES);
                arch::prefetch((*co).share_stack.addr() + offset_of!(aco_share_stack_t, owner));
            }
        }
    });
}

/// Fetches the lines of `size` bytes from `address` on.
#[inline(always)]
fn fetch(address: usize, size: usize) {
    (address..address + size).step_by(64).for_each(arch::prefetch);
}
