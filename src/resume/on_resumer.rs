//! Runs a function on the stack of the coroutine that waits in a resume for the running one (`aco_on_resumer`).
//!
//! ```text
//! stack of the main coroutine          stack of co
//! ---------------------------          -----------
//! main ... resume(co)         ──────>  ... on_resumer(function)
//!   [reg[SP] of main_co]                 enter
//!   function            <── call ──────  sp = reg[SP] of main_co, less the red zone
//!                       ─── return ───>  leave
//! ```
//!
//! That is a call and no switch: `co` stays the current coroutine, the frames of both stay in their places, and an
//! exception goes through to the frames of `co`.
//!
//! * OR1. From `enter` to `leave` nothing may switch: the next switch would store a stack pointer of the other stack in
//!   `co`, and the waiting coroutine would run over the function's frames. So the thread's flag `is_on_resumer` is set,
//!   and with it the hook word points to a pair that is not zero (`exceptions`), also after the function has set hooks
//!   or removed them. Each switch, inline or called, comes to [`refuse_switch`]. Under a sanitizer that watches
//!   switches each one comes there in any case.
//! * OR2. `leave` follows each `enter`: after a return, and when an unwinder passes the frame
//!   ([`aco_resumer_personality`]).
//! * OR3. The CFI of the naked function leads to the frames of `co`, though these are on another stack. Debuggers
//!   expect that of signal frames only, see the root frame (`arch`).

use core::ffi::{c_int, c_void};

use crate::abi::aco_t;
use crate::{arch, coroutine, diag, exceptions, sanitizer, tls, valgrind};

/// Bytes below the stack pointer of the waiting coroutine that Valgrind must let the function's first frame use.
const FIRST_FRAME: usize = 1024;

/// Calls `function(arg)` on the resumer's stack, and returns its result. Outside of a coroutine, and inside of such a
/// call, calls it directly.
///
/// # Safety
/// `function` can be called with `arg`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn on_resumer(
    function: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
) -> *mut c_void {
    arch::on_other_stack_body!(enter, leave)
}

/// Prepares a call on the resumer's stack, and returns the stack pointer for it. 0: the caller is not on the stack of a
/// coroutine.
unsafe extern "C" fn enter() -> usize {
    let co = tls::current();
    // SAFETY: the current coroutine is NULL or exists. One that runs on its stack has a main coroutine that waits.
    unsafe {
        if co.is_null() || (*co).main_co.is_null() || !coroutine::is_on_stack_of(co) {
            return 0;
        }
        let main_co = (*co).main_co;
        let top = aco_t::stack_pointer(main_co);
        valgrind::make_undefined(top - FIRST_FRAME, FIRST_FRAME);
        tls::set_is_on_resumer(true);
        if sanitizer::is_thread_attached() {
            sanitizer::enter_stack(co, main_co);
        } else {
            exceptions::refresh_hook_word();
        }
        (top - arch::RED_ZONE) & !15
    }
}

/// Ends what [`enter`] began.
unsafe extern "C" fn leave() {
    let co = tls::current();
    tls::set_is_on_resumer(false);
    // SAFETY: the current coroutine is that of `enter`, since nothing has switched (OR1). NULL: it was destroyed.
    unsafe {
        if sanitizer::is_thread_attached() {
            if !co.is_null() {
                sanitizer::leave_stack(co, (*co).main_co);
            }
        } else {
            exceptions::refresh_hook_word();
        }
    }
}

/// The personality routine of the naked function (Itanium C++ ABI: Exception Handling, 1.6; OR2). It handles nothing.
#[unsafe(no_mangle)]
extern "C" fn aco_resumer_personality(
    _version: c_int,
    actions: c_int,
    _class: u64,
    _exception: *mut c_void,
    _context: *mut c_void,
) -> c_int {
    const UA_CLEANUP_PHASE: c_int = 2;
    const URC_CONTINUE_UNWIND: c_int = 8;
    if actions & UA_CLEANUP_PHASE != 0 && tls::is_on_resumer() {
        // SAFETY: the unwinder leaves the function that `enter` was called for.
        unsafe { leave() }
    }
    URC_CONTINUE_UNWIND
}

/// Aborts if the caller runs on its resumer's stack (OR1). `function` is in the message.
#[inline(always)]
pub(super) fn refuse_switch(function: &str, co: *mut aco_t) {
    if tls::is_on_resumer() {
        abort_on_resumer(function, co)
    }
}

/// Prints that no switch is possible here, and aborts.
#[cold]
#[inline(never)]
fn abort_on_resumer(function: &str, co: *mut aco_t) -> ! {
    let rule = "a function on the resumer's stack returns before the next switch";
    diag::fatal(function, co, format_args!("called inside aco_on_resumer"), rule)
}
