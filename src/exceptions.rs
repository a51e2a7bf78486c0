//! The C++ exception state of contexts, and the hook word, which says that a switch has more to do.
//!
//! The C++ runtime has two words for each thread: the stack of caught exceptions and the number of uncaught ones. They
//! belong to the context that runs.
//!
//! ```text
//! the process or the thread has     the hook word points to                 a switch is instrumented
//! none of these                     NULL                                    never
//! a C++ runtime                     the two words of the C++ runtime        inside a `catch`, or while unwinding
//! hooks, set by the program         the current coroutine and the hint      unless suppressed (`hooks`)
//! a call on the resumer's stack     a pair that is not zero                 always, and refused (`on_resumer`)
//! a sanitizer that watches switches its pair (`sanitizer`)                  always
//! ```
//!
//! The last row that applies wins.
//!
//! * X1. A context that is not running has its exception state on its own stack, in the frame of an instrumented
//!   switch. `save_eh_state` takes it from the thread's two words and clears them; `restore_eh_state` writes it back
//!   in the thread in which the context resumes.
//! * X2. A switch that is not instrumented finds the two words 0, so there is nothing to save.
//! * X3. A coroutine that exits drops its exception state.
//! * X4. No exception leaves an entry function: the personality of the root frame ends the search for a handler.

use core::ffi::{c_int, c_void};

use crate::{arch, diag, sanitizer, tls};

/// `__cxa_eh_globals` (Itanium C++ ABI: Exception Handling, 2.2.2): the stack of caught exceptions,
/// and the number of uncaught ones with its padding.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct EhGlobals {
    caught: usize,
    uncaught: usize,
}

/// The state of a context that handles no exception.
const NONE: EhGlobals = EhGlobals { caught: 0, uncaught: 0 };

/// Sets the hook word of this thread if it is NULL and the process has a C++ runtime or a sanitizer.
#[inline(always)]
pub(crate) fn init_hook_word() {
    if lacks_eh_globals() || tls::hook_word().is_null() && sanitizer::tracks_switches() {
        init_hook_word_slowly();
    }
}

/// Returns true if the hook word of this thread is NULL, and the process has a C++ runtime.
#[inline(always)]
pub(crate) fn lacks_eh_globals() -> bool {
    tls::hook_word().is_null() && get_globals().is_some()
}

#[cold]
#[inline(never)]
fn init_hook_word_slowly() {
    if sanitizer::tracks_switches() {
        if let Some(watch) = sanitizer::attach_thread() {
            tls::set_hook_word(watch.as_ptr());
        }
    } else {
        refresh_hook_word();
    }
}

/// The pair of the hook word while switches are refused (OR1 of `resume::on_resumer`).
#[unsafe(link_section = "aco_shared")]
static REFUSED: [usize; 2] = [1, 1];

/// Sets the hook word of this thread by the table above. The pair of a sanitizer stays.
pub(crate) fn refresh_hook_word() {
    // SAFETY: the thread's own state, to which no reference exists.
    let has_hooks = unsafe { !(*tls::thread_state()).hooks.is_null() };
    if sanitizer::tracks_switches() {
        init_hook_word();
    } else if tls::is_on_resumer() {
        tls::set_hook_word((&raw const REFUSED).cast_mut().cast());
    } else if has_hooks {
        tls::set_hook_word(tls::current_words().cast());
    } else {
        hide_hooks();
    }
}

/// Points the hook word to the words of the C++ runtime, or to NULL, even if the program has hooks.
pub(crate) fn hide_hooks() {
    tls::set_hook_word(eh_globals().cast());
}

/// Returns true if the next switch is to be instrumented: the pair of the hook word is not zero.
#[inline(always)]
pub(crate) fn is_switch_instrumented() -> bool {
    let pair: *const [usize; 2] = tls::hook_word().cast();
    // SAFETY: the hook word is NULL or points to two words (W5 of `tls`).
    unsafe { pair.as_ref() }.is_some_and(|pair| pair[0] | pair[1] != 0)
}

/// Returns true if the running context handles or unwinds an exception.
pub(crate) fn are_any_handled() -> bool {
    // SAFETY: NULL, or the two words of the C++ runtime for this thread.
    unsafe { eh_globals().as_ref() }.is_some_and(|globals| globals.caught | globals.uncaught != 0)
}

arch::weak_functions! {
    /// The C++ runtime's function `__cxa_get_globals`. None: the program has no C++ runtime.
    fn get_globals() -> *mut EhGlobals = "__cxa_get_globals";
}

/// The two words of the C++ runtime for this thread. NULL: the program has no C++ runtime.
fn eh_globals() -> *mut EhGlobals {
    // SAFETY: a function of the C++ runtime without preconditions.
    get_globals().map_or(core::ptr::null_mut(), |globals| unsafe { globals() })
}

/// Returns the exception state of the running context, and clears it (X1).
pub(crate) fn save_eh_state() -> EhGlobals {
    let globals = eh_globals();
    if globals.is_null() {
        return NONE;
    }
    // SAFETY: the thread's own two words.
    unsafe { globals.replace(NONE) }
}

/// Writes the exception state of the context that has resumed (X1).
pub(crate) fn restore_eh_state(eh_state: EhGlobals) {
    init_hook_word();
    let globals = eh_globals();
    if !globals.is_null() {
        // SAFETY: the thread's own two words.
        unsafe { globals.write(eh_state) }
    }
}

/// The personality routine of the root frame (Itanium C++ ABI: Exception Handling, 1.6; X4).
///
/// An exception or a panic that comes here has left the entry function. The routine prints a line. Its answer makes the
/// runtime call `std::terminate`, while the frames that threw are still there. A forced unwind, by pthread_exit(3) or
/// cancellation, continues into the frames of the main coroutine.
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
        leave_by_forced_unwind();
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

/// Makes the main coroutine of the running one the current coroutine: a forced unwind leaves the running one.
/// Code that unwinds the main coroutine's frames may ask which coroutine runs.
fn leave_by_forced_unwind() {
    let co = tls::current();
    // SAFETY: the current coroutine, if any, exists, and so does the main coroutine that waits for it.
    unsafe {
        if let Some(main_co) = co.as_ref().map(|co| co.main_co)
            && !main_co.is_null()
        {
            sanitizer::switch_by_unwinding(co, main_co);
            tls::set_current(main_co);
        }
    }
}
