//! The calls that Linux has in its own way: errno, signals, the stack of this thread, privilege.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// The address of this thread's errno.
pub(crate) fn errno_location() -> *mut c_int {
    // SAFETY: the function has no preconditions.
    unsafe { libc::__errno_location() }
}

/// The flags of a stack's memory: Linux (6.7) does not back it with huge pages.
pub(super) const STACK_FLAGS: c_int = libc::MAP_STACK;

/// Sends this thread a signal again, with its information. While the signal is blocked, it is pending.
///
/// # Safety
/// `info` points to the information that a handler of this signal got.
pub(crate) unsafe fn resend_signal(signal: c_int, info: *const libc::siginfo_t) {
    // SAFETY: `info` is from the kernel. A process may send itself any signal with any information.
    unsafe {
        let (process, thread) = (libc::getpid(), libc::syscall(libc::SYS_gettid));
        if libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal, info) != 0 {
            libc::raise(signal);
        }
    }
}

/// The bytes of a stack that the kernel needs to deliver a signal (AT_MINSIGSTKSZ). 0: the kernel does not tell.
pub(crate) fn min_signal_stack_size() -> usize {
    const AT_MINSIGSTKSZ: libc::c_ulong = 51;
    // SAFETY: getauxval has no preconditions.
    unsafe { libc::getauxval(AT_MINSIGSTKSZ) as usize }
}

/// The stack pointer of the code that a signal interrupted.
///
/// # Safety
/// `context` is the third argument of a running signal handler.
pub(crate) unsafe fn interrupted_stack_pointer(context: *mut c_void) -> usize {
    let context: *const libc::ucontext_t = context.cast();
    // SAFETY: the kernel passes a ucontext_t to the handler.
    unsafe {
        let machine = &raw const (*context).uc_mcontext;
        #[cfg(target_arch = "x86_64")]
        let address =
            (&raw const (*machine).gregs).cast::<libc::greg_t>().add(libc::REG_RSP as usize).read();
        #[cfg(target_arch = "aarch64")]
        let address = (*machine).sp;
        address as usize
    }
}

/// The lowest address of this thread's own stack. None: the C library does not tell.
pub(crate) fn thread_stack_low() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (ptr::null_mut(), 0);
    // SAFETY: if the first call succeeds, the attributes are initialized, and destroyed below.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let known = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        known.then_some(low.addr())
    }
}

/// Returns true if the program has more rights than its caller, as far as the kernel knows (AT_SECURE).
pub(crate) fn is_privileged() -> bool {
    // SAFETY: getauxval has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
