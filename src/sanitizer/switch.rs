//! Switches, as the sanitizers are told of them.
//!
//! ```text
//!   leave(from, to, departure)       tells which stack is next; from here on no more reports
//!   the switch itself
//!   arrive(departure)                in the context that goes on: it is there
//!   arrive_first()                   in one that begins
//! ```

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::fake_stack::{Departure, free_fake};
use super::frames::forget_frames;
use super::tsan_fiber::fiber_of;
use super::watch::{SEEN, UNSEEN, is_watched, watch};
use super::{frames, hooks, notes};
use crate::abi::aco_t;
use crate::arch;

/// Tells that `from` leaves and `to` is next. If `to` is fresh, it will tell that it has arrived.
///
/// # Safety
/// Both point to coroutines, and the switch follows. `departure` stays until `from` goes on.
pub(crate) unsafe fn leave(from: *mut aco_t, to: *mut aco_t, departure: &mut Departure) {
    if !is_watched() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let ends = (*from).is_end != 0;
        if ends {
            forget_frames(from, true);
        }
        tell(from, to, if ends { ptr::null_mut() } else { &raw mut departure.fake });
        if let Some(note) = notes::of(from) {
            (*note.as_ptr()).fake = departure.fake;
        }
        // From here on they are its departure's alone.
        if let Some(note) = notes::of(to) {
            (*note.as_ptr()).fake = ptr::null_mut();
        }
    }
}

/// As [`leave`], by a coroutine that ends.
///
/// # Safety
/// As there.
pub(crate) unsafe fn leave_for_ever(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; a coroutine that does not come back leaves nothing in `departure`.
    unsafe { leave(from, to, &mut Departure::new()) }
}

/// Where a context is: its stack, and its fiber.
struct Place {
    low: *const c_void,
    size: usize,
    fiber: *mut c_void,
}

/// Tells the runtimes that `from` leaves and `to` is next.
///
/// # Safety
/// As [`leave`].
unsafe fn tell(from: *mut aco_t, to: *mut aco_t, fake: *mut *mut c_void) {
    let Some(watch) = watch() else { return };
    // SAFETY: the caller's promise.
    unsafe {
        let is_main = (*from).share_stack.is_null();
        (*watch.as_ptr()).main_co = if is_main { from } else { ptr::null_mut() };
        if is_main && let Some(note) = notes::of(from) {
            let fiber = hooks::tsan_current().map_or(ptr::null_mut(), |current| current());
            (*note.as_ptr()).fiber = fiber;
        }
        let Place { low, size, fiber } = place_of(to);
        if let Some(start) = hooks::start_switch() {
            start(fake, low, size);
        }
        if let Some(start) = hooks::msan_start_switch() {
            start(low, size);
        }
        if let Some(switch) = hooks::tsan_switch_to()
            && let Some(current) = hooks::tsan_current()
            && !fiber.is_null()
            && fiber != current()
        {
            switch(fiber, 0);
        }
        (*watch.as_ptr()).is_leaving = true;
        (*watch.as_ptr()).business = UNSEEN;
    }
}

/// Where `to` is. A fresh coroutine is made to begin in the library.
///
/// # Safety
/// As [`leave`].
unsafe fn place_of(to: *mut aco_t) -> Place {
    // SAFETY: the caller's promise.
    unsafe {
        let (stack, note) = ((*to).share_stack, notes::of(to));
        if stack.is_null() {
            // The bounds of a main coroutine that a program made are not known.
            return note.map_or(
                Place { low: ptr::null(), size: 0, fiber: ptr::null_mut() },
                |note| {
                    let note = note.as_ref();
                    Place { low: note.low, size: note.size, fiber: note.fiber }
                },
            );
        }
        let is_fresh = aco_t::stack_pointer(to) == (*stack).align_retptr as usize;
        if is_fresh && (*to).is_end == 0 {
            // A program that starts a coroutine again by hand has left its frames there, and off it. Those
            // of another owner will be copied out.
            if (*stack).owner == to || (*stack).owner.is_null() {
                frames::forgotten((*stack).ptr, (*stack).sz);
            }
            if let Some(note) = note {
                free_fake(note);
            }
            arch::set_first_entry(to, first_entry as *const () as usize);
        }
        let fiber = note.map_or(ptr::null_mut(), fiber_of);
        Place { low: (*stack).ptr, size: (*stack).sz, fiber }
    }
}

/// In who goes on: it is there.
pub(crate) fn arrive(departure: &Departure) {
    // SAFETY: the frames are those of who goes on.
    unsafe { finish(departure.fake) }
}

/// The frames of `from` are unwound by force, and now come those of `to`, which waits in a resume.
///
/// # Safety
/// Both point to coroutines.
pub(crate) unsafe fn unwind(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; `from` runs for the last time.
    unsafe {
        tell(from, to, &mut ptr::null_mut());
        let fake = notes::of(to).map_or(ptr::null_mut(), |note| (*note.as_ptr()).fake);
        finish(fake);
    }
}

/// In who begins: it is there.
pub(crate) extern "C" fn arrive_first() {
    // SAFETY: it has nothing yet.
    unsafe { finish(ptr::null_mut()) }
}

/// Tells the runtimes that the next context is there; learns the bounds of the one that was left.
///
/// # Safety
/// `fake` is its own, or NULL.
unsafe fn finish(fake: *mut c_void) {
    let Some(watch) = watch().map(NonNull::as_ptr) else { return };
    let (mut low, mut size) = (ptr::null(), 0);
    // SAFETY: the thread's own; the runtimes' functions, where a switch was begun. Who leaves exists.
    unsafe {
        (*watch).business = SEEN;
        if !core::mem::take(&mut (*watch).is_leaving) {
            return;
        }
        if let Some(finish) = hooks::finish_switch() {
            finish(fake, &mut low, &mut size);
        }
        if let Some(finish) = hooks::msan_finish_switch() {
            finish(&mut low, &mut size);
        }
        let main_co = (*watch).main_co;
        if !main_co.is_null()
            && let Some(note) = notes::of(main_co)
        {
            ((*note.as_ptr()).low, (*note.as_ptr()).size) = (low, size);
        }
    }
}

/// The first instructions of every coroutine.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
unsafe extern "C" fn first_entry() {
    arch::first_entry_body!(arrive_first)
}
