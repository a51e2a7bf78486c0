//! Resume, yield, exit: who runs, and whose share stack it is.
//!
//! ```text
//!            main coroutine                        coroutine co
//!            --------------                        ------------
//!            resume(co)
//!              ready? else prepare(co)   check it; save the owner out, restore co; settle it
//!              current = co, hint = main_co
//!              leave main_co, go on in co ────────>  ... runs ...
//!                                                    yield_to_main(co)
//!              current = main_co          <────────    leave co, go on in main_co
//! ```
//!
//! `aco_gtls_co` changes on the resuming side only: old binaries yield by calling `acosw`.

mod cancel;
mod refuse;
mod returning;
mod transfer;
mod values;

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::aco_t;
use crate::arch::Leave;
use crate::coroutine::is_running;
use crate::sanitizer::Departure;
use crate::{arch, coroutine, exceptions, hooks, overflow, sanitizer, save, stack, state, tls};
pub(crate) use cancel::{cancel, is_cancelled, yield_checked};
pub(crate) use refuse::obstacle;
use refuse::{check_caller, refuse, refuse_exit, refuse_null, refuse_stack, refuse_yield};
pub(crate) use returning::{
    Entry, last_word, last_word_shared_fpenv, return_exits, returning, returning_shared_fpenv,
};
pub(crate) use transfer::{transfer, transfer_shared_fpenv, yield_to};
pub(crate) use values::{first_value, resume_value, yield_value};

/// Runs `co`, which is given `value`, until it yields or exits, each side with its own floating-point environment. It is
/// ready when the current coroutine is its `main_co`, it has not ended, and it owns its share
/// stack; otherwise [`prepare`] sees to it.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume(co: *mut aco_t, value: *mut c_void) -> Arrival {
    arch::resume_body!(own_fpenv, prepare, resume_aside, arrived_by_hand)
}

/// As [`resume`], both sides in one floating-point environment.
///
/// # Safety
/// As [`prepare`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn resume_shared_fpenv(co: *mut aco_t, value: *mut c_void) -> Arrival {
    arch::resume_body!(shared_fpenv, prepare, resume_shared_fpenv_aside, arrived_by_hand)
}

/// Leaves `from`, goes on in `to`, each with its own floating-point environment, and gives it `value`;
/// returns when something switches back to `from`, with the value of that.
///
/// # Safety
/// Both point to coroutines. `to` is suspended, or fresh, and its stack holds its frames.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(own_fpenv, switch_aside)
}

/// As [`switch`]; `to` inherits the floating-point environment of this moment.
///
/// # Safety
/// As [`switch`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
) -> *mut c_void {
    arch::switch_body!(shared_fpenv, switch_shared_fpenv_aside)
}

/// What a resume returns, in two registers.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// What was yielded; NULL: nothing.
    pub(crate) value: *mut c_void,
    /// Who has left: who was resumed, or came after that by a transfer.
    pub(crate) left: *mut aco_t,
}

/// [`resume`] or [`resume_shared_fpenv`].
pub(crate) type Resume = unsafe extern "C" fn(co: *mut aco_t, value: *mut c_void) -> Arrival;

/// [`resume`] or [`resume_shared_fpenv`] where a switch has more to see to: C++ exceptions that are being
/// handled stay with who leaves, a sanitizer is told, and the program's hooks are called.
///
/// # Safety
/// As [`prepare`].
#[inline(always)]
unsafe fn resume_with_care(co: *mut aco_t, value: *mut c_void, resume: Resume) -> Arrival {
    let kept = exceptions::put_aside();
    // SAFETY: the caller's promise is that of `resume`, which finds nothing to see to now.
    let arrival = unsafe {
        if sanitizer::is_watched() {
            prepare(co);
            hooks::resumes(co);
            let mut departure = Departure::new();
            sanitizer::leave((*co).main_co, co, &mut departure);
            let arrival = resume(co, value);
            sanitizer::arrive(&departure);
            sanitizer::retire(arrival.left);
            hooks::has_left(arrival.left);
            arrival
        } else if hooks::are_set() {
            prepare(co);
            hooks::resumes(co);
            hooks::pass();
            let arrival = resume(co, value);
            hooks::come_back();
            hooks::has_left(arrival.left);
            arrival
        } else {
            resume(co, value)
        }
    };
    exceptions::take_back(kept);
    arrival
}

/// As [`resume_with_care`], for [`switch`] or [`switch_shared_fpenv`].
///
/// # Safety
/// As [`switch`].
#[inline(always)]
unsafe fn switch_with_care(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
    switch: Switch,
) -> *mut c_void {
    let kept = exceptions::put_aside();
    // SAFETY: the caller's promise is that of `switch`, which finds nothing to see to now.
    let result = unsafe {
        let mut departure = Departure::new();
        sanitizer::leave(from, to, &mut departure);
        if !(is_yield(from, to) && hooks::pass_back()) {
            hooks::pass_by();
        }
        let result = arch::with_frame(from, to, value, 0, switch as *const (), frame);
        sanitizer::arrive(&departure);
        result
    };
    hooks::come_back();
    exceptions::take_back(kept);
    result
}

#[cold]
unsafe extern "C" fn resume_aside(co: *mut aco_t, value: *mut c_void) -> Arrival {
    // SAFETY: the caller's promise.
    unsafe { resume_with_care(co, value, resume) }
}

#[cold]
unsafe extern "C" fn resume_shared_fpenv_aside(co: *mut aco_t, value: *mut c_void) -> Arrival {
    // SAFETY: the caller's promise.
    unsafe { resume_with_care(co, value, resume_shared_fpenv) }
}

