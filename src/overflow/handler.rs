//! The handler of SIGSEGV and SIGBUS.

use core::ffi::{c_int, c_void};
use core::mem;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::actions::{hand_on, put_back};
use super::fault::{Overflow, is_overflow, print};
use super::users::{DESCRIBE, Describe, IS_ASKED, RUNTIMES};
use crate::{arch, coroutine, sys, tls};

/// Is it to be put back?
#[unsafe(link_section = "aco_shared")]
pub(super) static IS_OFF_DUTY: AtomicBool = AtomicBool::new(false);

/// The thread and the address of the last line.
#[unsafe(link_section = "aco_shared")]
static LAST: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// A signal: ours to look at, another's to handle.
pub(super) unsafe extern "C" fn on_fault(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let errno = sys::errno();
    // SAFETY: the kernel's own structs. The action before was recorded before this was called.
    unsafe {
        let comes_again = comes_again(signal, (*info).si_code);
        if comes_again {
            look(&*info, context);
        }
        if put_back(signal) {
            IS_OFF_DUTY.store(true, Ordering::SeqCst);
            if !comes_again {
                sys::requeue(signal, info); // delivered when this returns
            }
        } else {
            hand_on(signal, info, context, comes_again);
        }
    }
    sys::set_errno(errno);
}

/// Returns true for a signal of an instruction, which does the same when it runs again. The others are sent,
/// or tell of something that has happened elsewhere.
fn comes_again(signal: c_int, code: c_int) -> bool {
    const BUS_MCEERR_AO: c_int = 5;
    const SEGV_MTEAERR: c_int = 8;
    let elsewhere = if signal == libc::SIGBUS { BUS_MCEERR_AO } else { SEGV_MTEAERR };
    code > 0 && code != elsewhere
}

/// Prints a line if the fault is an overflow.
///
/// # Safety
/// As [`on_fault`].
unsafe fn look(info: &libc::siginfo_t, context: *mut c_void) {
    // SAFETY: a fault has an address; a running coroutine exists, and its stack.
    unsafe {
        let (address, stack_pointer) = (info.si_addr() as usize, arch::interrupted(context));
        let Some(co) = coroutine::running() else { return };
        let is_asked = IS_ASKED.load(Ordering::Relaxed);
        if !is_overflow(co, address, stack_pointer, is_asked) {
            return;
        }
        if is_repeated(address) {
            return;
        }
        let overflow = Overflow { co, address, stack_pointer };
        let describe = DESCRIBE.load(Ordering::Relaxed);
        let is_told = RUNTIMES.load(Ordering::Relaxed) != 0
            && !describe.is_null()
            && mem::transmute::<*mut c_void, Describe>(describe)(&overflow);
        if !is_told && is_asked {
            print(&overflow);
        }
    }
}

/// Returns true if the last line was of this address, too, in this thread: its fault happens again before the action
/// before has it, since another thread has put the reporter back meanwhile.
fn is_repeated(address: usize) -> bool {
    let thread = tls::thread_state().addr();
    let [last_thread, last_address] = &LAST;
    let is_same = last_thread.load(Ordering::Relaxed) == thread
        && last_address.load(Ordering::Relaxed) == address;
    last_thread.store(thread, Ordering::Relaxed);
    last_address.store(address, Ordering::Relaxed);
    is_same
}

/// This thread goes on after a fault: the next one at the same address is another.
pub(super) fn forget_last() {
    let thread = tls::thread_state().addr();
    let [last_thread, _] = &LAST;
    let _ = last_thread.compare_exchange(thread, 0, Ordering::Relaxed, Ordering::Relaxed);
}
