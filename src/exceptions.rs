//! C++ exceptions that are being handled: each context keeps its own.
//!
//! The C++ runtime counts, for each thread, the exceptions that are inside a `catch` and those that
//! are on their way. A coroutine that is switched away from inside a `catch` must find its own again,
//! and nobody else must find them: who leaves puts them aside, on its own stack, and takes them back
//! when it goes on. The word after the hint (see `tls`) points to the thread's, so that every switch
//! can see at once whether there is anything to put aside; it is NULL in programs without C++. Where a
//! sanitizer watches, the word is its (`sanitizer`), and says at each switch that there is something; where
//! the program has hooks, it is theirs (`hooks`).

use core::ffi::{c_int, c_void};

use crate::{arch, diag, sanitizer, tls};

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

/// Sets the thread's word, if there is anything for it: what the sanitizers are told of switches, or
/// the exceptions of a program that has a C++ runtime.
#[inline(always)]
pub(crate) fn find() {
    if tls::exceptions().is_null() && (get_globals().is_some() || sanitizer::tracks_switches()) {
        set_word();
    }
}

#[cold]
#[inline(never)]
fn set_word() {
    if sanitizer::tracks_switches() {
        if let Some(watch) = sanitizer::attach_thread() {
            tls::set_exceptions(watch.as_ptr());
        }
    } else {
        look_again();
    }
}

/// Sets the thread's word anew: it has hooks or has them no longer, or came back from where nobody saw to
/// it. The word of the sanitizers stays.
pub(crate) fn look_again() {
    // SAFETY: the thread's own state.
    let has_hooks = unsafe { !(*tls::thread_state()).hooks.is_null() };
    if sanitizer::tracks_switches() {
        find();
    } else if has_hooks {
        tls::set_exceptions(tls::own_words());
    } else {
        look_away();
    }
}

/// Sets the word to the exceptions, whatever hooks there are.
pub(crate) fn look_away() {
    tls::set_exceptions(of_thread().cast());
}

/// Are there any that would have to be put aside?
pub(crate) fn are_handled() -> bool {
    // SAFETY: what the C++ runtime has for this thread, or NULL.
    unsafe { of_thread().as_ref() }.is_some_and(|globals| globals.caught | globals.uncaught != 0)
}

/// The C++ runtime's function; None in programs without one.
#[inline(always)]
fn get_globals() -> Option<unsafe extern "C" fn() -> *mut Globals> {
    // SAFETY: the address of that function, or NULL, which is None.
    unsafe { core::mem::transmute(arch::weak_symbol!("__cxa_get_globals")) }
}

/// What the C++ runtime has for this thread; NULL without one.
fn of_thread() -> *mut Globals {
    // SAFETY: the runtime's function; it has no preconditions.
    get_globals().map_or(core::ptr::null_mut(), |globals| unsafe { globals() })
}

/// Takes what is being handled in this thread out of the runtime's sight.
pub(crate) fn put_aside() -> Globals {
    let globals = of_thread();
    if globals.is_null() {
        return NONE;
    }
    // SAFETY: the thread's own.
    unsafe { globals.replace(NONE) }
}

/// Gives it back, in the thread that goes on with it.
pub(crate) fn take_back(kept: Globals) {
    find();
    let globals = of_thread();
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
        give_up();
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

/// The running coroutine is unwound by force: the one that waits for it in a resume is the current one
/// now, and what unwinds its frames may ask for that.
fn give_up() {
    let co = tls::current();
    // SAFETY: the current coroutine exists, and so does who waits for it.
    unsafe {
        if let Some(main_co) = co.as_ref().map(|co| co.main_co)
            && !main_co.is_null()
        {
            sanitizer::switch_by_unwinding(co, main_co);
            tls::set_current(main_co);
        }
    }
}
