//! x86-64: the floating-point environment in a switch. `include/aco_switch.h` has the same code for inline switches.
//!
//! ```text
//! byte of aco_t   64                66        68                                72
//!                 x87 control word  (unused)  MXCSR: control bits 31..6, status bits 5..0
//!                 fnstcw stores it            stmxcsr stores it
//! ```
//!
//! * F1. Control bits belong to a context: it resumes with those that it had when it switched away. They are the x87
//!   control word, and the bits of MXCSR but for the six lowest.
//! * F2. Status bits belong to the thread: a switch writes the current ones and no others. The exception flags that a
//!   slot holds are never read.
//! * F3. A switch writes a register only if its control bits differ. An ldmxcsr of another value makes the next stmxcsr
//!   wait (30 to 100 ns), so a different status bit must not cause one.
//! * F4. A comparison loads each half of a slot in the width in which it was stored. The processor forwards no store
//!   to a load that is wider.
//!
//! The first argument of each macro is `save_fpenv`, or `share_fpenv` if all contexts share one environment. With
//! `share_fpenv` the macros are empty.

/// Stores the current environment in the slot of `$from`.
macro_rules! save_fpenv {
    (save_fpenv, $from:literal) => {
        concat!("fnstcw [", $from, " + 64]\nstmxcsr [", $from, " + 68]")
    };
    (share_fpenv, $from:literal) => {
        ""
    };
}

/// Jumps to `write_fpenv!` if the control bits of `$to` differ from those just saved for `$from` (F3). Changes rax and
/// the flags.
macro_rules! load_fpenv {
    (save_fpenv, $from:literal, $to:literal) => {
        concat!(
            concat!("movzx eax, word ptr [", $from, " + 64]\n"),
            concat!("cmp ax, [", $to, " + 64]\n"),
            "jne 61f\n",
            "60:\n",
            concat!("mov eax, [", $from, " + 68]\n"),
            concat!("xor eax, [", $to, " + 68]\n"),
            "and eax, -64\n", // F2
            "jne 63f\n",
            "62:",
        )
    };
    (share_fpenv, $from:literal, $to:literal) => {
        ""
    };
}

/// The rare half of `load_fpenv!`, out of line: writes the register that differs, and jumps back.
///
/// The current MXCSR with the differing bits flipped has the control bits of `$to` and the status bits of the thread
/// (F1, F2). The slot of `$to` is scratch memory from here on.
macro_rules! write_fpenv {
    (save_fpenv, $to:literal) => {
        concat!(
            concat!("61:\nfldcw [", $to, " + 64]\n"),
            "jmp 60b\n",
            concat!("63:\nstmxcsr [", $to, " + 68]\n"),
            concat!("xor [", $to, " + 68], eax\n"),
            concat!("ldmxcsr [", $to, " + 68]\n"),
            "jmp 62b",
        )
    };
    (share_fpenv, $to:literal) => {
        ""
    };
}

pub(crate) use {load_fpenv, save_fpenv, write_fpenv};
