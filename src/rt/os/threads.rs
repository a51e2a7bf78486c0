//! Threads of the library's: started, named, joined; and the signals that a thread has blocked.

use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use super::refused::{Call, report};

/// What a thread runs.
pub(crate) type ThreadBody = extern "C" fn(*mut c_void) -> *mut c_void;

/// Starts a thread. It inherits the caller's signal mask, processors and floating-point environment.
pub(crate) fn start_thread(
    body: ThreadBody,
    argument: *mut c_void,
) -> Result<libc::pthread_t, c_int> {
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the thread is written where the call succeeds.
    unsafe {
        match libc::pthread_create(thread.as_mut_ptr(), ptr::null(), body, argument) {
            0 => Ok(thread.assume_init()),
            error => Err(report(Call::Thread, error)),
        }
    }
}

/// Waits for the end of a thread of [`start_thread`].
pub(crate) fn join_thread(thread: libc::pthread_t) {
    // SAFETY: each such thread is joined once.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
}

/// No thread joins this thread of [`start_thread`].
pub(crate) fn detach_thread(thread: libc::pthread_t) {
    // SAFETY: no call joins it.
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

/// Bytes of a thread's name, with the 0 at its end.
const NAME_SIZE: usize = 16;

/// Names this thread as tools show it, `prefix` and `number`: the first 15 bytes of that.
pub(crate) fn name_thread(prefix: &CStr, number: u32) {
    let mut name = [0; NAME_SIZE];
    let mut digits = [0; 10];
    let mut rest = number;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    let text = prefix.to_bytes().iter().chain(digits.iter().skip(digits.len() - count));
    for (place, byte) in name.iter_mut().zip(text).take(NAME_SIZE - 1) {
        *place = *byte;
    }
    if let Ok(name) = CStr::from_bytes_until_nul(&name) {
        set_thread_name(name);
    }
}

/// The signals that this thread has blocked.
pub(crate) fn signal_mask() -> libc::sigset_t {
    let mut mask = MaybeUninit::zeroed();
    // SAFETY: the call writes the set, whose bytes are zero before.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
        mask.assume_init()
    }
}

/// This thread has these signals blocked, and no others.
pub(crate) fn set_signal_mask(mask: &libc::sigset_t) {
    // SAFETY: the set is initialized.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
}

/// This thread has all signals blocked. Gives those that it had, for [`set_signal_mask`].
pub(crate) fn block_signals() -> libc::sigset_t {
    let (mut all, mut before) = (MaybeUninit::zeroed(), MaybeUninit::zeroed());
    // SAFETY: the first call initializes the first set, the second call the second.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// The signals that can be blocked: all but SIGKILL, SIGSTOP, and what the C library or an emulator keeps for itself.
pub(crate) fn signals_to_block() -> libc::sigset_t {
    let before = block_signals();
    let all = signal_mask();
    set_signal_mask(&before);
    all
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// pthread_cancel(3) does not end this thread from here on. Gives how it was, for [`restore_cancellation`].
pub(crate) fn disable_cancellation() -> c_int {
    // It is 0 on macOS, and 1 elsewhere.
    const DISABLE: c_int = if cfg!(target_os = "macos") { 0 } else { 1 };
    let mut before = 0;
    // SAFETY: the place is writable.
    unsafe { pthread_setcancelstate(DISABLE, &mut before) };
    before
}

/// See [`disable_cancellation`].
pub(crate) fn restore_cancellation(before: c_int) {
    let mut now = 0;
    // SAFETY: the place is writable.
    unsafe { pthread_setcancelstate(before, &mut now) };
}
