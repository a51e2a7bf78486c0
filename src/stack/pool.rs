//! Stacks kept for the thread's next ones: a bounded list in each thread, last destroyed first.
//!
//! A new stack costs a control block, a mapping, a guard and the faults of its first pages; a kept
//! one has them all and is warm. The list runs through the stacks themselves, at their top, which
//! was just in use. It is given back when the thread ends.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::control::Block;
use super::layout::Sizes;
use super::retained;
use crate::thread_end::{self, Part};
use crate::tls::ThreadState;
use crate::{sanitizer, tls};

/// The most that a thread keeps: so many stacks, and so many bytes of them.
const MOST_STACKS: u16 = 32;
const MOST_BYTES: u32 = 8 << 20;
/// So many given back without one taken, and the program does not want them: the thread keeps none
/// until it makes a stack again. A few kept ones can hold much of the C library's heap.
const MOST_UNWANTED: u16 = 256;

/// What stands at the top of a kept stack. The rest of it is in its control block, which is as
/// `destroy` left it: all but `ptr` describes the memory still.
#[repr(C)]
struct Kept {
    next: *mut Kept,
    block: NonNull<Block>,
    /// The lowest usable byte.
    usable: *mut c_void,
}

/// Where that is: inside the stack, aligned.
fn place(usable: *mut c_void, sizes: &Sizes) -> *mut Kept {
    let top = usable.addr() + sizes.usable - size_of::<Kept>();
    usable.with_addr(top & !(align_of::<Kept>() - 1)).cast()
}

/// A kept stack of exactly these sizes: its control block, which describes it, and its `ptr`.
#[inline(always)]
pub(super) fn take(sizes: &Sizes) -> Option<(NonNull<Block>, *mut c_void)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state and list; what is on the list, nothing else uses.
    unsafe {
        (*state).unwanted = 0;
        let mut link: *mut *mut Kept = (&raw mut (*state).kept_stacks).cast();
        while !(*link).is_null() {
            let Kept { next, block, usable } = (*link).read();
            if block.as_ref().sizes() == *sizes {
                *link = next;
                (*state).kept_count -= 1;
                (*state).kept_bytes -= sizes.usable as u32;
                return Some((block, usable));
            }
            link = &raw mut (**link).next;
        }
    }
    None
}

/// Keeps a stack, in place of the ones destroyed longest ago where the thread has enough. False: it
/// must not be kept.
///
/// # Safety
/// Nothing uses the stack; `block` is its control block, `usable` its lowest byte.
#[inline(always)]
pub(super) unsafe fn keep(block: NonNull<Block>, usable: *mut c_void, sizes: &Sizes) -> bool {
    let size = match u32::try_from(sizes.usable) {
        Ok(size) if size <= MOST_BYTES && !sizes.are_the_programs() && !sanitizer::is_present() => {
            size
        }
        _ => return false,
    };
    let state = tls::thread_state();
    // SAFETY: the thread's own state; the memory is the pool's from here on.
    unsafe {
        if (*state).unwanted == MOST_UNWANTED || !thread_end::call(Part::Stacks, give_all_back) {
            return false;
        }
        while is_full_for(state, size) && give_last_back(state) {
            (*state).unwanted += 1;
            if (*state).unwanted == MOST_UNWANTED {
                while give_last_back(state) {}
                return false;
            }
        }
        let kept = place(usable, sizes);
        (*state).kept_count += 1;
        (*state).kept_bytes += size;
        kept.write(Kept { next: (*state).kept_stacks.cast(), block, usable });
        (*state).kept_stacks = kept.cast();
        true
    }
}

/// Does the thread keep enough, with a stack of `size` bytes more?
///
/// # Safety
/// `state` is the thread's.
unsafe fn is_full_for(state: *mut ThreadState, size: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { (*state).kept_count == MOST_STACKS || (*state).kept_bytes > MOST_BYTES - size }
}

/// Gives the stack at the end of the list back to the system. False: the list is empty.
///
/// # Safety
/// `state` is the thread's.
unsafe fn give_last_back(state: *mut ThreadState) -> bool {
    // SAFETY: the thread's own list.
    unsafe {
        let mut link: *mut *mut Kept = (&raw mut (*state).kept_stacks).cast();
        if (*link).is_null() {
            return false;
        }
        while !(**link).next.is_null() {
            link = &raw mut (**link).next;
        }
        let Kept { block, usable, .. } = (*link).read();
        let sizes = block.as_ref().sizes();
        *link = ptr::null_mut();
        (*state).kept_count -= 1;
        (*state).kept_bytes -= sizes.usable as u32;
        retained::release(block, usable);
        true
    }
}

/// The thread ends.
unsafe extern "C" fn give_all_back(_: *mut c_void) {
    thread_end::begin();
    give_kept_back();
}

/// Gives all that the thread keeps back to the system.
pub(crate) fn give_kept_back() {
    let state = tls::thread_state();
    // SAFETY: the thread's own state.
    while unsafe { give_last_back(state) } {}
}
