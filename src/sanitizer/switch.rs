//! The notification of switches.
//!
//! ```text
//!   from's stack                          thread                  to's stack
//!   ------------                          ------                  ----------
//!   before_switch(from, to, &mut fake)    hook pair = 1, 1
//!     notify_switch
//!       asan: start(&mut fake, to's bounds)
//!       msan: start(to's bounds)
//!       tsan: switch to to's fiber
//!                                         hook pair = 0, 0
//!   the switch  ─────────────────────────────────────────────────>
//!                                                                 its after_switch(&fake); or
//!                                                                 after_first_switch(): it has started
//!                                                                   notify_arrival
//!                                         hook pair = 1, 1
//!                                                                     asan: finish(fake) -> from's bounds
//!                                                                     msan: finish       -> from's bounds
//! ```
//!
//! * N1. In an attached thread (`switch_state`) the hook pair is not 0 except between a notification and its arrival.
//!   So every switch is notified: inline code and old binaries call the library, which notifies, and then switches with
//!   the pair at 0.
//!
//! * N2. From the notification to the arrival only the library's code runs, which is not instrumented.
//!
//! * N3. The fake stack of a suspended context is in a [`FakeStack`] on its own stack, and in its `FiberState`, for
//!   `aco_destroy` and forced unwinding. A switch to the context clears the second, so it is freed once.
//!
//! * N4. An UNSTARTED coroutine has no code to call `after_switch`. So it starts in [`first_entry`], which calls
//!   `after_first_switch`, and then goes to the entry function.
//!
//! * N5. A main coroutine's bounds are learned at the arrival after each switch away from it, and used at the next
//!   switch to it. Those of a main coroutine without `FiberState`, a program's own, are unknown: 0 bytes.
//!
//! * N6. A coroutine that ends passes NULL for its fake stack: AddressSanitizer frees it. The next context destroys
//!   its fiber ([`release_ended`](super::release_ended)), because the fiber that runs cannot be destroyed.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::fake_stack::{FakeStack, free_fake_stack};
use super::stack_shadow::unpoison_frames;
use super::switch_state::{HOOKED, UNHOOKED, is_thread_attached, switch_state};
use super::tsan_fiber::get_or_create_fiber;
use super::{fiber_state, interface, stack_shadow};
use crate::abi::aco_t;
use crate::arch;

/// Notifies the tools of the switch from `from` to `to`, which follows. Does nothing in a thread that is not attached.
///
/// # Safety
/// Both point to coroutines, `from` runs, and the switch follows. `fake_stack` is not moved until `from` resumes.
pub(crate) unsafe fn before_switch(from: *mut aco_t, to: *mut aco_t, fake_stack: &mut FakeStack) {
    if !is_thread_attached() {
        return;
    }
    // SAFETY: both are coroutines of this thread, and the switch follows. A coroutine that has ended has a share stack.
    unsafe {
        let ends = (*from).is_end != 0;
        if ends {
            unpoison_frames(from, true);
        }
        notify_switch(from, to, if ends { ptr::null_mut() } else { &raw mut fake_stack.ptr });
        if let Some(state) = fiber_state::of(from) {
            (*state.as_ptr()).fake_stack = fake_stack.ptr;
        }
        // The `FakeStack` of `to` has it (N3).
        if let Some(state) = fiber_state::of(to) {
            (*state.as_ptr()).fake_stack = ptr::null_mut();
        }
    }
}

/// As [`before_switch`], for a coroutine that has ended: `from` does not resume.
///
/// # Safety
/// Both point to coroutines, `from` has ended on its share stack, and the switch follows.
pub(crate) unsafe fn before_final_switch(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: `is_end` of `from` is set, so nothing is stored in the temporary (N6).
    unsafe { before_switch(from, to, &mut FakeStack::new()) }
}

/// The context that is switched to: the bounds of its stack, and its fiber.
struct Target {
    low: *const c_void,
    size: usize,
    fiber: *mut c_void,
}

/// Calls the runtimes' functions before the switch from `from` to `to`. `fake`: where to store the fake stack of
/// `from`, or NULL (N6).
///
/// # Safety
/// Both point to coroutines, `from` runs, and the switch follows. `fake` is NULL or writable.
unsafe fn notify_switch(from: *mut aco_t, to: *mut aco_t, fake: *mut *mut c_void) {
    // SAFETY: both are coroutines, and the switch follows.
    unsafe { notify_switch_to(from, target_of(to), fake) }
}

