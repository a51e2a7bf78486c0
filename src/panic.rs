//! The panic handler of a no_std build. A panic is a bug of the library: the handler prints the place and aborts.
#![cfg(all(not(test), panic = "abort"))]

use core::panic::PanicInfo;

use crate::{arch, diag, sys};

#[panic_handler]
fn on_panic(info: &PanicInfo) -> ! {
    diag::print(format_args!("aco: fatal: internal error: {info}"));
    sys::abort()
}

// The unwind tables of the prebuilt `core` refer to it; no call occurs when panics abort. It is weak and hidden, so it
// is not exported, and does not replace a real one.
core::arch::global_asm!(arch::weak_label!("rust_eh_personality"));
