//! Switches, as the sanitizers are told of them.
//!
//! ```text
//!   before_switch(from, to, fake_stack)       tells which stack is next; from here on no more reports
//!   the switch itself
//!   after_switch(fake_stack)                in the context that goes on: it is there
//!   after_first_switch()                   in one that begins
//! ```

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::fake_stack::{FakeStack, free_fake_stack};
use super::stack_shadow::unpoison_frames;
use super::switch_state::{HOOKED, UNHOOKED, is_thread_attached, switch_state};
use super::tsan_fiber::get_or_create_fiber;
use super::{fiber_state, interface, stack_shadow};
use crate::abi::aco_t;
use crate::arch;

/// Tells that `from` leaves and `to` is next. If `to` is fresh, it will tell that it has arrived.
///
/// # Safety
/// Both point to coroutines, and the switch follows. `fake_stack` stays until `from` goes on.
pub(crate) unsafe fn before_switch(from: *mut aco_t, to: *mut aco_t, fake_stack: &mut FakeStack) {
    if !is_thread_attached() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let ends = (*from).is_end != 0;
        if ends {
            unpoison_frames(from, true);
        }
        notify_switch(from, to, if ends { ptr::null_mut() } else { &raw mut fake_stack.fake });
        if let Some(state) = fiber_state::of(from) {
            (*state.as_ptr()).fake_stack = fake_stack.fake;
        }
        // From here on they are its fake_stack's alone.
        if let Some(state) = fiber_state::of(to) {
            (*state.as_ptr()).fake_stack = ptr::null_mut();
        }
    }
}

/// As [`before_switch`], by a coroutine that ends.
///
/// # Safety
/// As there.
pub(crate) unsafe fn before_final_switch(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; a coroutine that does not come back leaves nothing in `fake_stack`.
    unsafe { before_switch(from, to, &mut FakeStack::new()) }
}

/// Where a context is: its stack, and its fiber.
struct Target {
    low: *const c_void,
    size: usize,
    fiber: *mut c_void,
}

/// Tells the runtimes that `from` leaves and `to` is next.
///
/// # Safety
/// As [`before_switch`].
unsafe fn notify_switch(from: *mut aco_t, to: *mut aco_t, fake: *mut *mut c_void) {
    let Some(state) = switch_state() else { return };
    // SAFETY: the caller's promise.
    unsafe {
        let is_main = (*from).share_stack.is_null();
        (*state.as_ptr()).main_co = if is_main { from } else { ptr::null_mut() };
        if is_main && let Some(state) = fiber_state::of(from) {
            let fiber = interface::tsan_current().map_or(ptr::null_mut(), |current| current());
            (*state.as_ptr()).fiber = fiber;
        }
        let Target { low, size, fiber } = target_of(to);
        if let Some(start) = interface::asan_start_switch() {
            start(fake, low, size);
        }
        if let Some(start) = interface::msan_start_switch() {
            start(low, size);
        }
        if let Some(switch) = interface::tsan_switch_to()
            && let Some(current) = interface::tsan_current()
            && !fiber.is_null()
            && fiber != current()
        {
            switch(fiber, 0);
        }
        (*state.as_ptr()).is_switching = true;
        (*state.as_ptr()).hook_pair = UNHOOKED;
    }
}

/// Where `to` is. A fresh coroutine is made to begin in the library.
///
/// # Safety
/// As [`before_switch`].
unsafe fn target_of(to: *mut aco_t) -> Target {
    // SAFETY: the caller's promise.
    unsafe {
        let (stack, state) = ((*to).share_stack, fiber_state::of(to));
        if stack.is_null() {
            // The bounds of a main coroutine that a program made are not known.
            return state.map_or(
                Target { low: ptr::null(), size: 0, fiber: ptr::null_mut() },
                |state| {
                    let state = state.as_ref();
                    Target { low: state.stack_low, size: state.stack_size, fiber: state.fiber }
                },
            );
        }
        let is_fresh = aco_t::stack_pointer(to) == (*stack).align_retptr as usize;
        if is_fresh && (*to).is_end == 0 {
            // A program that starts a coroutine again by hand has left its frames there, and off it. Those
            // of another owner will be copied out.
            if (*stack).owner == to || (*stack).owner.is_null() {
                stack_shadow::unpoison_stack((*stack).ptr, (*stack).sz);
            }
            if let Some(state) = state {
                free_fake_stack(state);
            }
            arch::set_first_entry(to, first_entry as *const () as usize);
        }
        let fiber = state.map_or(ptr::null_mut(), get_or_create_fiber);
        Target { low: (*stack).ptr, size: (*stack).sz, fiber }
    }
}

/// In who goes on: it is there.
pub(crate) fn after_switch(fake_stack: &FakeStack) {
    // SAFETY: the frames are those of who goes on.
    unsafe { notify_arrival(fake_stack.fake) }
}

/// The frames of `from` are unwound by force, and now come those of `to`, which waits in a resume.
///
/// # Safety
/// Both point to coroutines.
pub(crate) unsafe fn switch_by_unwinding(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; `from` runs for the last time.
    unsafe {
        notify_switch(from, to, &mut ptr::null_mut());
        let fake =
            fiber_state::of(to).map_or(ptr::null_mut(), |state| (*state.as_ptr()).fake_stack);
        notify_arrival(fake);
    }
}

/// In who begins: it is there.
pub(crate) extern "C" fn after_first_switch() {
    // SAFETY: it has nothing yet.
    unsafe { notify_arrival(ptr::null_mut()) }
}

/// Tells the runtimes that the next context is there; learns the bounds of the one that was left.
///
/// # Safety
/// `fake` is its own, or NULL.
unsafe fn notify_arrival(fake: *mut c_void) {
    let Some(state) = switch_state().map(NonNull::as_ptr) else { return };
    let (mut low, mut size) = (ptr::null(), 0);
    // SAFETY: the thread's own; the runtimes' functions, where a switch was begun. Who leaves exists.
    unsafe {
        (*state).hook_pair = HOOKED;
        if !core::mem::take(&mut (*state).is_switching) {
            return;
        }
        if let Some(finish) = interface::asan_finish_switch() {
            finish(fake, &mut low, &mut size);
        }
        if let Some(finish) = interface::msan_finish_switch() {
            finish(&mut low, &mut size);
        }
        let main_co = (*state).main_co;
        if !main_co.is_null()
            && let Some(state) = fiber_state::of(main_co)
        {
            ((*state.as_ptr()).stack_low, (*state.as_ptr()).stack_size) = (low, size);
        }
    }
}

/// The first instructions of every coroutine.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
unsafe extern "C" fn first_entry() {
    arch::first_entry_body!(after_first_switch)
}