/// As [`notify_switch`], to a context of which this is known.
///
/// # Safety
/// As [`notify_switch`].
unsafe fn notify_switch_to(from: *mut aco_t, target: Target, fake: *mut *mut c_void) {
    let Some(state) = switch_state() else { return };
    // SAFETY: `from` is a coroutine of this thread, the state is this thread's, and the runtimes' functions are called
    // in the order of their interface.
    unsafe {
        let is_main = (*from).share_stack.is_null();
        (*state.as_ptr()).main_co = if is_main { from } else { ptr::null_mut() };
        if is_main && let Some(state) = fiber_state::of(from) {
            let fiber = interface::tsan_current().map_or(ptr::null_mut(), |current| current());
            (*state.as_ptr()).fiber = fiber;
        }
        let Target { low, size, fiber } = target;
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

/// Returns the target of a switch to `to`. An UNSTARTED coroutine is made to start in the library (N4).
///
/// # Safety
/// `to` points to a coroutine that is switched to next.
unsafe fn target_of(to: *mut aco_t) -> Target {
    // SAFETY: `to` is a coroutine, on a live share stack or a main one. An UNSTARTED one has no frames, so no context
    // of its fake stack resumes.
    unsafe {
        let (stack, state) = ((*to).share_stack, fiber_state::of(to));
        if stack.is_null() {
            return state.map_or(
                Target { low: ptr::null(), size: 0, fiber: ptr::null_mut() },
                |state| {
                    let state = state.as_ref();
                    Target { low: state.stack_low, size: state.stack_size, fiber: state.fiber }
                },
            );
        }
        let has_no_frames = aco_t::stack_pointer(to) == (*stack).align_retptr as usize;
        if has_no_frames && (*to).is_end == 0 {
            // A program that restarts a coroutine by writing `reg` leaves the shadow of its frames, and its fake stack.
            // Frames of another owner are copied out later, with their shadow.
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

/// Notifies the tools that the context has resumed. `fake_stack` is the one that it gave to [`before_switch`].
pub(crate) fn after_switch(fake_stack: &FakeStack) {
    // SAFETY: the fake stack is that of the context that resumes.
    unsafe { notify_arrival(fake_stack.ptr) }
}

/// Notifies the tools that forced unwinding goes from the frames of `from` to those of `to`. No switch follows: the
/// unwinder walks from one stack to the other.
///
/// # Safety
/// Both point to coroutines. `from` runs for the last time, and `to` waits in a resume for it.
pub(crate) unsafe fn switch_by_unwinding(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: both are coroutines, and `to` waits in a resume.
    unsafe { notify_call(from, to, &mut ptr::null_mut()) }
}

/// Notifies the tools that the code of `from` continues on the stack of `to`, without a switch.
///
/// # Safety
/// Both point to coroutines. `from` runs, and `to` waits in a resume. `fake` is writable.
unsafe fn notify_call(from: *mut aco_t, to: *mut aco_t, fake: &mut *mut c_void) {
    // SAFETY: both are coroutines. The fake stack in the state of `to` is its own, since it is suspended (N3).
    unsafe {
        notify_switch(from, to, fake);
        notify_arrival(
            fiber_state::of(to).map_or(ptr::null_mut(), |state| (*state.as_ptr()).fake_stack),
        );
    }
}

/// Notifies the tools that `co` continues on the stack of `main_co`, without a switch.
///
/// # Safety
/// Both point to coroutines. `co` runs, and `main_co` waits in a resume for it. [`leave_stack`] follows.
pub(crate) unsafe fn enter_stack(co: *mut aco_t, main_co: *mut aco_t) {
    let mut own = ptr::null_mut();
    // SAFETY: both are coroutines, and `main_co` waits in a resume. The state is that of `co`.
    unsafe {
        notify_call(co, main_co, &mut own);
        if let Some(state) = fiber_state::of(co) {
            (*state.as_ptr()).fake_stack = own;
        }
    }
}

/// Notifies the tools that `co` is on its own stack again, after [`enter_stack`].
///
/// # Safety
/// As [`enter_stack`], which was called before.
pub(crate) unsafe fn leave_stack(co: *mut aco_t, main_co: *mut aco_t) {
    let mut waiting = ptr::null_mut();
    // SAFETY: both are coroutines. The registers of `co`, which runs, say nothing: so `target_of` is not asked.
    unsafe {
        let (stack, state) = ((*co).share_stack, fiber_state::of(co));
        let fiber = state.map_or(ptr::null_mut(), get_or_create_fiber);
        let target = Target { low: (*stack).ptr, size: (*stack).sz, fiber };
        notify_switch_to(main_co, target, &mut waiting);
        if let Some(state) = fiber_state::of(main_co) {
            (*state.as_ptr()).fake_stack = waiting;
        }
        notify_arrival(state.map_or(ptr::null_mut(), |state| {
            core::mem::replace(&mut (*state.as_ptr()).fake_stack, ptr::null_mut())
        }));
    }
}

/// Notifies the tools that a coroutine has started (N4).
pub(crate) extern "C" fn after_first_switch() {
    // SAFETY: a coroutine that has started has no fake stack.
    unsafe { notify_arrival(ptr::null_mut()) }
}

/// Calls the runtimes' functions after a switch, and learns the bounds of a main coroutine's stack (N5).
///
/// # Safety
/// `fake` is the fake stack of the context that resumes, or NULL.
unsafe fn notify_arrival(fake: *mut c_void) {
    let Some(state) = switch_state().map(NonNull::as_ptr) else { return };
    let (mut low, mut size) = (ptr::null(), 0);
    // SAFETY: the state is this thread's. A switch was notified before the runtimes' functions are called. The main
    // coroutine that was switched away from exists: it is suspended.
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

/// The first instructions of every coroutine of an attached thread (N4).
///
/// # Safety
/// Only a switch to an UNSTARTED coroutine enters it.
#[unsafe(naked)]
unsafe extern "C" fn first_entry() {
    arch::first_entry_body!(after_first_switch)
}
