//! Tools that watch a program while it runs: the sanitizers of gcc and clang, and Valgrind.
//!
//! The library itself is not instrumented, and one library serves all programs. The functions of a sanitizer's runtime
//! are weak symbols ([`interface`]): without the runtime their address is NULL.
//!
//! | tool | what the library does for it |
//! |---|---|
//! | AddressSanitizer | notifies it of each switch, with the stack's bounds; its shadow moves with the frames |
//! | ThreadSanitizer | notifies it of each switch; each coroutine is a fiber |
//! | MemorySanitizer | notifies it of each switch; its shadow moves with the frames; marks what the library writes |
//! | LeakSanitizer | registers stacks and slabs as roots |
//! | Valgrind | see [`crate::valgrind`] |
//!
//! With one of them each coroutine's control block and each save area is allocated outside the slabs, and a
//! [`fiber_state::FiberState`] is behind each such control block. The order of the files, lowest first: `interface`;
//! `tools`, `memory`; `fiber_state`; `stack_shadow`, `fake_stack`, `tsan_fiber`, `switch_state`; `switch`, `release`.

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
pub(crate) use switch::{
    after_switch, before_final_switch, before_switch, enter_stack, leave_stack, switch_by_unwinding,
};
pub(crate) use switch_state::{attach_thread, is_thread_attached};
pub(crate) use tools::{is_known_absent, is_present, tracks_switches};
