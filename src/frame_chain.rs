//! The chain of frame pointers of a suspended coroutine, and its end.
//!
//! ```text
//! reg[frame pointer] ──> frame record ──> ... ──> frame record of the entry function ──> end
//! ```
//!
//! A frame record is two words: the caller's frame pointer, which is the address of the next record, and a return
//! address. A link is a word with a frame pointer: the slot in `reg`, or the first word of a record.
//!
//! | the frames are | the end is | CHAIN_CUT (`state`) |
//! |---|---|---|
//! | on the share stack, or none yet | the record of the main coroutine, at `main_co` + `FRAME_RECORD_OFFSET` | clear |
//! | in the save area | NULL, if the walk found the end (FC4) | set if so |
//! | not there yet: unstarted, not the owner of the stack | NULL, in the slot | set |
//!
//! * FC1. On the share stack the chain leads to the main coroutine, so a profiler that walks the stack comes to `main`.
//! * FC2. In an image the chain ends in NULL, as in libaco, so a program that walks an image stays inside it.
//! * FC3. CHAIN_CUT says that [`cut`] or [`init`] has written the NULL. So [`join`] never replaces a NULL of the
//!   program's. Neither the image nor the slot changes in between, so the same walk finds the same link.
//! * FC4. A walk follows a link only upward, and only inside the frames. Code that is compiled without frame pointers
//!   may have any value in that register. If such a value is cut, it is joined before the code runs.

use core::ptr;

use crate::abi::aco_t;
use crate::{arch, state, valgrind};

/// The frames of a coroutine: the addresses on its share stack from the lowest byte to the top.
#[derive(Clone, Copy)]
pub(crate) struct Frames {
    /// The address of the lowest byte: the stack pointer.
    pub(crate) low: usize,
    /// The address after the highest byte.
    pub(crate) top: usize,
}

/// The address of the frame record of the main coroutine of `co` (FC1).
///
/// # Safety
/// `co` points to a coroutine.
unsafe fn resumer_record(co: *mut aco_t) -> usize {
    // SAFETY: `co` points to a coroutine. Its main_co is not read.
    unsafe { (*co).main_co as usize + arch::FRAME_RECORD_OFFSET }
}

/// Initializes the chain of an unstarted coroutine: a NULL in its slot.
///
/// # Safety
/// `co` points to a coroutine without frames.
pub(crate) unsafe fn init(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine, and the slot is one of `reg`.
    unsafe {
        aco_t::set_register(co, arch::FRAME_POINTER_SLOT, 0);
        state::mark_chain_cut(co);
    }
}

/// Initializes the chain of an unstarted coroutine that owns its share stack: it leads to the main coroutine (FC1).
///
/// # Safety
/// `co` points to a coroutine without frames.
#[inline(always)]
pub(crate) unsafe fn init_joined(co: *mut aco_t) {
    // SAFETY: `co` points to a coroutine, and the slot is one of `reg`.
    unsafe { aco_t::set_register(co, arch::FRAME_POINTER_SLOT, resumer_record(co)) }
}

/// Cuts the chain of `co`, whose frames were copied out to `image`: it ends in NULL (FC2).
///
/// # Safety
/// `frames` are those of `co`, still on its share stack. `co` is suspended.
#[inline(always)]
pub(crate) unsafe fn cut(co: *mut aco_t, frames: Frames, image: *mut u8, has_sanitizer: bool) {
    // SAFETY: `co` is suspended, so nothing else reads its slot; a link is in `frames` or is the slot (FC4).
    unsafe {
        match find_end(co, frames, resumer_record(co), has_sanitizer) {
            End::Slot => aco_t::set_register(co, arch::FRAME_POINTER_SLOT, 0),
            End::Link(link) => {
                image.add(link - frames.low).cast::<usize>().write_unaligned(0);
            }
            End::None => {
                if state::is_chain_cut(co) {
                    state::mark_chain_whole(co)
                }
                return;
            }
        }
        state::mark_chain_cut(co);
    }
}

/// Joins the chain of `co`, whose frames were copied in, to the record of its main coroutine (FC1).
///
/// # Safety
/// `frames` are those of `co`, on its share stack. `co` is suspended or unstarted.
#[inline(always)]
pub(crate) unsafe fn join(co: *mut aco_t, frames: Frames, has_sanitizer: bool) {
    // SAFETY: `co` is suspended, so nothing else reads its slot; a link is in `frames` or is the slot (FC4).
    unsafe {
        if state::is_chain_cut(co) {
            replace_end(co, frames, 0, has_sanitizer);
        }
    }
}

