//! The coroutines of a thread as text: a line each, written with write(2), without an allocation.

use core::ffi::{CStr, c_int};
use core::fmt::{self, Display, Formatter};

use super::iterate::for_each;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::diag::LineBuffer;
use crate::symbol::{Symbol, is_in_switch, write_printable};
use crate::{arch, coroutine, record, sanitizer, stack};

/// Writes a line for each coroutine of this thread to `file`. False: errno says why.
pub(crate) fn dump(file: c_int) -> bool {
    let failed = for_each(|co| {
        let line = LineBuffer::format(format_args!("{}", Description(co)));
        sanitizer::unpoison(line.bytes().as_ptr().cast_mut().cast(), line.bytes().len());
        c_int::from(!line.write_to(file))
    });
    failed == 0
}

/// A coroutine as it stands in a line.
struct Description(*mut aco_t);

impl Display for Description {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let co = self.0;
        // SAFETY: a coroutine of this thread's; control blocks of stacks stay readable.
        unsafe {
            let state = state_of(co);
            write!(f, "{co:p} {state}")?;
            write_names(f, co)?;
            if (*co).main_co.is_null() {
                return Ok(());
            }
            let entry = (*co).fp.map_or(0, |fp| fp as usize);
            write!(f, ", entry {}", Symbol(entry))?;
            let stack = (*co).share_stack;
            if stack.is_null() || (*stack).ptr.is_null() {
                return f.write_str(", its stack is destroyed");
            }
            let kind = if stack::is_shared(stack) { "copied" } else { "standalone" };
            let (used, size) = (coroutine::stack_used(co), (*stack).sz);
            write!(f, ", stack {used} of {size}, {kind}")?;
            match state {
                State::Suspended => write!(f, ", at {}", Symbol(suspension_address(co))),
                _ => Ok(()),
            }
        }
    }
}

/// Writes the name and the id of `co`, if it has them.
fn write_names(f: &mut Formatter, co: *mut aco_t) -> fmt::Result {
    let (name, id) = record::name_and_id(co);
    if !name.is_null() {
        f.write_str(" \"")?;
        // SAFETY: a name ends with a NUL byte, and lives until another one is set, which this thread does not do here.
        let name = unsafe { CStr::from_ptr(name) };
        name.to_bytes().iter().try_for_each(|byte| write_printable(f, *byte))?;
        f.write_str("\"")?;
    }
    if id == 0 { Ok(()) } else { write!(f, " id {id}") }
}

/// What a coroutine does.
enum State {
    Main,
    /// It has not begun.
    Unstarted,
    Running,
    /// It has resumed another one.
    Waiting,
    Suspended,
    Ended,
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(match self {
            State::Main => "main",
            State::Unstarted => "fresh",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Suspended => "suspended",
            State::Ended => "ended",
        })
    }
}

/// # Safety
/// `co` points to a coroutine.
unsafe fn state_of(co: *mut aco_t) -> State {
    // SAFETY: `co` is a coroutine; control blocks of stacks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        if (*co).main_co.is_null() {
            State::Main
        } else if (*co).is_end != 0 {
            State::Ended
        } else if coroutine::current_checked().is_some_and(|here| here.as_ptr() == co) {
            State::Running
        } else if coroutine::is_running(co) {
            State::Waiting
        } else if !stack.is_null() && aco_t::stack_pointer(co) == (*stack).align_retptr.addr() {
            State::Unstarted
        } else {
            State::Suspended
        }
    }
}

/// Returns the address in the program's code at which a suspended coroutine resumes.
///
/// # Safety
/// `co` points to a coroutine on a live stack.
unsafe fn suspension_address(co: *mut aco_t) -> usize {
    // SAFETY: `co` is a coroutine, and its share stack is live.
    unsafe {
        let address = aco_t::return_address(co);
        if !is_in_switch(address) {
            return address;
        }
        read_stack_word(co, arch::CALLER_OFFSET).unwrap_or(address)
    }
}

/// A word of the frames of `co`, so many bytes above its stack pointer. None: they are not there.
///
/// # Safety
/// As [`suspension_address`].
unsafe fn read_stack_word(co: *mut aco_t, offset: usize) -> Option<usize> {
    // SAFETY: the word is checked to lie on the stack, or in the image of it.
    unsafe {
        let (stack, area) = ((*co).share_stack, &raw const (*co).save_stack);
        let low = aco_t::stack_pointer(co);
        let address = low.wrapping_add(offset);
        let last = address.wrapping_add(size_of::<usize>() - 1);
        if !aco_share_stack_t::contains(stack, low) || !aco_share_stack_t::contains(stack, last) {
            return None;
        }
        if (*stack).owner == co {
            return Some((*stack).ptr.with_addr(address).cast::<usize>().read_unaligned());
        }
        let is_saved = !(*area).ptr.is_null() && offset + size_of::<usize>() <= (*area).valid_sz;
        is_saved.then(|| (*area).ptr.byte_add(offset).cast::<usize>().read_unaligned())
    }
}
