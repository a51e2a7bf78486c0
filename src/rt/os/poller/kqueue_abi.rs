//! The declarations of kqueue that are used: those of the libc crate, or on Linux, for tests, those of libkqueue's
//! header. All libraries that replace libkqueue have the same (`tests/suite/kqueue.rs` compares them).

#[cfg(not(target_os = "linux"))]
pub(super) use libc::{
    EV_ADD, EV_CLEAR, EV_DELETE, EV_EOF, EV_ERROR, EV_ONESHOT, EV_RECEIPT, EVFILT_READ,
    EVFILT_TIMER, EVFILT_USER, EVFILT_WRITE, NOTE_NSECONDS, NOTE_TRIGGER, kevent, kqueue,
};

#[cfg(target_os = "linux")]
pub(super) use libkqueue::*;

/// The library's headers have none of this.
///
/// cbindgen:ignore
#[cfg(target_os = "linux")]
mod libkqueue {
    use core::ffi::{c_int, c_void};

    /// A change or an event.
    #[repr(C)]
    #[derive(Clone, Copy)]
    #[allow(non_camel_case_types, reason = "the name in C")]
    pub(crate) struct kevent {
        pub(crate) ident: usize,
        pub(crate) filter: i16,
        pub(crate) flags: u16,
        pub(crate) fflags: u32,
        pub(crate) data: isize,
        pub(crate) udata: *mut c_void,
    }

    const _: () = assert!(size_of::<kevent>() == 32);

    unsafe extern "C" {
        pub(crate) fn kqueue() -> c_int;
        pub(crate) fn kevent(
            queue: c_int,
            changes: *const kevent,
            change_count: c_int,
            events: *mut kevent,
            event_count: c_int,
            limit: *const libc::timespec,
        ) -> c_int;
    }

    pub(crate) const EVFILT_READ: i16 = -1;
    pub(crate) const EVFILT_WRITE: i16 = -2;
    pub(crate) const EVFILT_TIMER: i16 = -7;
    pub(crate) const EVFILT_USER: i16 = -11;
    pub(crate) const EV_ADD: u16 = 0x0001;
    pub(crate) const EV_DELETE: u16 = 0x0002;
    pub(crate) const EV_ONESHOT: u16 = 0x0010;
    pub(crate) const EV_CLEAR: u16 = 0x0020;
    pub(crate) const EV_RECEIPT: u16 = 0x0040;
    pub(crate) const EV_EOF: u16 = 0x8000;
    pub(crate) const EV_ERROR: u16 = 0x4000;
    pub(crate) const NOTE_NSECONDS: u32 = 0x0004;
    pub(crate) const NOTE_TRIGGER: u32 = 0x0100_0000;
}
