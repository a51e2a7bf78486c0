//! The coroutines in this thread's slabs, one after the other.

use core::ffi::c_void;
use core::ptr;

use super::class::Class;
use super::slab_set::{Slab, SlabSet, reclaim_empty};
use crate::abi::aco_t;
use crate::tls;

/// A walk over every place for a coroutine that this thread's heap ever gave out: in use or not, which its
/// state word tells. Coroutines may be made and destroyed meanwhile, for no slab is given back before
/// the walk is dropped; places of new slabs are not visited.
pub(crate) struct CoroutineBlocks {
    set: *mut SlabSet,
    /// The slab to come, and in the present one the next place and the end.
    next_slab: *mut Slab,
    block: *mut c_void,
    end: *mut c_void,
    stride: usize,
}

impl CoroutineBlocks {
    pub(crate) fn new() -> CoroutineBlocks {
        // SAFETY: the thread's own state, and the heap that is held by it.
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

    /// Goes to the next slab of coroutines. False: there is none.
    fn next_slab(&mut self) -> bool {
        while !self.next_slab.is_null() {
            let slab = self.next_slab;
            // SAFETY: a slab of this thread's heap, which stays while there is a walk.
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
        // SAFETY: the heap is this thread's, as at the beginning.
        unsafe {
            (*self.set).iterators = (*self.set).iterators.saturating_sub(1);
            if (*self.set).iterators == 0 {
                reclaim_empty(self.set);
            }
        }
    }
}
