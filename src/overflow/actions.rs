//! The actions of SIGSEGV and SIGBUS: the reporter's handler, and what was there before it.
//!
//! Invariants 2 to 4 of [`overflow`](super) are kept here.

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::fault::report_if_overflow;
use crate::lock::Lock;
use crate::sys;

/// For changes of the signals' actions by the program's calls; the handler does not take it.
#[unsafe(link_section = "aco_shared")]
static ACTION_LOCK: Lock = Lock::new();
/// The process that has changed them last.
#[unsafe(link_section = "aco_shared")]
static LAST_PROCESS: AtomicU32 = AtomicU32::new(0);
/// The reporter is the action of the signal, or a later handler may call it (invariant 4).
#[unsafe(link_section = "aco_shared")]
static IN_CHAIN: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
/// What SIGSEGV and SIGBUS did before; written while no action calls the reporter.
static mut PREVIOUS: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::zeroed() }; 2];
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Is it to be put back?
#[unsafe(link_section = "aco_shared")]
pub(super) static NEEDS_REINSTALL: AtomicBool = AtomicBool::new(false);

/// The action before, of a signal.
fn previous(signal: c_int) -> *mut libc::sigaction {
    (&raw mut PREVIOUS).cast::<libc::sigaction>().wrapping_add(usize::from(signal == libc::SIGBUS))
}

fn in_chain(signal: c_int) -> &'static AtomicBool {
    let [first, second] = &IN_CHAIN;
    if signal == libc::SIGSEGV { first } else { second }
}

/// The present action of a signal. None: the system does not tell.
fn current_action(signal: c_int) -> Option<libc::sigaction> {
    let mut now = MaybeUninit::uninit();
    // SAFETY: `now` is written.
    unsafe { sys::signal_action(signal, None, now.as_mut_ptr()).then(|| now.assume_init()) }
}

fn is_reporter(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_fault as *const () as usize
}

/// Changes actions alone in the process. A child of fork(2) has none of the threads that did so in its parent.
pub(super) fn with_lock<T>(work: impl FnOnce() -> T) -> T {
    let process = sys::process_id();
    let before = LAST_PROCESS.swap(process, Ordering::SeqCst);
    if before != 0 && before != process {
        ACTION_LOCK.free_after_fork();
    }
    ACTION_LOCK.hold(work)
}

/// Puts the reporter before whatever handles the signals now, unless it is in their chains. An action that is no handler
/// calls none, so it ends a chain.
pub(super) fn install() -> bool {
    SIGNALS.into_iter().all(|signal| {
        let Some(now) = current_action(signal) else { return false };
        if is_reporter(&now) {
            // The program has saved this action, and set it again: what was before it still is.
            in_chain(signal).store(true, Ordering::SeqCst);
            return true;
        }
        let is_handler = !matches!(now.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN);
        if is_handler && in_chain(signal).load(Ordering::SeqCst) {
            return true;
        }
        // SAFETY: the entry is written before the handler can be called.
        unsafe {
            previous(signal).write(now);
            in_chain(signal).store(true, Ordering::SeqCst);
            let is_set = sys::signal_action(signal, Some(on_fault), ptr::null_mut());
            in_chain(signal).store(is_set, Ordering::SeqCst);
            is_set
        }
    })
}

/// Puts the actions before back, where the present ones are the reporter's.
pub(super) fn remove() {
    for signal in SIGNALS.into_iter().filter(|&signal| in_chain(signal).load(Ordering::SeqCst)) {
        restore(signal);
    }
}

/// [`remove`] for a signal. False: its present action is another.
pub(super) fn restore(signal: c_int) -> bool {
    let is_installed = current_action(signal).is_some_and(|now| is_reporter(&now));
    if is_installed {
        // SAFETY: recorded when the reporter was placed.
        unsafe { sys::restore_action(signal, previous(signal)) };
        in_chain(signal).store(false, Ordering::SeqCst);
    }
    is_installed
}

/// A signal: ours to look at, another's to handle.
pub(super) unsafe extern "C" fn on_fault(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let errno = sys::errno();
    // SAFETY: the kernel's own structs. The action before was recorded before this was called.
    unsafe {
        let is_synchronous = is_synchronous(signal, (*info).si_code);
        if is_synchronous {
            report_if_overflow(&*info, context);
        }
        if restore(signal) {
            NEEDS_REINSTALL.store(true, Ordering::SeqCst);
            if !is_synchronous {
                sys::requeue(signal, info); // delivered when this returns
            }
        } else {
            forward(signal, info, context, is_synchronous);
        }
    }
    sys::set_errno(errno);
}

/// Returns true for a signal of an instruction, which does the same when it runs again. The others are sent,
/// or tell of something that has happened elsewhere.
fn is_synchronous(signal: c_int, code: c_int) -> bool {
    const BUS_MCEERR_AO: c_int = 5;
    const SEGV_MTEAERR: c_int = 8;
    let elsewhere = if signal == libc::SIGBUS { BUS_MCEERR_AO } else { SEGV_MTEAERR };
    code > 0 && code != elsewhere
}

/// Another handler has called this one, or has taken its place just now.
///
/// # Safety
/// As [`on_fault`].
pub(super) unsafe fn forward(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
    is_synchronous: bool,
) {
    // SAFETY: `info` and `context` are the kernel's; the handler before takes what its flags say.
    unsafe {
        let next = previous(signal).read();
        let is_back = !in_chain(signal).load(Ordering::SeqCst)
            && current_action(signal).is_some_and(|now| now.sa_sigaction == next.sa_sigaction);
        match next.sa_sigaction {
            // Another thread has put it back in between.
            _ if is_back && is_synchronous => {}
            libc::SIG_IGN if !is_synchronous => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                sys::take_default_action(signal);
                if !is_synchronous {
                    sys::requeue(signal, info);
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
