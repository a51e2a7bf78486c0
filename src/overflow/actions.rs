//! The actions of SIGSEGV and SIGBUS: the reporter's handler, and what was there before it.
//!
//! Invariants 2 to 4 of [`overflow`](super) are kept here.

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::on_fault;
use crate::lock::Lock;
use crate::sys;

/// For changes of the signals' actions by the program's calls; the handler does not take it.
#[unsafe(link_section = "aco_shared")]
static CHANGES: Lock = Lock::new();
/// The process that has changed them last.
#[unsafe(link_section = "aco_shared")]
static PROCESS: AtomicU32 = AtomicU32::new(0);
/// The reporter is the action of the signal, or a later handler may call it (invariant 4).
#[unsafe(link_section = "aco_shared")]
static IS_PLACED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
/// What SIGSEGV and SIGBUS did before; written while no action calls the reporter.
static mut BEFORE: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::zeroed() }; 2];
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// The action before, of a signal.
fn before(signal: c_int) -> *mut libc::sigaction {
    (&raw mut BEFORE).cast::<libc::sigaction>().wrapping_add(usize::from(signal == libc::SIGBUS))
}

fn is_placed(signal: c_int) -> &'static AtomicBool {
    let [first, second] = &IS_PLACED;
    if signal == libc::SIGSEGV { first } else { second }
}

/// The present action of a signal. None: the system does not tell.
fn present(signal: c_int) -> Option<libc::sigaction> {
    let mut now = MaybeUninit::uninit();
    // SAFETY: `now` is written.
    unsafe { sys::set_signal_action(signal, None, now.as_mut_ptr()).then(|| now.assume_init()) }
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_fault as *const () as usize
}

/// Changes actions alone in the process. A child of fork(2) has none of the threads that did so in its parent.
pub(super) fn change<T>(work: impl FnOnce() -> T) -> T {
    let process = sys::process_id();
    let before = PROCESS.swap(process, Ordering::SeqCst);
    if before != 0 && before != process {
        CHANGES.reset_after_fork();
    }
    let _guard = CHANGES.lock_guard();
    work()
}

/// Puts the reporter before whatever handles the signals now, unless it is in their chains. An action that is no handler
/// calls none, so it ends a chain.
pub(super) fn install() -> bool {
    SIGNALS.into_iter().all(|signal| {
        let Some(now) = present(signal) else { return false };
        if is_ours(&now) {
            // The program has saved this action, and set it again: what was before it still is.
            is_placed(signal).store(true, Ordering::SeqCst);
            return true;
        }
        let is_handler = !matches!(now.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN);
        if is_handler && is_placed(signal).load(Ordering::SeqCst) {
            return true;
        }
        // SAFETY: the entry is written before the handler can be called.
        unsafe {
            before(signal).write(now);
            is_placed(signal).store(true, Ordering::SeqCst);
            let is_done = sys::set_signal_action(signal, Some(on_fault), ptr::null_mut());
            is_placed(signal).store(is_done, Ordering::SeqCst);
            is_done
        }
    })
}

/// Puts the actions before back, where the present ones are the reporter's.
pub(super) fn remove() {
    for signal in SIGNALS.into_iter().filter(|&signal| is_placed(signal).load(Ordering::SeqCst)) {
        put_back(signal);
    }
}

/// [`remove`] for a signal. False: its present action is another.
pub(super) fn put_back(signal: c_int) -> bool {
    let is_there = present(signal).is_some_and(|now| is_ours(&now));
    if is_there {
        // SAFETY: recorded when the reporter was placed.
        unsafe { sys::restore_signal_action(signal, before(signal)) };
        is_placed(signal).store(false, Ordering::SeqCst);
    }
    is_there
}

/// Another handler has called this one, or has taken its place just now.
///
/// # Safety
/// As [`on_fault`].
pub(super) unsafe fn hand_on(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
    comes_again: bool,
) {
    // SAFETY: `info` and `context` are the kernel's; the handler before takes what its flags say.
    unsafe {
        let next = before(signal).read();
        let is_back = !is_placed(signal).load(Ordering::SeqCst)
            && present(signal).is_some_and(|now| now.sa_sigaction == next.sa_sigaction);
        match next.sa_sigaction {
            // Another thread has put it back in between.
            _ if is_back && comes_again => {}
            libc::SIG_IGN if !comes_again => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                sys::set_default_action(signal);
                if !comes_again {
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
