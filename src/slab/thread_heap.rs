//! The heap of this thread: acquired at its first allocation, released at its exit.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering;

use super::heap::{HEAPS, Heap, map_heaps, release_heap, set_of, try_acquire};
use super::words;
use crate::thread_exit::{self, Resource};
use crate::tls;

/// Returns the heap of this thread, an unowned heap, or a new one, and whether the thread keeps it: if not, the caller
/// releases it. Returns None if the system has no memory.
pub(super) fn acquire_heap() -> Option<(*mut Heap, bool)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state; heaps are never freed (H4).
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
        // A thread may have exited during an iteration.
        (*set_of(heap)).iterators = 0;
        let is_permanent = thread_exit::on_exit(Resource::Heap, on_thread_exit);
        if is_permanent {
            (*state).heap = heap.cast();
            words::publish(&(*heap).words);
        }
        Some((heap, is_permanent))
    }
}

/// Runs when the thread exits.
unsafe extern "C" fn on_thread_exit(_: *mut c_void) {
    thread_exit::mark_exiting();
    let state = tls::thread_state();
    // SAFETY: the thread's own state and heap.
    unsafe {
        let heap: *mut Heap = (*state).heap.cast();
        (*state).heap = ptr::null_mut();
        if !heap.is_null() {
            words::withdraw(&(*heap).words);
            release_heap(heap);
        }
    }
}

/// Gives this thread a heap, if there is memory, so that other threads see its current coroutine.
pub(crate) fn publish_thread() {
    // SAFETY: the thread's own state; this thread owns the heap (H1).
    unsafe {
        match acquire_heap() {
            Some((heap, false)) => release_heap(heap),
            // A child of fork(2): its thread's words were withdrawn (K2).
            Some((heap, true)) if (*heap).words.load(Ordering::Relaxed).is_null() => {
                words::publish(&(*heap).words);
            }
            _ => {}
        }
    }
}
