//! aarch64: the floating-point environment in a switch. `include/aco_switch.h` has the same, inline.
//!
//! The slot has FPCR at byte 120 of a coroutine. The rules are those of x86-64:
//!
//! F1. Control bits, all of FPCR, belong to a context: it goes on with those that it had when it left.
//! F2. Status bits, FPSR, belong to the thread: no switch reads or writes them.
//! F3. FPCR is written only where it differs: msr is dear.

/// FPCR of this moment, into x4; nothing where contexts share one.
macro_rules! read_fpenv {
    (save_fpenv) => {
        "mrs x4, fpcr"
    };
    (share_fpenv) => {
        ""
    };
}

/// x4, into the slot of `$from`.
macro_rules! save_fpenv {
    (save_fpenv, $from:literal) => {
        concat!("str x4, [", $from, ", #120]")
    };
    (share_fpenv, $from:literal) => {
        ""
    };
}

/// The FPCR of `$to`, where it is not what x4 has. Changes x5 and the flags.
macro_rules! load_fpenv {
    (save_fpenv, $to:literal) => {
        concat!("ldr x5, [", $to, ", #120]\ncmp x4, x5\nb.eq 60f\nmsr fpcr, x5\n60:")
    };
    (share_fpenv, $to:literal) => {
        ""
    };
}

pub(crate) use {load_fpenv, read_fpenv, save_fpenv};
