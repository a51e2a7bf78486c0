//! aarch64: functions of a few instructions.

use core::arch::asm;
use core::ffi::c_void;

/// Stores FPCR at `fpenv`.
///
/// # Safety
/// `fpenv` is writable for 8 bytes.
pub(crate) unsafe fn get_fpenv(fpenv: *mut c_void) {
    // SAFETY: `fpenv` is writable for the 8 bytes that the code stores. It changes no other memory, and no flags.
    unsafe {
        asm!(
            "mrs {fpcr}, fpcr",
            "str {fpcr}, [{fpenv}]",
            fpenv = in(reg) fpenv,
            fpcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// Loads the environment that [`get_fpenv`] has stored, with all exception flags clear.
///
/// # Safety
/// `fpenv` points to 8 bytes that [`get_fpenv`] has written.
pub(crate) unsafe fn set_fpenv(fpenv: *const c_void) {
    // SAFETY: `fpenv` has 8 readable bytes; the code writes the control and status registers of this thread.
    unsafe {
        asm!(
            "ldr {fpcr}, [{fpenv}]",
            "msr fpcr, {fpcr}",
            "msr fpsr, xzr",
            fpenv = in(reg) fpenv,
            fpcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `size` bytes that do not overlap: the frames of a coroutine, out or in.
///
/// It is not the C library's memcpy, because that of a sanitizer reports accesses to another function's locals.
///
/// # Safety
/// `from` is readable, `to` writable for `size` bytes.
pub(crate) unsafe fn copy_frames(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: every access is in [0, size) of `from`, which is readable, or of `to`, which is writable.
    unsafe {
        asm!(
            "subs {size}, {size}, #64",
            "b.lo 3f",
            "2:",
            "ldp {a:q}, {b:q}, [{from}], #32",
            "ldp {c:q}, {d:q}, [{from}], #32",
            "stp {a:q}, {b:q}, [{to}], #32",
            "stp {c:q}, {d:q}, [{to}], #32",
            "subs {size}, {size}, #64",
            "b.hs 2b",
            "3:",
            "add {size}, {size}, #64",
            "tbz {size}, #5, 4f",
            "ldp {a:q}, {b:q}, [{from}], #32",
            "stp {a:q}, {b:q}, [{to}], #32",
            "4:",
            "tbz {size}, #4, 5f",
            "ldr {a:q}, [{from}], #16",
            "str {a:q}, [{to}], #16",
            "5:",
            "ands {size}, {size}, #15", // not 0 if a program has written the stack pointer
            "b.eq 7f",
            "6:",
            "ldrb {word:w}, [{from}], #1",
            "strb {word:w}, [{to}], #1",
            "subs {size}, {size}, #1",
            "b.ne 6b",
            "7:",
            size = inout(reg) size => _,
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            word = out(reg) _,
            a = out(vreg) _,
            b = out(vreg) _,
            c = out(vreg) _,
            d = out(vreg) _,
            options(nostack),
        );
    }
}

/// The caller's stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let address: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// Fetches the line of `address` into the cache. The address may be any: there is no fault.
#[inline(always)]
pub(crate) fn prefetch(address: usize) {
    // SAFETY: a prefetch has no effect that a program can see.
    unsafe {
        asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly))
    };
}

/// Makes a client request to Valgrind, and returns its answer; 0 without Valgrind.
///
/// Valgrind recognizes the rotations of x12, which cancel out, and the disjunction of x10 with itself. Its manual
/// documents the sequence and the requests.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but that of the answer; Valgrind reads the six words.
    unsafe {
        asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") request.as_ptr(),
            inlateout("x3") 0_usize => answer,
            options(nostack),
        );
    }
    answer
}

/// Asks for the cache line at `address`, for a write. Any address will do.
#[inline(always)]
pub(crate) fn prefetch_write<T>(address: *const T) {
    // SAFETY: a hint: it changes nothing, and does not fault.
    unsafe {
        asm!("prfm pstl1keep, [{address}]", address = in(reg) address, options(nostack, preserves_flags));
    }
}
