//! The leaf functions of this architecture: a few instructions each.

use core::arch::asm;
use core::ffi::c_void;

/// Stores the x87 control word at `place` and MXCSR 4 bytes above it.
///
/// # Safety
/// `place` is writable for 8 bytes.
pub(crate) unsafe fn store_fp_environment(place: *mut c_void) {
    // SAFETY: the caller's promise; both instructions only store.
    unsafe {
        asm!(
            "fnstcw [{place}]",
            "stmxcsr [{place} + 4]",
            place = in(reg) place,
            options(nostack, preserves_flags),
        );
    }
}

/// Loads what [`store_fp_environment`] has stored, without the exceptions that were raised.
///
/// # Safety
/// `place` is readable for 8 bytes, and has such an environment.
pub(crate) unsafe fn load_fp_environment(place: *const c_void) {
    // SAFETY: `place` has 8 readable bytes. With no exception raised none that is unmasked becomes a trap.
    unsafe {
        let controls = place.byte_add(4).cast::<u32>().read() & !0x3f;
        asm!(
            "fnclex",
            "fldcw [{place}]",
            "ldmxcsr [{controls}]",
            place = in(reg) place,
            controls = in(reg) &raw const controls,
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
            "cmp {size}, 64",
            "jb 3f",
            "2:",
            "movups {a}, [{from}]",
            "movups {b}, [{from} + 16]",
            "movups {c}, [{from} + 32]",
            "movups {d}, [{from} + 48]",
            "movups [{to}], {a}",
            "movups [{to} + 16], {b}",
            "movups [{to} + 32], {c}",
            "movups [{to} + 48], {d}",
            "add {from}, 64",
            "add {to}, 64",
            "sub {size}, 64",
            "cmp {size}, 64",
            "jae 2b",
            "3:",
            "test {size}, 32",
            "jz 4f",
            "movups {a}, [{from}]",
            "movups {b}, [{from} + 16]",
            "movups [{to}], {a}",
            "movups [{to} + 16], {b}",
            "add {from}, 32",
            "add {to}, 32",
            "4:",
            "test {size}, 16",
            "jz 5f",
            "movups {a}, [{from}]",
            "movups [{to}], {a}",
            "add {from}, 16",
            "add {to}, 16",
            "5:",
            "test {size}, 8",
            "jz 6f",
            "mov {word}, [{from}]",
            "mov [{to}], {word}",
            "add {from}, 8",
            "add {to}, 8",
            "6:",
            "and {size}, 7", // a stack pointer that a program made up
            "jz 8f",
            "7:",
            "mov {word:l}, [{from}]",
            "mov [{to}], {word:l}",
            "inc {from}",
            "inc {to}",
            "dec {size}",
            "jnz 7b",
            "8:",
            size = inout(reg) size => _,
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            word = out(reg_abcd) _,
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            options(nostack),
        );
    }
}

/// The caller's stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let address: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// A request to Valgrind, which recognises these rotations of rdi (they leave it as it was) and
/// the exchange of rbx with itself; 0 where the processor executes them. The requests and the
/// sequence are those of Valgrind's documented client request mechanism.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but the answer's; Valgrind reads the six words.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inlateout("rdx") 0_usize => answer,
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
            concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
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
    unsafe { (*context).uc_mcontext.gregs.as_ptr().add(libc::REG_RSP as usize).read() as usize }
}
