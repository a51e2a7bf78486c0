//! ELF: what assembly tells the assembler about names, sections and functions.
//!
//! No other file has directives or relocations of an object format. Another format has a file with the same macros.
//! Their arguments are names of C, as literals.
//!
//! | macro | what it is | what Mach-O has for it |
//! |---|---|---|
//! | `c_name!` | a C name as the assembler spells it | an underscore before it |
//! | `exported_label!` | a label of code that the library exports | inside a function: an alias of a local label |
//! | `hidden_function!` | the beginning of a function that Rust code names, and no program | `.private_extern` |
//! | `function_label!` | the beginning of a function that only tools see | a label |
//! | `end_of_function!` | the end of a function that has such a label | nothing |
//! | `weak_label!` | a label that any other one with the name replaces | `.weak_definition`, `.private_extern` |
//! | `code_section!`, `end_section!` | a section of code, and back to the one before | `.section __TEXT,__text` |
//! | `personality!` | the personality routine of a frame | the encoding with a pointer of the GOT |
//! | `got_entry!` | loads a name's address, 0 for an undefined weak one | `@GOTPAGE`, `@GOTPAGEOFF`; `@GOTPCREL` |
//! | `weak_symbol!` | the address of a symbol that the program may not have | `.weak_reference` |

// No architecture uses all of them.
#![allow(unused_imports, unused_macros)]

macro_rules! c_name {
    ($name:literal) => {
        $name
    };
}

macro_rules! exported_label {
    ($name:literal) => {
        concat!(".globl ", $name, "\n.type ", $name, ", %function\n", $name, ":")
    };
}

macro_rules! hidden_function {
    ($name:literal) => {
        concat!(
            ".globl ",
            $name,
            "\n.hidden ",
            $name,
            "\n.type ",
            $name,
            ", %function\n",
            $name,
            ":"
        )
    };
}

macro_rules! function_label {
    ($name:literal) => {
        concat!(".type ", $name, ", %function\n", $name, ":")
    };
}

macro_rules! end_of_function {
    ($name:literal) => {
        concat!(".size ", $name, ", . - ", $name)
    };
}

macro_rules! weak_label {
    ($name:literal) => {
        concat!(".weak ", $name, "\n.hidden ", $name, "\n", $name, ":")
    };
}

macro_rules! code_section {
    ($name:literal) => {
        concat!(".pushsection .text.", $name, ", \"ax\", %progbits")
    };
}

macro_rules! end_section {
    () => {
        ".popsection"
    };
}

// 0x1b: a signed offset of 4 bytes from the place that has it.
macro_rules! personality {
    ($name:literal) => {
        concat!(".hidden ", $name, "\n.cfi_personality 0x1b, ", $name)
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! got_entry {
    ($register:literal, $name:literal) => {
        concat!("mov ", $register, ", qword ptr [rip + ", $name, "@GOTPCREL]")
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! got_entry {
    ($register:literal, $name:literal) => {
        concat!(
            concat!("adrp ", $register, ", :got:", $name, "\n"),
            concat!("ldr ", $register, ", [", $register, ", :got_lo12:", $name, "]"),
        )
    };
}

/// The address of a symbol, a `*const ()`. NULL if the program does not have the symbol.
macro_rules! weak_symbol {
    ($name:literal) => {{
        let address: *const ();
        ::core::arch::asm!(
            concat!(".weak ", $name),
            $crate::arch::got_entry!("{address}", $name),
            address = out(reg) address,
            options(nomem, nostack, pure, preserves_flags),
        );
        address
    }};
}

pub(crate) use {
    c_name, code_section, end_of_function, end_section, exported_label, function_label, got_entry,
    hidden_function, personality, weak_label, weak_symbol,
};
