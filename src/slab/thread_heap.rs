//! The heap that a thread owns until it exits.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering;

use super::heap::{HEAPS, Heap, map_heaps, release_heap, set_of, try_acquire};
use super::words;
use crate::thread_exit::{self, Resource};
use crate::tls;

/// Returns a heap that this thread owns: its own, an unowned one, or a new one. Also returns whether the thread owns it
/// until it exits; if not, the caller releases it. None: the system has no memory.
pub(super) fn acquire_heap() -> Option<(*mut Heap, bool)> {
    let state = tls::thread_state();
    // SAFETY: the state is this thread's; heaps are never freed (H4).
    unsafe {
        if !(*state).heap.is_null() {
            return Some(((*state).heap.cast(), true));
        }
        let mut heap = HEAPS.load(Ordering::Acquire);
        loop {
            if heap.is_null() {
                heap = map_heaps();
                if heap.is_null() {
                    return None;
                }
            }
            if try_acquire(heap) {
                break;
            }
            heap = (*heap).next;
        }
        // The last owner may have ended during an iteration.
        (*set_of(heap)).iterators = 0;
        let is_permanent = thread_exit::on_exit(Resource::Heap, on_thread_exit);
        if is_permanent {
            (*state).heap = heap.cast();
            words::publish(&(*heap).words);
        }
        Some((heap, is_permanent))
    }
}

/// Releases the heap of a thread that exits.
unsafe extern "C" fn on_thread_exit(_: *mut c_void) {
    thread_exit::mark_exiting();
    let state = tls::thread_state();
    // SAFETY: the state is this thread's, and the heap in it has this thread as its owner.
    unsafe {
        let heap: *mut Heap = (*state).heap.cast();
        (*state).heap = ptr::null_mut();
        if !heap.is_null() {
            words::withdraw(&(*heap).words);
            release_heap(heap);
        }
    }
}

/// Publishes the words of this thread for other threads, if there is memory for a heap.
pub(crate) fn publish_thread() {
    // SAFETY: `acquire_heap` made this thread the owner of the heap (H1).
    unsafe {
        match acquire_heap() {
            Some((heap, false)) => release_heap(heap),
            // There was no memory for the fork mark, or another thread of a child of fork(2) withdrew the words (K2).
            Some((heap, true)) if (*heap).words.load(Ordering::Relaxed).is_null() => {
                words::publish(&(*heap).words);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::alloc;
    use super::super::class::Class;
    use super::super::words::any_other_thread;
    use crate::tls;
    use core::ptr::without_provenance_mut;
    use std::sync::Barrier;

    const CLASS: Class = Class::Area1024;

    #[test]
    fn blocks_of_an_ended_thread_are_freed_by_another() {
        let allocate = || -> Vec<usize> {
            let next = || alloc::allocate(CLASS, 1024).unwrap().as_ptr().expose_provenance();
            (0..500).map(|_| next()).collect()
        };
        // A thread of another test may take over the heap in between. Then the slabs stay.
        let are_unmapped = |_: &i32| {
            let blocks = std::thread::spawn(allocate).join().unwrap();
            for &block in &blocks {
                let block = core::ptr::with_exposed_provenance_mut(block);
                assert!(alloc::contains(block));
                // SAFETY: allocated above, of this size, and not used afterwards.
                unsafe { alloc::free(block, 1024) };
            }
            let is_mapped = |&&block: &&usize| alloc::contains(without_provenance_mut(block));
            blocks.iter().filter(is_mapped).count() < 500
        };
        let count = (0..20).filter(are_unmapped).count();
        assert!(count > 0, "the slabs of an unowned heap are unmapped");
    }

    #[test]
    fn what_a_thread_runs_is_seen_until_it_ends() {
        let is_seen = || any_other_thread(true, |current, _| current.addr() == 0x5150).unwrap();
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                tls::set_current(without_provenance_mut(0x5150));
                super::publish_thread();
                barrier.wait();
                assert!(!is_seen(), "its own words are not another thread's");
                barrier.wait();
            });
            barrier.wait();
            assert!(is_seen());
            barrier.wait();
            thread.join().unwrap();
        });
        assert!(!is_seen());
    }
}
