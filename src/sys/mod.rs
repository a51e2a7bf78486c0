//! The libc calls that the library makes, each wrapped once.

mod errno;
mod memory;
mod process;
mod signal;
mod thread;

pub(crate) use {errno::*, memory::*, process::*, signal::*, thread::*};
