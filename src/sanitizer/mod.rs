//! Tools that watch a program while it runs: the sanitizers of gcc and clang, and Valgrind.
//!
//! The library itself is not instrumented, and there is one for all programs. The functions of a
//! sanitizer's runtime are weak symbols (see [`hooks`]): they are there, or their address is NULL.
//!
//! | tool | what it is told |
//! |---|---|
//! | AddressSanitizer | each switch, with the bounds of the stack; its notes about frames move with the frames |
//! | ThreadSanitizer | each switch: a coroutine is a fiber of its |
//! | MemorySanitizer | each switch; its notes move with the frames; what the library has written |
//! | LeakSanitizer | stacks and slabs hold pointers |
//! | Valgrind | see [`crate::valgrind`] |
//!
//! A coroutine has a [`notes::Note`] behind it then, and comes from malloc, as save areas do.

mod ends;
mod fake_stack;
mod frames;
mod hooks;
mod memory;
mod notes;
mod switch;
mod tools;
mod tsan_fiber;
mod watch;

pub(crate) use ends::{discard, retire};
pub(crate) use fake_stack::Departure;
pub(crate) use frames::{forgotten, restored, saved};
pub(crate) use memory::{holds_no_pointers, holds_pointers, is_written};
pub(crate) use notes::{BLOCK, allocate};
pub(crate) use switch::{arrive, leave, leave_for_ever, unwind};
pub(crate) use tools::{is_present, watches_switches};
pub(crate) use watch::{attach, is_watched};
