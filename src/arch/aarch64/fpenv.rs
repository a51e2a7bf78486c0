//! aarch64: the floating-point environment in a switch. `include/aco_switch.h` has the same code for inline switches.
//!
//! Bytes 120 to 127 of a coroutine are the slot: FPCR. The invariants are those of x86-64:
//!
//! * F1. Control bits, all of FPCR, belong to a context: it resumes with those that it had when it switched away.
//! * F2. Status bits, FPSR, belong to the thread: no switch reads or writes them.
//! * F3. A switch writes FPCR only if it differs: the write is slow.
//!
//! The first argument of each macro is `save_fpenv`, or `share_fpenv` if all contexts share one environment. With
//! `share_fpenv` the macros are empty.

/// Reads the current FPCR into x4.
macro_rules! read_fpenv {
    (save_fpenv) => {
        "mrs x4, fpcr"
    };
    (share_fpenv) => {
        ""
    };
}

/// Stores x4 in the slot of `$from`.
macro_rules! save_fpenv {
    (save_fpenv, $from:literal) => {
        concat!("str x4, [", $from, ", #120]")
    };
    (share_fpenv, $from:literal) => {
        ""
    };
}

/// Stores the stack pointer, which is x29, and the current FPCR in the slots of `$from`. The FPCR is then in x4.
macro_rules! save_sp_and_fpenv {
    (save_fpenv, $from:literal) => {
        concat!("mrs x4, fpcr\nstp x29, x4, [", $from, ", #112]")
    };
    (share_fpenv, $from:literal) => {
        concat!("str x29, [", $from, ", #112]")
    };
}

/// Loads FPCR from the slot of `$to` if that differs from x4 (F3). Changes x5 and the flags.
macro_rules! load_fpenv {
    (save_fpenv, $to:literal) => {
        concat!("ldr x5, [", $to, ", #120]\ncmp x4, x5\nb.eq 60f\nmsr fpcr, x5\n60:")
    };
    (share_fpenv, $to:literal) => {
        ""
    };
}

pub(crate) use {load_fpenv, read_fpenv, save_fpenv, save_sp_and_fpenv};
