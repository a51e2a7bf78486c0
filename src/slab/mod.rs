//! Slabs: memory for what each coroutine has: its control block, its save area, its stack's
//! control block.
//!
//! Each thread has a heap, each heap slabs of one class of places each, side by side: no header
//! between them, and a place that was just freed is the next one taken. A place may be freed by
//! any thread; it goes home to its heap (see [`heap`]).
//!
//! ```text
//! control block of a coroutine that is alone on its stack, x86-64 (aarch64: 256 bytes)
//!
//! 32 mod 64       64                               128                    192
//! +---------------+--------------------------------+----------------------+
//! | r12 ... r15   | rip rsp rbx rbp FP main_co arg | fp, save area,       | 32 bytes free
//! |               | is_end, state                  | share_stack          |
//! +---------------+--------------------------------+----------------------+
//!                  one line: all that a switch needs
//! ```
//!
//! A coroutine that shares its stack is copied, which touches all of its lines: those lie close.

mod alloc;
mod class;
mod heap;
mod outside;
mod places;
mod region;
mod thread_heap;
mod walk;
mod words;

pub(crate) use alloc::{
    allocate, allocate_area, allocate_slowly, free, free_in, holds, home_of, take,
};
pub(crate) use class::{CONTROL_LINK, CONTROL_SIZE, Class};
pub(crate) use outside::{Allocator, allocate as allocate_outside, choose as choose_allocator};
pub(crate) use thread_heap::make_known;
pub(crate) use walk::{Walk, is_own};
pub(crate) use words::any_other_thread;
