//! Which coroutines there are.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::aco_t;
use crate::{diag, hooks, listing, stack};

/// Calls `visit` with each coroutine of this thread, in no certain order, and `data`, until it returns
/// something else than 0, and returns that, or 0. A thread's are those that it made, main coroutines and ended ones among them,
/// until they are destroyed; those that a thread has left behind when it ended are those of the next
/// thread that gets their memory. Copies by value are not among them. `visit` may make coroutines, which
/// it may then be called with, and destroy any, the one that it is called with, too; it must return.
/// Aborts where `visit` is NULL.
///
/// # Safety
/// `visit` is NULL or can be called with them. No other thread destroys one of them meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_foreach(
    visit: Option<unsafe extern "C" fn(co: *mut aco_t, data: *mut c_void) -> c_int>,
    data: *mut c_void,
) -> c_int {
    let Some(visit) = visit else {
        let nothing = ptr::null::<aco_t>();
        diag::fatal("aco_foreach", nothing, format_args!("visit is NULL"), "pass a function")
    };
    // SAFETY: the caller's promise.
    listing::for_each(|co| unsafe { visit(co, data) })
}

/// Writes a line for each coroutine of this thread to the file descriptor `fd`, with write(2), without
/// allocating memory:
///
///     0x7f06c2a00080 main
///     0x7f06c2a00140 suspended "reader" id 3, entry reader+0x0, stack 208 of 65536, standalone, at reader+0x2e
///     0x7f06c2c00080 fresh, entry program+0x1280, stack 0 of 2097152, copied
///
/// The states are main, fresh (not begun), running, waiting (in a resume), suspended, ended. A place in
/// the code is a function and an offset where the dynamic symbols have one (-rdynamic gives a program's
/// own), else the module and an offset, for addr2line(1), and a plain address in a program that is linked
/// statically; where a sanitizer watches, and inside a `catch`, a suspended coroutine's is in the library.
/// `stack` says how much of it is in use, as far as aco_stack_used() knows. For debugging: not from a
/// signal handler. 0; or -1 and the errno of write(2), and what came before is written.
#[unsafe(no_mangle)]
pub extern "C" fn aco_dump(fd: c_int) -> c_int {
    if listing::dump(fd) { 0 } else { -1 }
}

/// Ends this thread's use of the library, as far as the library keeps something for it: destroyed stacks
/// that it keeps for the next ones go back to the system, and its hooks are off. How many of its
/// coroutines (see aco_foreach()) have not ended: those that have not begun, and those that were never
/// resumed to their end. They stay as they are. The thread may go on with the library, and call this
/// again.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_exit() -> usize {
    hooks::set(ptr::null());
    stack::release_cached();
    listing::count_incomplete()
}
