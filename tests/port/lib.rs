//! The runtime's poller and its system calls, without the rest, which is for Linux: a compiler for macOS or FreeBSD
//! checks their types (lane `kqueue`).

#![no_std]
#![deny(warnings)]
// The code that uses them is not part of this crate.
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

    pub(crate) struct LineBuffer;

    impl LineBuffer {
        pub(crate) fn format(_: Arguments) -> LineBuffer {
            LineBuffer
        }

        pub(crate) fn bytes(&self) -> &[u8] {
            &[]
        }
    }

    pub(crate) fn warn_once(_said: &AtomicBool, _what: Arguments, _advice: &str) {}

    pub(crate) fn fatal<T: Describe>(_: &str, _: *const T, _: Arguments, _: &str) -> ! {
        super::sys::abort()
    }
}

/// No thread has a virtual clock.
mod tls {
    pub(crate) fn virtual_time() -> i64 {
        0
    }
}

/// What they use of `src/sanitizer/`.
mod sanitizer {
    use core::ffi::c_void;

    pub(crate) fn unpoison(_place: *mut c_void, _size: usize) {}
}
