//! Signals: their actions, and the signal stack of a thread.

use core::ffi::{c_int, c_void};
use core::ptr;

/// A handler with the three arguments of `SA_SIGINFO`.
pub(crate) type SignalHandler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Makes `handler` the action for `signal`, on the thread's signal stack; None changes nothing. Writes the previous
/// action to `old`, unless that is NULL. Returns false on failure: see `errno`.
///
/// # Safety
/// `old` is NULL or valid for writes.
pub(crate) unsafe fn set_signal_action(
    signal: c_int,
    handler: Option<SignalHandler>,
    old: *mut libc::sigaction,
) -> bool {
    // SAFETY: `old` is NULL or valid for writes. All zero is an action: an interceptor of a sanitizer may write
    // nothing.
    unsafe {
        if !old.is_null() {
            old.write_bytes(0, 1);
        }
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let new = match handler {
            Some(handler) => {
                action.sa_sigaction = handler as usize;
                &raw const action
            }
            None => ptr::null(),
        };
        libc::sigaction(signal, new, old) == 0
    }
}

/// Restores an action for `signal`.
///
/// # Safety
/// `action` points to an action that [`set_signal_action`] wrote.
pub(crate) unsafe fn restore_signal_action(signal: c_int, action: *const libc::sigaction) {
    // SAFETY: `sigaction` has written the action, so it is valid; NULL: the present one is not asked for.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

/// Sets the default action for `signal`.
pub(crate) fn set_default_action(signal: c_int) {
    // SAFETY: all zero is the default action.
    unsafe {
        let action: libc::sigaction = core::mem::zeroed();
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// This thread's signal stack. None: it has none.
fn signal_stack() -> Option<libc::stack_t> {
    // SAFETY: all zero is a `stack_t`, which the call writes.
    unsafe {
        let mut stack: libc::stack_t = core::mem::zeroed();
        (libc::sigaltstack(ptr::null(), &mut stack) == 0 && stack.ss_flags & libc::SS_DISABLE == 0)
            .then_some(stack)
    }
}

/// Returns true if this thread has a signal stack.
pub(crate) fn has_signal_stack() -> bool {
    signal_stack().is_some()
}

/// Sets the signal stack of this thread: `size` bytes at `memory`. Returns false on failure: see `errno`.
///
/// # Safety
/// The memory is mapped, and has no other use, until [`remove_signal_stack`] returns true.
pub(crate) unsafe fn set_signal_stack(memory: *mut c_void, size: usize) -> bool {
    let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: size };
    // SAFETY: the memory is mapped until the signal stack is removed.
    unsafe { libc::sigaltstack(&stack, ptr::null_mut()) == 0 }
}

/// Removes the signal stack at `memory` from this thread, unless the thread has another one. Returns false if the
/// thread runs on it.
pub(crate) fn remove_signal_stack(memory: *mut c_void) -> bool {
    let Some(stack) = signal_stack() else { return true };
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: `none` is a valid struct; the kernel only drops its record of the memory.
    stack.ss_sp != memory || unsafe { libc::sigaltstack(&none, ptr::null_mut()) == 0 }
}
