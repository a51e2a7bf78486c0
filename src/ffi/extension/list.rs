//! The coroutines of a thread.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::aco_t;
use crate::{diag, hooks, listing, stack};

/// Calls `visit` with each coroutine of the calling thread and `data`. The order is not defined. A
/// value other than 0 ends the calls. A thread's coroutines are those that it created, including
/// main coroutines and ended ones, until they are destroyed. When a thread ends, its coroutines
/// belong to the next thread that gets its memory. Copies by value are not visited.
///
/// `visit` may create coroutines, which it may be called with, too. It may destroy any coroutine,
/// also the one that it is called with. It must return normally.
///
/// # Returns
/// The value of the last call. 0 without any coroutine.
///
/// # Aborts
/// If `visit` is NULL.
///
/// # Safety
/// No other thread destroys one of the coroutines during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_foreach(
    visit: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void) -> c_int>,
    data: *mut c_void,
) -> c_int {
    let Some(visit) = visit else {
        let nothing = ptr::null::<aco_t>();
        diag::fatal("aco_foreach", nothing, format_args!("visit is NULL"), "pass a function")
    };
    // SAFETY: `visit` can be called with a coroutine and `data` (F3).
    listing::for_each(|co| unsafe { visit(co, data) })
}

/// Writes a line for each coroutine of the calling thread to the file descriptor `fd`, with
/// write(2). Allocates no memory. Do not call it in a signal handler.
///
///     0x7f06c2a00080 main
///     0x7f06c2a00140 suspended "reader" id 3, entry reader+0x0, stack 208 of 65536, standalone, at reader+0x2e
///     0x7f06c2c00080 fresh, entry program+0x1280, stack 0 of 2097152, copied
///
/// The states are main, fresh (not started), running, waiting (in a resume), suspended and ended. A
/// code address is shown as function and offset, if the dynamic symbols have the function.
/// -rdynamic adds those of the program. Otherwise it is shown as module and offset, for
/// addr2line(1). In a statically linked program it is a plain address. Under a sanitizer, and
/// within a `catch`, a suspended coroutine is shown at an address in the library. `stack` is the
/// use that aco_stack_used() knows.
///
/// # Returns
/// 0, or -1 and `errno`. The lines before a failure are written.
///
/// # Errors
/// - The errors of write(2).
#[unsafe(no_mangle)]
pub extern "C" fn aco_dump(fd: c_int) -> c_int {
    if listing::dump(fd) { 0 } else { -1 }
}

/// Releases what the library keeps for the calling thread: returns the memory of its destroyed
/// stacks to the system, and removes its hooks. The coroutines of the thread stay as they are. The
/// thread may use the library again, and may call this function again.
///
/// # Returns
/// The number of the thread's coroutines that have not ended. Coroutines that never started count.
/// Main coroutines do not.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_exit() -> usize {
    hooks::set(ptr::null());
    stack::release_cached();
    listing::count_incomplete()
}
