//! The actions of SIGSEGV and SIGBUS: the reporter's handler, and the action that it replaced (V2 to V5).

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::fault::report_if_overflow;
use crate::lock::Lock;
use crate::sys;

/// The lock of changes by calls of the program. The handler does not take it (V5).
#[unsafe(link_section = "aco_shared")]
static ACTION_LOCK: Lock = Lock::NEW;
/// The process that held the lock last.
#[unsafe(link_section = "aco_shared")]
static LAST_PROCESS: AtomicU32 = AtomicU32::new(0);
/// For each signal: the reporter is its action, or a later handler may call the reporter (V4).
#[unsafe(link_section = "aco_shared")]
static IN_CHAIN: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
/// For each signal: the action that the reporter replaced. It is written while no action calls the reporter.
static mut PREVIOUS: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::zeroed() }; 2];
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// The handler has restored an action: the reporter is to be installed again.
#[unsafe(link_section = "aco_shared")]
pub(super) static NEEDS_REINSTALL: AtomicBool = AtomicBool::new(false);

/// Returns the action of `signal` that the reporter replaced.
fn previous(signal: c_int) -> *mut libc::sigaction {
    (&raw mut PREVIOUS).cast::<libc::sigaction>().wrapping_add(usize::from(signal == libc::SIGBUS))
}

/// Returns the IN_CHAIN flag of `signal`.
fn in_chain(signal: c_int) -> &'static AtomicBool {
    let [first, second] = &IN_CHAIN;
    if signal == libc::SIGSEGV { first } else { second }
}

/// Returns the current action of `signal`. None: sigaction(2) failed.
fn current_action(signal: c_int) -> Option<libc::sigaction> {
    let mut now = MaybeUninit::uninit();
    // SAFETY: on success `now` is written.
    unsafe { sys::set_signal_action(signal, None, now.as_mut_ptr()).then(|| now.assume_init()) }
}

/// Returns true if `action` is the reporter.
fn is_reporter(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_fault as *const () as usize
}

/// Runs `work` with the lock of changes. A child of fork(2) frees the lock first: no thread that held it is in the
/// child.
pub(super) fn with_lock<T>(work: impl FnOnce() -> T) -> T {
    let process = sys::process_id();
    let before = LAST_PROCESS.swap(process, Ordering::SeqCst);
    if before != 0 && before != process {
        ACTION_LOCK.reset_after_fork();
    }
    let _guard = ACTION_LOCK.guard();
    work()
}

/// Makes the reporter the action of both signals, unless it is in their chains already (V4). Returns false on failure.
pub(super) fn install() -> bool {
    SIGNALS.into_iter().all(|signal| {
        let Some(now) = current_action(signal) else { return false };
        if is_reporter(&now) {
            // The program has saved this action and set it again, so PREVIOUS is still the action before it.
            in_chain(signal).store(true, Ordering::SeqCst);
            return true;
        }
        let is_handler = !matches!(now.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN);
        if is_handler && in_chain(signal).load(Ordering::SeqCst) {
            return true;
        }
        // SAFETY: no action calls the reporter, so the handler does not read the entry before it is written.
        unsafe {
            previous(signal).write(now);
            in_chain(signal).store(true, Ordering::SeqCst);
            let is_set = sys::set_signal_action(signal, Some(on_fault), ptr::null_mut());
            in_chain(signal).store(is_set, Ordering::SeqCst);
            is_set
        }
    })
}

/// Restores the replaced actions of both signals (V3).
pub(super) fn remove() {
    for signal in SIGNALS.into_iter().filter(|&signal| in_chain(signal).load(Ordering::SeqCst)) {
        restore(signal);
    }
}

/// Restores the replaced action of `signal`, if its current action is the reporter (V3). Returns false if it is not.
pub(super) fn restore(signal: c_int) -> bool {
    let is_installed = current_action(signal).is_some_and(|now| is_reporter(&now));
    if is_installed {
        // SAFETY: the reporter is the action, so `install` has written the entry.
        unsafe { sys::restore_signal_action(signal, previous(signal)) };
        in_chain(signal).store(false, Ordering::SeqCst);
    }
    is_installed
}

/// The handler: reports an overflow, and lets the signal take its course (V2).
///
/// # Safety
/// The kernel or another handler calls it with what the kernel passes to a handler.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let errno = sys::errno();
    // SAFETY: `info` and `context` are from the kernel. `install` wrote the entry before this handler was reachable.
    unsafe {
        let is_synchronous = is_synchronous(signal, (*info).si_code);
        if is_synchronous {
            report_if_overflow(&*info, context);
        }
        if restore(signal) {
            NEEDS_REINSTALL.store(true, Ordering::SeqCst);
            if !is_synchronous {
                sys::resend_signal(signal, info); // the signal is blocked until the handler returns
            }
        } else {
            forward(signal, info, context, is_synchronous);
        }
    }
    sys::set_errno(errno);
}

/// Returns true if an instruction of this thread caused the signal: it does so again when it runs again. Other signals
/// are sent, or report an event that is not at the interrupted instruction.
fn is_synchronous(signal: c_int, code: c_int) -> bool {
    const BUS_MCEERR_AO: c_int = 5;
    const SEGV_MTEAERR: c_int = 8;
    let asynchronous = if signal == libc::SIGBUS { BUS_MCEERR_AO } else { SEGV_MTEAERR };
    code > 0 && code != asynchronous
}

/// Acts on a signal as the replaced action would. The current action is another one: its handler has called the
/// reporter, or another thread has just changed the action.
///
/// # Safety
/// As [`on_fault`].
unsafe fn forward(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
    is_synchronous: bool,
) {
    // SAFETY: `info` and `context` are from the kernel. `install` has written the entry: a handler in it has the type
    // that its flags say.
    unsafe {
        let next = previous(signal).read();
        let is_restored = !in_chain(signal).load(Ordering::SeqCst)
            && current_action(signal).is_some_and(|now| now.sa_sigaction == next.sa_sigaction);
        match next.sa_sigaction {
            // Another thread has restored it: the fault happens again, and the kernel calls it.
            _ if is_restored && is_synchronous => {}
            libc::SIG_IGN if !is_synchronous => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                sys::set_default_action(signal);
                if !is_synchronous {
                    sys::resend_signal(signal, info);
                }
            }
            handler if next.sa_flags & libc::SA_SIGINFO != 0 => {
                mem::transmute::<usize, sys::SignalHandler>(handler)(signal, info, context);
            }
            handler => {
                mem::transmute::<usize, unsafe extern "C" fn(c_int)>(handler)(signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fault_of_an_instruction_is_synchronous() {
        const SEGV_ACCERR: c_int = 2;
        const BUS_ADRERR: c_int = 2;
        assert!(is_synchronous(libc::SIGSEGV, SEGV_ACCERR));
        assert!(is_synchronous(libc::SIGBUS, BUS_ADRERR));
        for signal in SIGNALS {
            for code in [libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL] {
                assert!(!is_synchronous(signal, code));
            }
        }
        // Memory that failed, and a tag that did not match, somewhere.
        assert!(!is_synchronous(libc::SIGBUS, 5) && !is_synchronous(libc::SIGSEGV, 8));
    }
}
