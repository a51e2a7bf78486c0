//! AddressSanitizer's fake stack: the frames that it keeps off a coroutine's stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::fiber_state::FiberState;
use super::interface;

/// The fake stack of a context that was switched away from. It is on that context's own stack until the context
/// resumes.
pub(crate) struct FakeStack {
    pub(super) ptr: *mut c_void,
}

impl FakeStack {
    pub(crate) const fn new() -> FakeStack {
        FakeStack { ptr: ptr::null_mut() }
    }
}

/// Frees the fake stack in `state`.
///
/// AddressSanitizer frees a fake stack only when its context ends. So it is told of three switches: to the coroutine,
/// back at its end, and to the present context.
///
/// # Safety
/// The context of the fake stack never resumes. No switch is being notified.
pub(super) unsafe fn free_fake_stack(state: NonNull<FiberState>) {
    // SAFETY: `state` is that of a coroutine of this thread. The runtime's functions are called in the order of its
    // interface, and the last call restores the present context's fake stack.
    unsafe {
        let fake = core::mem::replace(&mut (*state.as_ptr()).fake_stack, ptr::null_mut());
        if let (Some(start), Some(finish)) =
            (interface::asan_start_switch(), interface::asan_finish_switch())
            && !fake.is_null()
        {
            let (mut own, mut low, mut size) = (ptr::null_mut(), ptr::null(), 0);
            start(&mut own, ptr::null(), 0);
            finish(fake, &mut low, &mut size);
            start(ptr::null_mut(), low, size);
            finish(own, ptr::null_mut(), ptr::null_mut());
        }
    }
}
