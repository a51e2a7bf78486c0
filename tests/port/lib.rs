//! The runtime's poller and the calls that each system has in its own way, without the rest, which is for
//! Linux: so that a compiler for macOS or FreeBSD can be asked about them.

#![no_std]
#![deny(warnings)]
// Who uses them is not here.
#![allow(dead_code, unused_imports)]

#[path = "."]
mod rt {
    #[path = "../../src/rt/os/mod.rs"]
    pub(crate) mod os;
}

/// What they use of `src/sys/`.
mod sys {
    use core::ffi::c_int;

    pub(crate) fn errno_location() -> *mut c_int {
        // SAFETY: no preconditions.
        unsafe { libc::__error() }
    }

    pub(crate) fn abort() -> ! {
        // SAFETY: no preconditions.
        unsafe { libc::abort() }
    }

    pub(crate) fn errno() -> c_int {
        // SAFETY: valid for as long as the thread lives.
        unsafe { *errno_location() }
    }
}

/// What they use of `src/diag.rs`.
mod diag {
    use core::fmt::{self, Arguments, Formatter};
    use core::sync::atomic::AtomicBool;

    pub(crate) trait Describe {
        unsafe fn describe(object: *const Self, f: &mut Formatter) -> fmt::Result;
    }

    pub(crate) fn warn_once(_said: &AtomicBool, _what: Arguments, _advice: &str) {}

    pub(crate) fn fatal<T: Describe>(_: &str, _: *const T, _: Arguments, _: &str) -> ! {
        super::sys::abort()
    }
}

/// What they use of `src/sanitizer/`.
mod sanitizer {
    use core::ffi::c_void;

    pub(crate) fn unpoison(_place: *mut c_void, _size: usize) {}
}
