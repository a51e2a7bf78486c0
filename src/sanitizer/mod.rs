//! Tools that watch a program while it runs: the sanitizers of gcc and clang, and Valgrind.
//!
//! The library itself is not instrumented, and there is one for all programs. The functions of a
//! sanitizer's runtime are weak symbols (see [`interface`]): they are there, or their address is NULL.
//!
//! | tool | what it is told |
//! |---|---|
//! | AddressSanitizer | each switch, with the bounds of the stack; its notes about frames move with the frames |
//! | ThreadSanitizer | each switch: a coroutine is a fiber of its |
//! | MemorySanitizer | each switch; its notes move with the frames; what the library has written |
//! | LeakSanitizer | stacks and slabs hold pointers |
//! | Valgrind | see [`crate::valgrind`] |
//!
//! A coroutine has a [`fiber_state::FiberState`] behind it then, and comes from malloc, as save areas do.

mod fake_stack;
mod fiber_state;
mod interface;
mod memory;
mod release;
mod stack_shadow;
mod switch;
mod switch_state;
mod tools;
mod tsan_fiber;

pub(crate) use fake_stack::FakeStack;
pub(crate) use fiber_state::{BLOCK_SIZE, allocate_block};
pub(crate) use memory::{register_root, unpoison, unregister_root};
pub(crate) use release::{release_destroyed, release_ended};
pub(crate) use stack_shadow::{restore_shadow, save_shadow, unpoison_stack};
pub(crate) use switch::{after_switch, before_final_switch, before_switch, switch_by_unwinding};
pub(crate) use switch_state::{attach_thread, is_thread_attached};
pub(crate) use tools::{is_present, tracks_switches};
