//! The leaf functions of this architecture: a few instructions each.

use core::arch::asm;
use core::ffi::c_void;

/// Stores FPCR at `place`.
///
/// # Safety
/// `place` is writable for 8 bytes.
pub(crate) unsafe fn store_fp_environment(place: *mut c_void) {
    // SAFETY: the caller's promise; reads a register and stores it.
    unsafe {
        asm!(
            "mrs {fpcr}, fpcr",
            "str {fpcr}, [{place}]",
            place = in(reg) place,
            fpcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// Loads what [`store_fp_environment`] has stored, without the exceptions that were raised.
///
/// # Safety
/// `place` is readable for 8 bytes, and has such an environment.
pub(crate) unsafe fn load_fp_environment(place: *const c_void) {
    // SAFETY: `place` has 8 readable bytes; the instructions load control and status of this thread.
    unsafe {
        asm!(
            "ldr {fpcr}, [{place}]",
            "msr fpcr, {fpcr}",
            "msr fpsr, xzr",
            place = in(reg) place,
            fpcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `size` bytes that do not overlap: the frames of a coroutine, out or in.
///
/// Not the C library's memcpy: a sanitizer's would refuse to touch another function's locals.
///
/// # Safety
/// `from` is readable, `to` writable for `size` bytes.
pub(crate) unsafe fn copy_frames(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: the caller's promise; every access lies in [0, size) of either.
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
            "ands {size}, {size}, #15", // a stack pointer that a program made up
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

/// A request to Valgrind, which recognises these rotations of x12 (they leave it as it was) and
/// the disjunction of x10 with itself; 0 where the processor executes them. The requests and the
/// sequence are those of Valgrind's documented client request mechanism.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but the answer's; Valgrind reads the six words.
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

/// The address of a symbol that the program may not have: then NULL. `*const ()`.
macro_rules! weak_symbol {
    ($name:literal) => {{
        let address: *const ();
        // Reads a slot of the GOT; an undefined weak symbol's is 0.
        ::core::arch::asm!(
            concat!(".weak ", $name),
            concat!("adrp {0}, :got:", $name),
            concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
            out(reg) address,
            options(nomem, nostack, pure, preserves_flags),
        );
        address
    }};
}

pub(crate) use weak_symbol;

/// The stack pointer of what a signal interrupted.
///
/// # Safety
/// `context` is what the kernel gave the handler.
pub(crate) unsafe fn interrupted_stack_pointer(context: *mut c_void) -> usize {
    let context: *const libc::ucontext_t = context.cast();
    // SAFETY: the caller's promise.
    unsafe { (*context).uc_mcontext.sp as usize }
}
