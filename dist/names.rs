//! The second object of libaco.a: the functions that ask the C library for names. Linked statically, glibc's
//! getaddrinfo brings a warning and much of the library along; so the first object refers to it weakly, and only
//! a program that calls one of these functions has this object, which refers to it for certain. The functions
//! themselves are in the first object, under other names (see the Makefile).

#![no_std]

use core::ffi::{c_char, c_int, c_void};

unsafe extern "C" {
    fn aco_within_dial(net: *const c_char, addr: *const c_char, deadline: i64) -> c_int;
    fn aco_within_listen(net: *const c_char, addr: *const c_char, backlog: c_int) -> c_int;
    fn aco_within_listen_ex(
        net: *const c_char,
        addr: *const c_char,
        opts: *const c_void,
    ) -> c_int;
    fn aco_within_getaddrinfo(
        node: *const c_char,
        service: *const c_char,
        hints: *const c_void,
        res: *mut c_void,
        deadline: i64,
    ) -> c_int;
    fn getaddrinfo();
    fn freeaddrinfo();
}

/// What this object is for.
#[used]
static NEEDED: [unsafe extern "C" fn(); 2] = [getaddrinfo, freeaddrinfo];

/// # Safety
/// As in `include/acort.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_dial(
    net: *const c_char,
    addr: *const c_char,
    deadline: i64,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { aco_within_dial(net, addr, deadline) }
}

/// # Safety
/// As in `include/acort.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen(
    net: *const c_char,
    addr: *const c_char,
    backlog: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { aco_within_listen(net, addr, backlog) }
}

/// # Safety
/// As in `include/acort.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_listen_ex(
    net: *const c_char,
    addr: *const c_char,
    opts: *const c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { aco_within_listen_ex(net, addr, opts) }
}

/// # Safety
/// As in `include/acort.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const c_void,
    res: *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { aco_within_getaddrinfo(node, service, hints, res, deadline) }
}
