//! A thread's state for the notification of its switches.
//!
//! The thread's third word (`tls`) points to it. It begins with the pair of words that every switch reads there, from
//! inline code and old binaries, too: not 0 means that C++ exceptions are being handled, and the switch calls the
//! library. So the library sees every switch (N1 of `sanitizer::switch`).

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::tools::tracks_switches;
use crate::abi::aco_t;
use crate::thread_exit::{self, Resource};
use crate::{sys, tls};

/// The switch state of one thread.
#[repr(C)]
pub(super) struct SwitchState {
    /// [`HOOKED`], or [`UNHOOKED`] from the notification of a switch until the arrival.
    pub(super) hook_pair: [usize; 2],
    /// The main coroutine that is being switched away from; NULL: another coroutine is.
    pub(super) main_co: *mut aco_t,
    /// A switch was notified, and its arrival was not.
    pub(super) is_switching: bool,
}

/// The pair that sends switches to the library, and the pair that lets them pass.
pub(super) const HOOKED: [usize; 2] = [1, 1];
pub(super) const UNHOOKED: [usize; 2] = [0, 0];

/// Returns this thread's state. None: no tool tracks switches, or the thread is not attached. If a tool tracks them,
/// the third word is NULL or from [`attach_thread`].
pub(super) fn switch_state() -> Option<NonNull<SwitchState>> {
    if tracks_switches() { NonNull::new(tls::hook_word().cast()) } else { None }
}

/// Returns true if this thread notifies the tools of its switches.
pub(crate) fn is_thread_attached() -> bool {
    switch_state().is_some()
}

/// Creates the state of this thread, for its third word. None: there is no memory.
///
/// It is a mapping, so LeakSanitizer reports no leak. A thread that switches after its end was noted (`thread_exit`)
/// gets another state, which is never unmapped.
pub(crate) fn attach_thread() -> Option<NonNull<c_void>> {
    let memory = sys::map(size_of::<SwitchState>())?;
    thread_exit::on_exit_with(Resource::Sanitizer, detach_thread, memory);
    let state = SwitchState { hook_pair: HOOKED, main_co: ptr::null_mut(), is_switching: false };
    // SAFETY: the memory was just mapped, with room for one state.
    unsafe { memory.cast().write(state) };
    Some(memory)
}

/// Frees the state of a thread that ends.
unsafe extern "C" fn detach_thread(state: *mut c_void) {
    thread_exit::mark_exiting();
    tls::set_hook_word(ptr::null_mut());
    // SAFETY: `attach_thread` mapped it, and the third word, the only pointer to it, is NULL.
    unsafe { sys::unmap(state, size_of::<SwitchState>()) };
}
