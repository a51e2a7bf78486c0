//! aarch64: unwind information that code of several kinds has.

/// Where the registers of a suspended context are, from the next instruction on: CFA = the stack pointer in `reg`, and
/// each register in its slot.
///
/// `$place` is a DWARF expression, in bytes, for the address of a slot, without its end: the offset of the slot, a
/// byte. A description of a register has `$length` bytes, and that of the CFA, which is loaded from its slot,
/// `$length_of_cfa`.
macro_rules! cfi_of_context {
    ($length_of_cfa:literal, $length:literal, $place:literal) => {
        concat!(
            concat!(".cfi_escape 0x0f, ", $length_of_cfa, ", ", $place, ", 112, 0x06\n"),
            concat!(".cfi_escape 0x10, 30, ", $length, ", ", $place, ", 104\n"), // pc
            concat!(".cfi_escape 0x10, 29, ", $length, ", ", $place, ", 96\n"),
            concat!(".cfi_escape 0x10, 19, ", $length, ", ", $place, ", 16\n"),
            concat!(".cfi_escape 0x10, 20, ", $length, ", ", $place, ", 24\n"),
            concat!(".cfi_escape 0x10, 21, ", $length, ", ", $place, ", 32\n"),
            concat!(".cfi_escape 0x10, 22, ", $length, ", ", $place, ", 40\n"),
            concat!(".cfi_escape 0x10, 23, ", $length, ", ", $place, ", 48\n"),
            concat!(".cfi_escape 0x10, 24, ", $length, ", ", $place, ", 56\n"),
            concat!(".cfi_escape 0x10, 25, ", $length, ", ", $place, ", 64\n"),
            concat!(".cfi_escape 0x10, 26, ", $length, ", ", $place, ", 72\n"),
            concat!(".cfi_escape 0x10, 27, ", $length, ", ", $place, ", 80\n"),
            concat!(".cfi_escape 0x10, 28, ", $length, ", ", $place, ", 88"),
        )
    };
}

pub(crate) use cfi_of_context;
