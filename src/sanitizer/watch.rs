//! What a thread keeps for its switches, and the word by which each of them is seen.
//!
//! So that every switch comes here, from inline code and old binaries, too, the thread's word
//! after the hint (see `tls`) points to a [`Watch`], which begins as if there were always C++ exceptions
//! to be put aside, but for the time of the switch itself.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::tools::watches_switches;
use crate::abi::aco_t;
use crate::thread_end::{self, Part};
use crate::{sys, tls};

/// What a thread keeps.
#[repr(C)]
pub(super) struct Watch {
    /// Not 0 but during a switch.
    pub(super) business: [usize; 2],
    /// The main coroutine that leaves: the runtimes know the bounds of its stack. NULL: another leaves.
    pub(super) main_co: *mut aco_t,
    /// The runtimes wait to hear that the next context is there.
    pub(super) is_leaving: bool,
}

/// What the library does at a switch that is seen.
pub(super) const SEEN: [usize; 2] = [1, 1];

pub(super) const UNSEEN: [usize; 2] = [0, 0];

/// This thread's, if switches are watched: the word is then NULL or what `attach` gave.
pub(super) fn watch() -> Option<NonNull<Watch>> {
    if watches_switches() { NonNull::new(tls::exceptions().cast()) } else { None }
}

/// Does this thread tell of its switches?
pub(crate) fn is_watched() -> bool {
    watch().is_some()
}

/// A thread's first, for its word: a mapping, which is nobody's leak. None: there is no memory. A thread
/// that ends may get one more, which nobody takes back.
pub(crate) fn attach() -> Option<NonNull<c_void>> {
    let place = sys::map(size_of::<Watch>())?;
    thread_end::call_with(Part::Switches, detach, place);
    let watch = Watch { business: SEEN, main_co: ptr::null_mut(), is_leaving: false };
    // SAFETY: just mapped, for one.
    unsafe { place.cast().write(watch) };
    Some(place)
}

/// The thread ends.
unsafe extern "C" fn detach(place: *mut c_void) {
    thread_end::begin();
    tls::set_exceptions(ptr::null_mut());
    // SAFETY: what `attach` gave, and the word was the last to know it.
    unsafe { sys::unmap(place, size_of::<Watch>()) };
}