/// Gives `co` another main_co. A chain that ends in the record of the old one is redirected to the record of the new
/// one. A chain that is cut is joined to the new one later.
///
/// # Safety
/// `co` points to a suspended or unstarted coroutine with a share stack, `main_co` to a coroutine.
pub(crate) unsafe fn redirect(co: *mut aco_t, main_co: *mut aco_t) {
    // SAFETY: `co` has a share stack. Only the owner's frames are on it, from the stack pointer to the top; the size is
    // checked.
    unsafe {
        let old = resumer_record(co);
        (*co).main_co = main_co;
        if state::is_chain_cut(co) {
            return;
        }
        let (stack, low) = ((*co).share_stack, aco_t::stack_pointer(co));
        let top = (*stack).align_retptr;
        let size = top.addr().wrapping_sub(low);
        let max_size = (*stack).align_limit.saturating_sub(arch::RETURN_SLOT_SIZE);
        let is_there = (*stack).owner == co && size <= max_size;
        let size = if is_there { size } else { 0 };
        let frames = Frames { low: top.addr() - size, top: top.addr() };
        replace_end(co, frames, old, valgrind::is_running());
    }
}

/// Replaces `end`, at the end of the chain of `co`, by the record of its main coroutine.
///
/// # Safety
/// `frames` are those of `co`, on its share stack.
#[inline(always)]
unsafe fn replace_end(co: *mut aco_t, frames: Frames, end: usize, has_sanitizer: bool) {
    // SAFETY: the slot is one of `reg`; every other link is in `frames` (FC4).
    unsafe {
        let record = resumer_record(co);
        match find_end(co, frames, end, has_sanitizer) {
            End::Slot => aco_t::set_register(co, arch::FRAME_POINTER_SLOT, record),
            End::Link(link) => {
                ptr::with_exposed_provenance_mut::<usize>(link).write_unaligned(record);
            }
            End::None => {}
        }
    }
}

/// The link that holds the end of a chain.
enum End {
    /// The slot in `reg`.
    Slot,
    /// The word at this address on the share stack.
    Link(usize),
    /// None: the chain does not lead to that end (FC4).
    None,
}

/// Finds the link of the chain of `co` that holds `end`.
///
/// # Safety
/// `frames` are those of `co`, on its share stack.
#[inline(always)]
unsafe fn find_end(co: *mut aco_t, frames: Frames, end: usize, has_sanitizer: bool) -> End {
    const WORD: usize = size_of::<usize>();
    let as_known = |value| {
        if has_sanitizer && valgrind::is_running() { valgrind::as_defined(value) } else { value }
    };
    // SAFETY: the slot is one of `reg`; every other link is in `frames` (FC4), which the comparisons ensure.
    unsafe {
        let mut value = as_known(aco_t::register(co, arch::FRAME_POINTER_SLOT));
        if value == end {
            return End::Slot;
        }
        let mut lowest = frames.low;
        loop {
            let link = value;
            if link < lowest || link > frames.top - WORD {
                return End::None;
            }
            lowest = link + WORD;
            let word: *const usize = ptr::with_exposed_provenance(link);
            value = as_known(word.read_unaligned());
            if value == end {
                return End::Link(link);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A coroutine whose slot holds the address of word 1 of `words`, its frames at their addresses.
    fn coroutine(words: *mut [usize; 8]) -> (Box<aco_t>, Frames) {
        // SAFETY: all zero is a coroutine.
        let mut co: Box<aco_t> = Box::new(unsafe { core::mem::zeroed() });
        co.main_co = ptr::without_provenance_mut(0x7000);
        let low = words.expose_provenance();
        let frames = Frames { low, top: low + size_of::<[usize; 8]>() };
        // SAFETY: a slot of `reg`.
        unsafe { aco_t::set_register(&raw mut *co, arch::FRAME_POINTER_SLOT, frames.low + 8) };
        (co, frames)
    }

    #[test]
    fn a_chain_is_cut_at_its_end_and_joined_there() {
        let mut memory = [0; 8];
        let words = &raw mut memory;
        let (mut co, frames) = coroutine(words);
        let co = &raw mut *co;
        // SAFETY: a coroutine and the words of its frames.
        unsafe {
            let end = resumer_record(co);
            *words = [0, frames.low + 32, 0, 0, end, 0, 0, 0];
            cut(co, frames, words.cast(), false);
            assert!(state::is_chain_cut(co) && *words == [0, frames.low + 32, 0, 0, 0, 0, 0, 0]);
            join(co, frames, false);
            assert!(
                (*words)[4] == end
                    && aco_t::register(co, arch::FRAME_POINTER_SLOT) == frames.low + 8
            );
        }
    }

    #[test]
    fn a_walk_goes_upward_only_and_leaves_a_null_of_the_program() {
        let mut memory = [0; 8];
        let words = &raw mut memory;
        let (mut co, frames) = coroutine(words);
        let co = &raw mut *co;
        // SAFETY: a coroutine and the words of its frames.
        unsafe {
            let end = resumer_record(co);
            // Downward, out of the frames, and to a word that is not whole inside.
            for link in [frames.low, frames.low + 64, frames.low + 57] {
                *words = [end, link, 0, 0, 0, 0, 0, 0];
                cut(co, frames, words.cast(), false);
                assert!(!state::is_chain_cut(co) && (*words)[0] == end);
            }
            (*words)[1] = 0;
            join(co, frames, false);
            assert_eq!((*words)[1], 0);
        }
    }
}
