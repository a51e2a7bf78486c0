//! Iteration over the coroutines in this thread's slabs.

use core::ffi::c_void;
use core::ptr;

use super::class::Class;
use super::region;
use super::slab_set::{Slab, SlabSet, reclaim_empty};
use crate::abi::aco_t;
use crate::tls;

/// An iterator over each place for a coroutine that this thread's heap has allocated: in use or not, as its state
/// word says. Coroutines may be created and destroyed meanwhile: no slab is unmapped before the iterator is dropped
/// (H5). Places of new slabs are not visited.
pub(crate) struct CoroutineBlocks {
    set: *mut SlabSet,
    /// The next slab; in the present slab the next place, and the end.
    next_slab: *mut Slab,
    block: *mut c_void,
    end: *mut c_void,
    stride: usize,
}

impl CoroutineBlocks {
    pub(crate) fn new() -> CoroutineBlocks {
        // SAFETY: the thread's own state, and the heap that it owns (H1).
        let (set, next_slab) = unsafe {
            let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
            if set.is_null() {
                (set, ptr::null_mut())
            } else {
                (*set).iterators += 1;
                (set, (*set).slabs)
            }
        };
        CoroutineBlocks { set, next_slab, block: ptr::null_mut(), end: ptr::null_mut(), stride: 0 }
    }

    /// Moves to the next slab of coroutines. Returns false if there is none.
    fn next_slab(&mut self) -> bool {
        while !self.next_slab.is_null() {
            let slab = self.next_slab;
            // SAFETY: a slab of this thread's heap is not unmapped during an iteration (H5).
            unsafe {
                self.next_slab = (*slab).next_slab;
                let class = (*slab).class;
                if (class == Class::Alone || class == Class::Sharing)
                    && (*slab).start < (*slab).bump
                {
                    (self.block, self.end) = ((*slab).start, (*slab).bump);
                    self.stride = class.stride();
                    return true;
                }
            }
        }
        false
    }
}

impl Iterator for CoroutineBlocks {
    type Item = *mut aco_t;

    fn next(&mut self) -> Option<*mut aco_t> {
        if self.block >= self.end && !self.next_slab() {
            return None;
        }
        let block = self.block;
        self.block = block.wrapping_byte_add(self.stride);
        Some(block.cast())
    }
}

impl Drop for CoroutineBlocks {
    fn drop(&mut self) {
        if self.set.is_null() {
            return;
        }
        // SAFETY: this thread owns the heap (H1).
        unsafe {
            (*self.set).iterators = (*self.set).iterators.saturating_sub(1);
            if (*self.set).iterators == 0 {
                reclaim_empty(self.set);
            }
        }
    }
}

/// Returns true if `block` is in a slab of this thread.
///
/// # Safety
/// `block` is in use, if it is in a slab.
pub(crate) unsafe fn is_own(block: *mut c_void) -> bool {
    // SAFETY: the slab of a place in use is not unmapped. The thread's own state.
    region::start_of(block).is_some_and(|slab| unsafe {
        let slab: *mut Slab = slab.cast().as_ptr();
        (*slab).set == (*tls::thread_state()).heap.cast()
    })
}
