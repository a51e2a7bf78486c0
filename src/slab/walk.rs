//! The coroutines in this thread's slabs, one after the other.

use core::ffi::c_void;
use core::ptr;

use super::class::Class;
use super::places::{Slab, SlabSet, sweep};
use super::region;
use crate::abi::aco_t;
use crate::tls;

/// A walk over every place for a coroutine that this thread's heap ever gave out: in use or not, which its
/// state word tells. Coroutines may be made and destroyed meanwhile, for no slab is given back before
/// the walk is dropped; places of new slabs are not visited.
pub(crate) struct Walk {
    set: *mut SlabSet,
    /// The slab to come, and in the present one the next place and the end.
    following: *mut Slab,
    place: *mut c_void,
    end: *mut c_void,
    stride: usize,
}

impl Walk {
    pub(crate) fn begin() -> Walk {
        // SAFETY: the thread's own state, and the heap that is held by it.
        let (set, following) = unsafe {
            let set: *mut SlabSet = (*tls::thread_state()).heap.cast();
            if set.is_null() {
                (set, ptr::null_mut())
            } else {
                (*set).walks += 1;
                (set, (*set).slabs)
            }
        };
        Walk { set, following, place: ptr::null_mut(), end: ptr::null_mut(), stride: 0 }
    }

    /// Goes to the next slab of coroutines. False: there is none.
    fn next_slab(&mut self) -> bool {
        while !self.following.is_null() {
            let slab = self.following;
            // SAFETY: a slab of this thread's heap, which stays while there is a walk.
            unsafe {
                self.following = (*slab).following;
                let class = (*slab).class;
                if (class == Class::Alone || class == Class::Sharing)
                    && (*slab).first < (*slab).fresh
                {
                    (self.place, self.end) = ((*slab).first, (*slab).fresh);
                    self.stride = class.stride();
                    return true;
                }
            }
        }
        false
    }
}

impl Iterator for Walk {
    type Item = *mut aco_t;

    fn next(&mut self) -> Option<*mut aco_t> {
        if self.place >= self.end && !self.next_slab() {
            return None;
        }
        let place = self.place;
        self.place = place.wrapping_byte_add(self.stride);
        Some(place.cast())
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if self.set.is_null() {
            return;
        }
        // SAFETY: the heap is this thread's, as at the beginning.
        unsafe {
            (*self.set).walks = (*self.set).walks.saturating_sub(1);
            if (*self.set).walks == 0 {
                sweep(self.set);
            }
        }
    }
}

/// Does `place` lie in a slab of this thread's?
///
/// # Safety
/// It is in use, if it lies in a slab at all.
pub(crate) unsafe fn is_own(place: *mut c_void) -> bool {
    // SAFETY: the slab of a place that is in use stays. The thread's own state.
    region::of(place).is_some_and(|slab| unsafe {
        let slab: *mut Slab = slab.cast().as_ptr();
        (*slab).set == (*tls::thread_state()).heap.cast()
    })
}
