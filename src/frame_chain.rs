//! The chain of frame pointers of a coroutine that is not running: what it ends in.
//!
//! ```text
//! reg[frame pointer] ──> frame record ──> ... ──> frame record of the entry function ──> end
//! ```
//!
//! A frame pointer is the address of a frame record: the caller's frame pointer, and a return address.
//! A link is a word with a frame pointer: the slot in `reg`, or the first word of a record.
//!
//! **F1.** While the frames are on the share stack the end is the record of the resumer, `main_co` +
//! `FRAME_RECORD`. So a profiler that walks the stack goes on to `main`.
//!
//! **F2.** While they are in the save area, and before there are any, the end is NULL, as in libaco. So
//! a program that walks an image stays inside of it. The state word says CUT.
//!
//! **F3.** CUT says that [`cut`] or [`begin`] has written the NULL. So [`join`] never replaces a NULL of
//! the program's own. Neither image nor slot changes in between, so the same walk finds the same link.
//!
//! **F4.** A walk follows a link only upward, and only inside the frames. Code that is compiled without
//! frame pointers has any value in that register: what is cut there is whole again before the code runs.

use crate::abi::aco_t;
use crate::{arch, state, valgrind};

/// The live part of a share stack, and where its bytes are now: there, or in a save area.
#[derive(Clone, Copy)]
pub(crate) struct Frames {
    /// The bytes.
    pub(crate) bytes: *mut u8,
    /// The address of the lowest one on the share stack.
    pub(crate) low: usize,
    /// How many.
    pub(crate) size: usize,
}

/// The end of the chain of `co` while that is on its stack.
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn record_of_resumer(co: *mut aco_t) -> usize {
    // SAFETY: `co` is a coroutine; its `main_co` is not looked into.
    unsafe { (*co).main_co as usize + arch::FRAME_RECORD }
}

/// The chain of a coroutine without frames: its slot alone.
///
/// # Safety
/// `co` points to a coroutine without frames.
pub(crate) unsafe fn begin(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine, whose slot is in `reg`.
    unsafe {
        aco_t::set_register(co, arch::FRAME_POINTER, 0);
        state::cut(co);
    }
}

/// `frames` have been copied out: their chain ends in NULL from here on.
///
/// # Safety
/// `frames` are those of `co`, which is suspended.
#[inline(always)]
pub(crate) unsafe fn cut(co: *mut aco_t, frames: Frames, is_watched: bool) {
    // SAFETY: `co` is suspended; a link is inside `frames`, or a slot (F4).
    unsafe {
        if let Some(link) = find(co, frames, record_of_resumer(co), is_watched) {
            link.write_unaligned(0);
            state::cut(co);
        } else if state::is_cut(co) {
            state::join(co)
        }
    }
}

/// `frames` have been copied in: their chain ends in the record of the resumer from here on.
///
/// # Safety
/// `frames` are those of `co`, which is suspended, or fresh: then there are none.
#[inline(always)]
pub(crate) unsafe fn join(co: *mut aco_t, frames: Frames, is_watched: bool) {
    // SAFETY: as in `cut`.
    unsafe {
        if state::is_cut(co)
            && let Some(link) = find(co, frames, 0, is_watched)
        {
            link.write_unaligned(record_of_resumer(co));
        }
    }
}

/// `co` gets another `main_co`: a chain that ends in the record of the old one ends in the new one's. One
/// that is cut will.
///
/// # Safety
/// `co` points to a suspended or fresh coroutine with a share stack, `main_co` to a coroutine.
pub(crate) unsafe fn redirect(co: *mut aco_t, main_co: *mut aco_t) {
    // SAFETY: `co` has a share stack. Frames are on the stack of its owner alone, and end at its top.
    unsafe {
        let old = record_of_resumer(co);
        (*co).main_co = main_co;
        if state::is_cut(co) {
            return;
        }
        let (stack, low) = ((*co).share_stack, aco_t::stack_pointer(co));
        let top = (*stack).align_retptr;
        let size = top.addr().wrapping_sub(low);
        let is_there = (*stack).owner == co && size <= (*stack).align_limit;
        let size = if is_there { size } else { 0 };
        let frames = Frames { bytes: top.byte_sub(size).cast(), low, size };
        if let Some(link) = find(co, frames, old, valgrind::is_running()) {
            link.write_unaligned(record_of_resumer(co));
        }
    }
}

/// The link of the chain of `co` that is `end`.
///
/// # Safety
/// `frames` are those of `co`.
#[inline(always)]
unsafe fn find(co: *mut aco_t, frames: Frames, end: usize, is_watched: bool) -> Option<*mut usize> {
    const WORD: usize = size_of::<usize>();
    // SAFETY: the slot is one of `reg`; every other link lies inside `frames` (F4).
    unsafe {
        let mut link = aco_t::slot(co, arch::FRAME_POINTER);
        let mut least = 0;
        loop {
            let mut value = link.read_unaligned();
            if is_watched && valgrind::is_running() {
                value = valgrind::as_defined(value);
            }
            if value == end {
                return Some(link);
            }
            let offset = value.wrapping_sub(frames.low);
            if offset < least || offset >= frames.size || frames.size - offset < WORD {
                return None;
            }
            least = offset + WORD;
            link = frames.bytes.add(offset).cast();
        }
    }
}
