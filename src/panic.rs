//! The panic handler of a no_std build. A panic is a bug of the library: it prints the place, and aborts.
#![cfg(all(not(test), panic = "abort"))]

use core::panic::PanicInfo;

use crate::{diag, sys};

#[panic_handler]
fn on_panic(info: &PanicInfo) -> ! {
    diag::print(format_args!("aco: fatal: internal error: {info}\n"));
    sys::abort()
}

// Named by the unwind tables of the prebuilt `core`, never called when panics abort. Weak and
// hidden, so that it is neither exported nor in the way of a real one.
core::arch::global_asm!(
    ".weak rust_eh_personality",
    ".hidden rust_eh_personality",
    "rust_eh_personality:",
);
