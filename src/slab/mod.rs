//! Slabs: memory for the control blocks of coroutines and stacks, and for save areas.
//!
//! Each thread has a heap. A heap has slabs; a slab has blocks of one class, side by side and without headers. The
//! block that was freed last is allocated next. Any thread may free a block; the block returns to its heap (see
//! [`heap`]).
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
//! A coroutine that shares its stack is copied, which touches all lines of its control block. Those blocks are packed.

mod alloc;
mod class;
mod fallback;
mod heap;
mod iter;
mod region;
mod slab_lists;
mod slab_set;
mod thread_heap;
mod words;

pub(crate) use alloc::{
    allocate, allocate_fast, allocate_save_area, allocate_slow, contains, free, free_to, heap_id,
    is_own, slab_of,
};
pub(crate) use class::{Class, STACK_BLOCK_LINK, STACK_BLOCK_SIZE};
pub(crate) use fallback::{Allocator, allocate as allocate_fallback, set_allocator};
pub(crate) use iter::CoroutineBlocks;
pub(crate) use thread_heap::publish_thread;
pub(crate) use words::any_other_thread;
