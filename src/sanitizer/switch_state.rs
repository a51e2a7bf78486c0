//! What a thread keeps for its switches, and the word by which each of them is seen.
//!
//! So that every switch comes here, from inline code and old binaries, too, the thread's word
//! after the hint (see `tls`) points to a [`SwitchState`], which begins as if there were always C++ exceptions
//! to be put aside, but for the time of the switch itself.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::tools::tracks_switches;
use crate::abi::aco_t;
use crate::thread_end::{self, Part};
use crate::{sys, tls};

/// What a thread keeps.
#[repr(C)]
pub(super) struct SwitchState {
    /// Not 0 but during a switch.
    pub(super) hook_pair: [usize; 2],
    /// The main coroutine that leaves: the runtimes know the bounds of its stack. NULL: another leaves.
    pub(super) main_co: *mut aco_t,
    /// The runtimes wait to hear that the next context is there.
    pub(super) is_switching: bool,
}

/// What the library does at a switch that is seen.
pub(super) const HOOKED: [usize; 2] = [1, 1];

pub(super) const UNHOOKED: [usize; 2] = [0, 0];

/// This thread's, if switches are watched: the word is then NULL or what `attach_thread` gave.
pub(super) fn switch_state() -> Option<NonNull<SwitchState>> {
    if tracks_switches() { NonNull::new(tls::exceptions().cast()) } else { None }
}

/// Does this thread tell of its switches?
pub(crate) fn is_thread_attached() -> bool {
    switch_state().is_some()
}

/// A thread's first, for its word: a mapping, which is nobody's leak. None: there is no memory. A thread
/// that ends may get one more, which nobody takes back.
pub(crate) fn attach_thread() -> Option<NonNull<c_void>> {
    let place = sys::map(size_of::<SwitchState>())?;
    thread_end::call_with(Part::Switches, detach_thread, place);
    let state = SwitchState { hook_pair: HOOKED, main_co: ptr::null_mut(), is_switching: false };
    // SAFETY: just mapped, for one.
    unsafe { place.cast().write(state) };
    Some(place)
}

/// The thread ends.
unsafe extern "C" fn detach_thread(place: *mut c_void) {
    thread_end::begin();
    tls::set_exceptions(ptr::null_mut());
    // SAFETY: what `attach_thread` gave, and the word was the last to know it.
    unsafe { sys::unmap(place, size_of::<SwitchState>()) };
}
