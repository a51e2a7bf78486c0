//! The unwind owner of a share stack: the word at `align_highptr`, by which unwinders find whose frames are below.

use core::mem::offset_of;
use core::ptr;

use crate::abi::{aco_share_stack_t, aco_t};

/// The unwind owner of a stack without frames: a coroutine that is its own main coroutine and has no resume address.
/// Unwinding ends there.
pub(super) fn no_coroutine() -> *mut aco_t {
    #[allow(dead_code, reason = "unwinders read it")]
    struct NoCoroutine([*const NoCoroutine; size_of::<aco_t>() / 8]);
    // SAFETY: the static is never written.
    unsafe impl Sync for NoCoroutine {}
    static NO_COROUTINE: NoCoroutine = {
        #[allow(clippy::indexing_slicing, reason = "when it is compiled")]
        let words = {
            let mut words = [ptr::null(); size_of::<aco_t>() / 8];
            words[offset_of!(aco_t, main_co) / 8] = &raw const NO_COROUTINE;
            words
        };
        NoCoroutine(words)
    };
    (&raw const NO_COROUTINE).cast_mut().cast()
}

/// Tells unwinders that the frames on the stack belong to `co`.
///
/// # Safety
/// `stack` points to a live share stack.
#[inline(always)]
pub(crate) unsafe fn set_unwind_owner(stack: *mut aco_share_stack_t, co: *mut aco_t) {
    // SAFETY: the word at `align_highptr` is the library's (`layout::HEADROOM`).
    unsafe { (*stack).align_highptr.cast::<*mut aco_t>().write(co) }
}
