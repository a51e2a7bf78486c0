//! C++ exceptions that are being handled: each context keeps its own.
//!
//! The C++ runtime counts, for each thread, the exceptions that are inside a `catch` and those that
//! are on their way. A coroutine that is switched away from inside a `catch` must find its own again,
//! and nobody else must find them: who leaves puts them aside, on its own stack, and takes them back
//! when it goes on. The word after the hint (see `tls`) points to the thread's, so that every switch
//! can see at once whether there is anything to put aside; it is NULL in programs without C++.

use core::ffi::{c_int, c_void};

use crate::{arch, diag, tls};

/// `__cxa_eh_globals` (Itanium C++ ABI: Exception Handling, 2.2.2): the stack of caught exceptions,
/// and the number of uncaught ones with its padding.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Globals {
    caught: usize,
    uncaught: usize,
}

/// Nothing is being handled.
const NONE: Globals = Globals { caught: 0, uncaught: 0 };

/// Finds this thread's, if the program has a C++ runtime.
#[inline(always)]
pub(crate) fn find() {
    let globals = arch::cxa_get_globals();
    if let Some(globals) = globals
        && tls::exceptions().is_null()
    {
        // SAFETY: the runtime's function; it has no preconditions.
        tls::set_exceptions(unsafe { globals() });
    }
}

/// Takes what is being handled in this thread out of the runtime's sight.
pub(crate) fn put_aside() -> Globals {
    let globals: *mut Globals = tls::exceptions().cast();
    if globals.is_null() {
        return NONE;
    }
    // SAFETY: the thread's own.
    unsafe { globals.replace(NONE) }
}

/// Gives it back, in the thread that goes on with it.
pub(crate) fn take_back(kept: Globals) {
    find();
    let globals: *mut Globals = tls::exceptions().cast();
    if !globals.is_null() {
        // SAFETY: the thread's own.
        unsafe { globals.write(kept) }
    }
}

/// Asked by an unwinder about the root frame of a coroutine (Itanium C++ ABI: Exception Handling,
/// 1.6). An exception or a panic that comes here has left the entry function: one line, and the answer
/// on which the runtime calls `std::terminate`, with the frames that threw still there. What unwinds by
/// force, pthread_exit(3) and cancellation, goes on into the frames of the main coroutine.
#[unsafe(no_mangle)]
extern "C" fn aco_root_personality(
    _version: c_int,
    actions: c_int,
    _class: u64,
    _exception: *mut c_void,
    _context: *mut c_void,
) -> c_int {
    const UA_FORCE_UNWIND: c_int = 8;
    const URC_FATAL_PHASE1_ERROR: c_int = 3;
    const URC_CONTINUE_UNWIND: c_int = 8;
    if actions & UA_FORCE_UNWIND != 0 {
        return URC_CONTINUE_UNWIND;
    }
    diag::report(
        "aco_resume",
        tls::current(),
        format_args!("an exception leaves the entry function"),
        "a coroutine catches its exceptions itself",
    );
    URC_FATAL_PHASE1_ERROR
}
