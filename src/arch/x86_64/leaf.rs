//! x86-64: functions of a few instructions.

use core::arch::asm;
use core::ffi::c_void;

/// Stores the x87 control word at `fpenv` and MXCSR 4 bytes above it.
///
/// # Safety
/// `fpenv` is writable for 8 bytes.
pub(crate) unsafe fn get_fpenv(fpenv: *mut c_void) {
    // SAFETY: `fpenv` is writable for the 8 bytes that both instructions store. They change no register and no flags.
    unsafe {
        asm!(
            "fnstcw [{fpenv}]",
            "stmxcsr [{fpenv} + 4]",
            fpenv = in(reg) fpenv,
            options(nostack, preserves_flags),
        );
    }
}

/// Loads the environment that [`get_fpenv`] has stored, with all exception flags clear.
///
/// # Safety
/// `fpenv` points to 8 bytes that [`get_fpenv`] has written.
pub(crate) unsafe fn set_fpenv(fpenv: *const c_void) {
    // SAFETY: `fpenv` has 8 readable bytes. All flags are clear, so no unmasked exception traps.
    unsafe {
        let mxcsr = fpenv.byte_add(4).cast::<u32>().read() & !0x3f;
        asm!(
            "fnclex",
            "fldcw [{fpenv}]",
            "ldmxcsr [{mxcsr}]",
            fpenv = in(reg) fpenv,
            mxcsr = in(reg) &raw const mxcsr,
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
#[inline(always)]
pub(crate) unsafe fn copy_frames(to: *mut u8, from: *const u8, size: usize) {
    // SAFETY: every access is in [0, size) of `from`, which is readable, or of `to`, which is writable.
    unsafe {
        asm!(
            "test {size:e}, 7", // not 0 if a program has written the stack pointer
            "jnz 7f",
            // From the end: the size that is left is the offset. A move changes no flag.
            "2:",
            "test {size:e}, 8",
            "jz 3f",
            "sub {size}, 8",
            "mov {word}, [{from} + {size}]",
            "mov [{to} + {size}], {word}",
            "jz 9f",
            "3:",
            "test {size:e}, 16",
            "jz 4f",
            "sub {size}, 16",
            "movups {a}, [{from} + {size}]",
            "movups [{to} + {size}], {a}",
            "jz 9f",
            "4:",
            "test {size:e}, 32",
            "jz 5f",
            "sub {size}, 32",
            "movups {a}, [{from} + {size}]",
            "movups {b}, [{from} + {size} + 16]",
            "movups [{to} + {size}], {a}",
            "movups [{to} + {size} + 16], {b}",
            "jz 9f",
            "5:",
            "test {size}, {size}",
            "jz 9f",
            "6:",
            "sub {size}, 64",
            "movups {a}, [{from} + {size}]",
            "movups {b}, [{from} + {size} + 16]",
            "movups {c}, [{from} + {size} + 32]",
            "movups {d}, [{from} + {size} + 48]",
            "movups [{to} + {size}], {a}",
            "movups [{to} + {size} + 16], {b}",
            "movups [{to} + {size} + 32], {c}",
            "movups [{to} + {size} + 48], {d}",
            "jnz 6b",
            "jmp 9f",
            "7:",
            "dec {size}",
            "mov {word:l}, [{from} + {size}]",
            "mov [{to} + {size}], {word:l}",
            "test {size:e}, 7",
            "jnz 7b",
            "jmp 2b",
            "9:",
            from = in(reg) from,
            to = in(reg) to,
            size = inout(reg) size => _,
            word = out(reg) _,
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

/// Fetches the line of `address` into the cache. The address may be any: there is no fault.
#[inline(always)]
pub(crate) fn prefetch(address: usize) {
    // SAFETY: a prefetch has no effect that a program can see.
    unsafe {
        asm!("prefetcht0 [{}]", in(reg) address, options(nostack, preserves_flags, readonly))
    };
}

/// Makes a client request to Valgrind, and returns its answer; 0 without Valgrind.
///
/// Valgrind recognizes the rotations of rdi, which cancel out, and the exchange of rbx with itself. Its manual
/// documents the sequence and the requests.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but that of the answer; Valgrind reads the six words.
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

/// Asks for the cache line at `address`, for a write. Any address will do.
#[inline(always)]
pub(crate) fn prefetch_write<T>(address: *const T) {
    // SAFETY: a hint: it changes nothing, and does not fault.
    unsafe {
        asm!("prefetchw [{address}]", address = in(reg) address, options(nostack, preserves_flags));
    }
}
