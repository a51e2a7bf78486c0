//! x86-64: unwind information that code of several kinds has.

/// Where the registers of a suspended context are, from the next instruction on: CFA = the stack pointer in `reg`, and
/// each register in its slot.
///
/// `$place` is a DWARF expression, in bytes, for the address of a slot, without its end: the offset of the slot. A
/// description of a register has `$length` bytes, and that of the CFA, which is loaded from its slot, `$length_of_cfa`.
macro_rules! cfi_of_context {
    ($length_of_cfa:literal, $length:literal, $place:literal) => {
        concat!(
            concat!(".cfi_escape 0x0f, ", $length_of_cfa, ", ", $place, ", 40, 0x06\n"),
            concat!(".cfi_escape 0x10, 16, ", $length, ", ", $place, ", 32\n"), // rip
            concat!(".cfi_escape 0x10, 3, ", $length, ", ", $place, ", 48\n"),  // rbx
            concat!(".cfi_escape 0x10, 6, ", $length, ", ", $place, ", 56\n"),  // rbp
            concat!(".cfi_escape 0x10, 12, ", $length, ", ", $place, ", 0\n"),  // r12
            concat!(".cfi_escape 0x10, 13, ", $length, ", ", $place, ", 8\n"),  // r13
            concat!(".cfi_escape 0x10, 14, ", $length, ", ", $place, ", 16\n"), // r14
            concat!(".cfi_escape 0x10, 15, ", $length, ", ", $place, ", 24"),   // r15
        )
    };
}

pub(crate) use cfi_of_context;
