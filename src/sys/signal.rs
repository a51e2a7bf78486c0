//! Signals, and the stacks that they are handled on.

use core::ffi::{c_int, c_void};
use core::ptr;

/// A function that handles a signal, with what the kernel knows of it.
pub(crate) type SignalHandler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Has `handler` called for `signal`, on the thread's signal stack, unless it is None; stores what was
/// done before at `old`, unless NULL. False: `errno` says why.
///
/// # Safety
/// `old` is NULL or writable.
pub(crate) unsafe fn set_signal_action(
    signal: c_int,
    handler: Option<SignalHandler>,
    old: *mut libc::sigaction,
) -> bool {
    // SAFETY: `old` is NULL or writable; all zero is an action. An interceptor may write nothing there.
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

/// Sets the action for `signal` back.
///
/// # Safety
/// `action` is from [`set_signal_action`].
pub(crate) unsafe fn restore_signal_action(signal: c_int, action: *const libc::sigaction) {
    // SAFETY: `action` is from `set_signal_action`.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

/// Gives `signal` its default action.
pub(crate) fn set_default_action(signal: c_int) {
    // SAFETY: all zero is the default action.
    unsafe {
        let action: libc::sigaction = core::mem::zeroed();
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// Sends this thread a signal again, with all that came with it; while it is blocked it waits.
///
/// # Safety
/// `info` is what a handler was given.
pub(crate) unsafe fn resend_signal(signal: c_int, info: *const libc::siginfo_t) {
    // SAFETY: `info` is the kernel's; a process may send itself any signal with any information.
    unsafe {
        let (process, thread) = (libc::getpid(), libc::syscall(libc::SYS_gettid));
        if libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, info) != 0 {
            libc::raise(signal);
        }
    }
}

/// What the kernel takes of a stack to deliver a signal, in bytes (AT_MINSIGSTKSZ).
pub(crate) fn min_signal_stack_size() -> usize {
    const AT_MINSIGSTKSZ: libc::c_ulong = 51;
    // SAFETY: getauxval has no preconditions; 0 where the kernel does not say.
    unsafe { libc::getauxval(AT_MINSIGSTKSZ) as usize }
}

/// This thread's signal stack; None: it has none.
fn signal_stack() -> Option<libc::stack_t> {
    // SAFETY: all zero is one; the call writes it.
    unsafe {
        let mut stack: libc::stack_t = core::mem::zeroed();
        (libc::sigaltstack(ptr::null(), &mut stack) == 0 && stack.ss_flags & libc::SS_DISABLE == 0)
            .then_some(stack)
    }
}

/// Has this thread a signal stack?
pub(crate) fn has_signal_stack() -> bool {
    signal_stack().is_some()
}

/// Gives this thread a signal stack of `size` bytes. False: `errno` says why.
pub(crate) fn set_signal_stack(memory: *mut c_void, size: usize) -> bool {
    let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: size };
    // SAFETY: the memory is the caller's, and stays.
    unsafe { libc::sigaltstack(&stack, ptr::null_mut()) == 0 }
}

/// Takes the signal stack at `memory` off this thread, unless the thread has another by now. False: it is
/// on it.
pub(crate) fn remove_signal_stack(memory: *mut c_void) -> bool {
    let Some(stack) = signal_stack() else { return true };
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: only forgets.
    stack.ss_sp != memory || unsafe { libc::sigaltstack(&none, ptr::null_mut()) == 0 }
}
