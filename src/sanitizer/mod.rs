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

mod fibers;
mod frames;
mod hooks;
mod notes;

use core::ffi::c_void;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::valgrind;

pub(crate) use fibers::{
    Departure, arrive, attach, is_watched, leave, leave_for_ever, retire, unwind,
};
pub(crate) use frames::{forgotten, restored, saved};
pub(crate) use notes::{BLOCK, allocate, discard};

const ASKED: u8 = 1;
const MEMORY: u8 = 2;
const SWITCHES: u8 = 4;

#[unsafe(link_section = "aco_shared")]
static WISHES: AtomicU8 = AtomicU8::new(0);

/// What the tools want to know. Asked once.
#[inline(always)]
fn wishes() -> u8 {
    match WISHES.load(Ordering::Relaxed) {
        0 => ask(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn ask() -> u8 {
    let switches = hooks::start_switch().is_some()
        || hooks::tsan_switch_to().is_some()
        || hooks::msan_start_switch().is_some();
    let memory = switches || hooks::lsan_register().is_some() || valgrind::is_running();
    let wishes = ASKED | if switches { SWITCHES } else { 0 } | if memory { MEMORY } else { 0 };
    WISHES.store(wishes, Ordering::Relaxed);
    wishes
}

/// Is there one? Each block is then malloc's, frames are copied past the C library's memcpy, and
/// memory goes back at once: that is what such a tool takes its notes by.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    wishes() & MEMORY != 0
}

/// Does one want to see every switch?
#[inline(always)]
pub(crate) fn watches_switches() -> bool {
    wishes() & SWITCHES != 0
}

/// `size` bytes at `memory`, a mapping, may hold pointers to what malloc gave.
pub(crate) fn holds_pointers(memory: *mut c_void, size: usize) {
    if let Some(register) = hooks::lsan_register() {
        // SAFETY: the runtime's function; the mapping is there.
        unsafe { register(memory, size) }
    }
}

/// The library has written `size` bytes at `place` for the program.
pub(crate) fn is_written(place: *mut c_void, size: usize) {
    if let Some(unpoison) = hooks::msan_unpoison() {
        // SAFETY: the runtime's function; the memory is there.
        unsafe { unpoison(place, size) }
    }
}

/// Ends what [`holds_pointers`] began.
pub(crate) fn holds_no_pointers(memory: *mut c_void, size: usize) {
    if let Some(unregister) = hooks::lsan_unregister() {
        // SAFETY: the runtime's function; the range was registered.
        unsafe { unregister(memory, size) }
    }
}
