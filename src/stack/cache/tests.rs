//! Tests of the cache of destroyed stacks.

use super::super::{create, destroy};
use super::*;
use crate::abi::aco_share_stack_t;

const SIZE: usize = 3 << 16;

fn destroy_all(stacks: &[*mut aco_share_stack_t]) {
    // SAFETY: created by the test, and destroyed once.
    stacks.iter().for_each(|&stack| unsafe { destroy("test", stack) });
}

fn create_many(count: usize, size: usize) -> Vec<*mut aco_share_stack_t> {
    (0..count).map(|_| create(size, true).ok().unwrap()).collect()
}

fn cached() -> (usize, usize) {
    // SAFETY: this thread's state.
    unsafe {
        ((*tls::thread_state()).cached_count.into(), (*tls::thread_state()).cached_bytes as usize)
    }
}

#[test]
fn the_stack_of_these_sizes_that_was_destroyed_last_is_next() {
    let stacks = create_many(3, SIZE);
    destroy_all(&stacks);
    assert_eq!(cached(), (3, 3 * SIZE));
    let other = create_many(1, 2 * SIZE);
    assert!(other.iter().all(|stack| !stacks.contains(stack)) && cached().0 == 3, "another size");
    let again = create_many(3, SIZE);
    assert!(again.iter().eq(stacks.iter().rev()) && cached() == (0, 0));
    destroy_all(&again);
    release_all();
    assert_eq!(cached(), (0, 0));
    destroy_all(&other);
    release_all();
}

#[test]
fn the_cache_is_bounded_and_gives_up() {
    let stacks = create_many(2 * usize::from(MAX_STACKS), 4096);
    destroy_all(&stacks);
    assert_eq!(cached(), (MAX_STACKS.into(), usize::from(MAX_STACKS) * 4096));
    let last = create_many(1, 4096);
    assert_eq!(last.first(), stacks.get(usize::from(MAX_STACKS) - 1), "one like the newest goes");
    destroy_all(&last);
    let large = create_many(3, MAX_BYTES as usize / 2);
    destroy_all(&large);
    assert_eq!(cached(), (2, MAX_BYTES as usize), "the oldest ones are released");
    let many = create_many(600, 4096);
    destroy_all(&many);
    assert_eq!(cached(), (0, 0), "the program does not want them");
    let stack = create_many(1, 4096);
    destroy_all(&stack);
    assert_eq!(cached().0, 1, "it does again");
    release_all();
}
