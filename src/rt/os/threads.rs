//! The library's threads: start, name, join, and cancellation; the signal mask of a thread.

use core::ffi::{CStr, c_int, c_void};
use core::fmt::Arguments;
use core::mem::MaybeUninit;
use core::ptr;

use super::refused::{Syscall, warn_if_refused};
use crate::diag::LineBuffer;
use crate::sanitizer;

/// The function that a thread runs.
pub(crate) type ThreadBody = extern "C" fn(*mut c_void) -> *mut c_void;

/// Starts a thread. It inherits the caller's signal mask, processors and floating-point environment.
pub(crate) fn start_thread(
    body: ThreadBody,
    argument: *mut c_void,
) -> Result<libc::pthread_t, c_int> {
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the call writes the thread if it succeeds.
    unsafe {
        match libc::pthread_create(thread.as_mut_ptr(), ptr::null(), body, argument) {
            0 => Ok(thread.assume_init()),
            error => Err(warn_if_refused(Syscall::Thread, error)),
        }
    }
}

/// Waits for the end of a thread that [`start_thread`] has started.
pub(crate) fn join_thread(thread: libc::pthread_t) {
    // SAFETY: the caller joins each thread once, and detaches none of those.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
}

/// Detaches a thread that [`start_thread`] has started: the system frees it at its end.
pub(crate) fn detach_thread(thread: libc::pthread_t) {
    // SAFETY: the caller does not join the thread.
    unsafe { libc::pthread_detach(thread) };
}

/// Names this thread. `name` has at most 15 bytes.
pub(crate) fn set_thread_name(name: &CStr) {
    // SAFETY: the name ends in 0.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::prctl(libc::PR_SET_NAME, name.as_ptr())
    };
    // SAFETY: the name ends in 0.
    #[cfg(target_os = "macos")]
    unsafe {
        libc::pthread_setname_np(name.as_ptr())
    };
    // SAFETY: the name ends in 0.
    #[cfg(target_os = "freebsd")]
    unsafe {
        libc::pthread_set_name_np(libc::pthread_self(), name.as_ptr())
    };
}

/// Names this thread, with text that is cut to 15 bytes. Tools show the name.
pub(crate) fn name_thread(text: Arguments) {
    const SIZE: usize = 16;
    let mut name = [0; SIZE];
    let line = LineBuffer::format(text);
    let text = line.bytes().iter().take_while(|byte| **byte != b'\n');
    for (to, from) in name.iter_mut().zip(text).take(SIZE - 1) {
        *to = *from;
    }
    if let Ok(name) = CStr::from_bytes_until_nul(&name) {
        set_thread_name(name);
    }
}

/// The signals that are blocked in this thread.
pub(crate) fn signal_mask() -> libc::sigset_t {
    let mut mask = MaybeUninit::zeroed();
    // SAFETY: the call writes the set, which is zeroed before.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
        mask.assume_init()
    }
}

/// Blocks these signals in this thread, and no others.
pub(crate) fn set_signal_mask(mask: &libc::sigset_t) {
    // MemorySanitizer's pthread_sigmask checks it, and may know this stack as another frame's.
    sanitizer::unpoison(ptr::from_ref(mask).cast_mut().cast(), size_of::<libc::sigset_t>());
    // SAFETY: the set is initialized.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
}

/// Blocks all signals in this thread. Returns the mask before, for [`set_signal_mask`].
pub(crate) fn block_signals() -> libc::sigset_t {
    let (mut all, mut before) = (MaybeUninit::zeroed(), MaybeUninit::zeroed());
    // SAFETY: the first call initializes the first set, the second call the second.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// The signals that can be blocked: all but SIGKILL, SIGSTOP, and those that the C library or an emulator uses.
pub(crate) fn blockable_signals() -> libc::sigset_t {
    let before = block_signals();
    let all = signal_mask();
    set_signal_mask(&before);
    all
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// Disables pthread_cancel(3) for this thread. Returns the state before, for [`restore_cancellation`].
pub(crate) fn disable_cancellation() -> c_int {
    // PTHREAD_CANCEL_DISABLE is 0 on macOS, and 1 on the other systems.
    const DISABLE: c_int = if cfg!(target_os = "macos") { 0 } else { 1 };
    let mut before = 0;
    // SAFETY: the second argument is writable.
    unsafe { pthread_setcancelstate(DISABLE, &mut before) };
    before
}

/// Restores the state that [`disable_cancellation`] has returned.
pub(crate) fn restore_cancellation(before: c_int) {
    let mut now = 0;
    // SAFETY: the second argument is writable.
    unsafe { pthread_setcancelstate(before, &mut now) };
}