/// Does `to` wait in a resume for `from`, which runs?
///
/// # Safety
/// Both point to coroutines.
unsafe fn is_yield(from: *mut aco_t, to: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    coroutine::inside().is_some_and(|here| here.as_ptr() == from)
        && unsafe { (*from).main_co == to }
}

#[cold]
unsafe extern "C" fn switch_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: the caller's promise. The second switch is a jump: what is suspended there is its caller.
    unsafe {
        if is_yield(from, to) && hooks::pass_back() {
            return switch(from, to, value);
        }
        switch_with_care(from, to, value, frame, switch)
    }
}

#[cold]
unsafe extern "C" fn switch_shared_fpenv_aside(
    from: *mut aco_t,
    to: *mut aco_t,
    value: *mut c_void,
    frame: usize,
) -> *mut c_void {
    // SAFETY: as in `switch_aside`.
    unsafe {
        if is_yield(from, to) && hooks::pass_back() {
            return switch_shared_fpenv(from, to, value);
        }
        switch_with_care(from, to, value, frame, switch_shared_fpenv)
    }
}

/// In `here`, which waited in a resume of `resumed` and was come back to by `left`, whose main_co is
/// another: by `acosw`, or it has changed that. The current coroutine becomes what libaco makes it, the
/// main_co of who was resumed, unless that was destroyed.
///
/// # Safety
/// `left` and `here` point to coroutines, `resumed` to one or to the memory of one.
#[cold]
pub(crate) unsafe extern "C" fn arrived_by_hand(
    left: *mut aco_t,
    here: *mut aco_t,
    resumed: *mut aco_t,
) -> Arrival {
    // SAFETY: the caller's promise.
    let current = unsafe { if state::is_dead(resumed) { here } else { (*resumed).main_co } };
    // SAFETY: as above. It may wait for who is current now: whoever that is, it is to ask.
    let is_nested = unsafe { current == here && !(*here).main_co.is_null() };
    tls::set_current_and_hint(current, if is_nested { here } else { ptr::null_mut() });
    Arrival { value: ptr::null_mut(), left }
}

/// [`switch`] or [`switch_shared_fpenv`].
pub(crate) type Switch =
    unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t, value: *mut c_void) -> *mut c_void;

/// Makes `co` ready to be gone on in. Aborts when it cannot be run from here.
///
/// # Safety
/// `co` is NULL or points to a coroutine, and its frames are sound.
unsafe extern "C" fn prepare(co: *mut aco_t) {
    let Some(co) = NonNull::new(co) else { refuse_null() };
    let co = co.as_ptr();
    // SAFETY: `co` is a suspended or fresh coroutine (checked), whose frames are on its stack
    // when it is the owner.
    unsafe {
        let main_co = (*co).main_co;
        if main_co.is_null() || (*co).is_end != 0 || aco_t::return_address(co) == 0 {
            refuse(co);
        }
        exceptions::find();
        overflow::return_to_duty();
        if tls::current() != main_co {
            check_caller(co);
            hooks::first_resume(main_co);
        }
        let stack = (*co).share_stack;
        let control = stack::block_of(stack);
        if stack::is_stack_destroyed(co, control) {
            refuse(co);
        }
        let owner = (*stack).owner;
        if owner != co {
            let is_watched = sanitizer::is_present();
            if !owner.is_null() {
                if (*owner).share_stack != stack || is_running(owner) {
                    refuse_stack(co, owner);
                }
                save::save_out(owner, stack, is_watched);
            } else if is_watched {
                sanitizer::forgotten((*stack).ptr, (*stack).sz);
            }
            // Before `restore` names another owner.
            stack::revoke_exclusive(stack, control);
            save::restore(co, stack, is_watched);
        }
        stack::set_unwind_owner(stack, co);
        stack::set_exclusive(co, control);
        state::enter(co);
    }
}

/// Leaves `co` for its main coroutine; returns when it is resumed.
///
/// # Safety
/// `co` points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn yield_to_main(co: *mut aco_t, switch: Switch) {
    // SAFETY: the caller's promise; its main coroutine waits in `resume`.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            refuse_yield(co);
        }
        switch(co, (*co).main_co, ptr::null_mut());
    }
}

/// Ends `co`: gives its share stack up and leaves it for ever.
///
/// # Safety
/// `co` points to the running coroutine.
#[inline(always)]
pub(crate) unsafe fn exit(co: *mut aco_t, leave: Leave) -> ! {
    // SAFETY: the caller's promise.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() {
            refuse_exit(co);
        }
        let stack = (*co).share_stack;
        // NULL: a program took it from a coroutine that has the stack for itself.
        if (*stack).owner != co && !(*stack).owner.is_null() {
            refuse_exit(co);
        }
        exceptions::put_aside();
        state::end(co);
        (*stack).owner = ptr::null_mut();
        (*stack).align_validsz = 0;
        aco_t::set_return_address(co, ended as *const () as usize);
        sanitizer::leave_for_ever(co, (*co).main_co);
        leave(co, (*co).main_co)
    }
}

/// Where an ended coroutine goes on when it is switched to all the same.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
unsafe extern "C" fn ended() {
    arch::ended_body!(refuse_ended)
}

unsafe extern "C" fn refuse_ended(co: *mut aco_t) -> ! {
    // SAFETY: the switch was told of this coroutine.
    unsafe { refuse_exit(co) }
}
