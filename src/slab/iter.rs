//! An iterator over the coroutine blocks in the slabs of this thread.

use core::ffi::c_void;
use core::ptr;

use super::class::Class;
use super::slab_lists::{Slab, SlabSet};
use super::slab_set::reclaim_empty;
use crate::abi::aco_t;
use crate::tls;

/// The blocks for coroutines that this thread's heap has ever allocated, in use or free: the state word tells which.
///
/// Coroutines may be created and destroyed during the iteration. No slab is unmapped before the iterator is dropped
/// (`heap`, H5). Blocks of slabs that are mapped meanwhile are not visited.
pub(crate) struct CoroutineBlocks {
    set: *mut SlabSet,
    /// The next slab.
    next_slab: *mut Slab,
    /// The next block of the current slab, the end of its blocks, and their distance.
    block: *mut c_void,
    end: *mut c_void,
    stride: usize,
}

impl CoroutineBlocks {
    pub(crate) fn new() -> CoroutineBlocks {
        // SAFETY: this thread owns the heap in its state (H1).
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
            // SAFETY: a slab of this thread's heap; no slab is unmapped during an iteration (H5).
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
        // SAFETY: this thread owns the heap, as in `new`.
        unsafe {
            (*self.set).iterators = (*self.set).iterators.saturating_sub(1);
            if (*self.set).iterators == 0 {
                reclaim_empty(self.set);
            }
        }
    }
}
