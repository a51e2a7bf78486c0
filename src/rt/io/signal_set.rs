//! Sets of signals as a word, and as the C library has them.

use core::ffi::c_int;
use core::mem::MaybeUninit;

/// A set of signals: bit 0 is signal 1. It is the kernel's format as well.
pub(crate) type SignalSet = u64;

/// The largest signal number.
const MAX_SIGNAL: c_int = 64;

fn bit(signal: c_int) -> SignalSet {
    1 << (signal - 1)
}

/// Converts a set of the C library.
///
/// # Safety
/// `set` points to an initialized set.
#[inline(never)]
pub(crate) unsafe fn from_sigset(set: *const libc::sigset_t) -> SignalSet {
    // SAFETY: the set is initialized.
    let has = |&signal: &c_int| unsafe { libc::sigismember(set, signal) == 1 };
    (1..=MAX_SIGNAL).filter(has).fold(0, |signals, signal| signals | bit(signal))
}

/// Converts to a set of the C library. Signals that the C library reserves for itself are left out.
#[inline(never)]
pub(crate) fn to_sigset(signals: SignalSet) -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: sigemptyset(3) initializes the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in (1..=MAX_SIGNAL).filter(|signal| signals & bit(*signal) != 0) {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

#[cfg(test)]
mod tests {
    use super::{bit, from_sigset, to_sigset};

    #[test]
    fn bits_are_the_kernels() {
        assert_eq!(bit(1) | bit(2) | bit(64), 0x8000_0000_0000_0003);
    }

    #[test]
    fn sets_come_back_as_they_were() {
        let some = bit(libc::SIGINT) | bit(libc::SIGCHLD) | bit(libc::SIGRTMAX());
        for signals in [0, bit(1), some, bit(64)] {
            // SAFETY: the set is initialized.
            assert_eq!(unsafe { from_sigset(&to_sigset(signals)) }, signals);
        }
    }

    #[test]
    fn members_are_the_c_librarys() {
        let set = to_sigset(bit(libc::SIGTERM));
        // SAFETY: the set is initialized.
        let has = |signal| unsafe { libc::sigismember(&set, signal) == 1 };
        assert!(has(libc::SIGTERM) && !has(libc::SIGINT) && !has(libc::SIGKILL));
    }
}
