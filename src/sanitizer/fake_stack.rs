//! AddressSanitizer's frames off the stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::fiber_state::FiberState;
use super::interface;

/// A context that was left, on its own stack until it goes on: AddressSanitizer's frames off the stack.
pub(crate) struct FakeStack {
    pub(super) fake: *mut c_void,
}

impl FakeStack {
    pub(crate) const fn new() -> FakeStack {
        FakeStack { fake: ptr::null_mut() }
    }
}

/// Frees a coroutine's frames off the stack. AddressSanitizer does that for who leaves for ever: so the
/// coroutine is gone on in, as far as that knows, and left.
///
/// # Safety
/// Nobody goes on with them; no switch is on its way.
pub(super) unsafe fn free_fake_stack(state: NonNull<FiberState>) {
    // SAFETY: the caller's promise; nobody else looks at the state now.
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
