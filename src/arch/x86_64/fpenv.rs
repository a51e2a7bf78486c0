//! x86-64: the floating-point environment in a switch. `include/aco_switch.h` has the same, inline.
//!
//! The slot has the x87 control word at byte 64 of a coroutine, as fnstcw stores it, and MXCSR at byte 68, as
//! stmxcsr does.
//!
//! F1. Control bits belong to a context: it goes on with the x87 control word, and with the bits of MXCSR but for
//!     its six lowest, that it had when it left.
//! F2. Status bits belong to the thread. No switch writes others than the current ones: the exception flags that
//!     a slot holds are never looked at.
//! F3. A register is written only where its control bits differ. ldmxcsr of another value makes the next stmxcsr
//!     wait (30 to 100 ns), so a flag that differs must not lead there.
//! F4. A comparison loads each half of a slot in the width in which it was stored. The processor forwards no
//!     store to a load that is wider.

/// The environment of this moment, into the slot of `$from`; nothing where contexts share one.
macro_rules! save_fpenv {
    (save_fpenv, $from:literal) => {
        concat!("fnstcw [", $from, " + 64]\nstmxcsr [", $from, " + 68]")
    };
    (share_fpenv, $from:literal) => {
        ""
    };
}

/// Goes to `write_fpenv!` where the control bits of `$to` differ from those just saved for `$from`. Changes rax
/// and the flags.
macro_rules! load_fpenv {
    (save_fpenv, $from:literal, $to:literal) => {
        concat!(
            "movzx eax, word ptr [",
            $from,
            " + 64]\n",
            "cmp ax, [",
            $to,
            " + 64]\n",
            "jne 61f\n",
            "60:\n",
            "mov eax, [",
            $from,
            " + 68]\n",
            "xor eax, [",
            $to,
            " + 68]\n",
            "and eax, -64\n", // F2
            "jne 63f\n",
            "62:",
        )
    };
    (share_fpenv, $from:literal, $to:literal) => {
        ""
    };
}

/// The rare half of `load_fpenv!`, beside the way: writes what differs, and goes back. The current MXCSR with the
/// differing bits flipped has the control of `$to` and the status of the thread. The slot of `$to` is free from
/// here on.
macro_rules! write_fpenv {
    (save_fpenv, $to:literal) => {
        concat!(
            "61:\n",
            "fldcw [",
            $to,
            " + 64]\n",
            "jmp 60b\n",
            "63:\n",
            "stmxcsr [",
            $to,
            " + 68]\n",
            "xor [",
            $to,
            " + 68], eax\n",
            "ldmxcsr [",
            $to,
            " + 68]\n",
            "jmp 62b",
        )
    };
    (share_fpenv, $to:literal) => {
        ""
    };
}

pub(crate) use {load_fpenv, save_fpenv, write_fpenv};
