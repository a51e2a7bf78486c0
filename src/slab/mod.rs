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

mod heap;
mod outside;
mod places;
mod region;
mod walk;
mod words;

use core::ffi::c_void;
use core::ptr::NonNull;

pub(crate) use heap::allocate_slowly;
pub(crate) use words::{any_other_thread, make_known};

use crate::abi::aco_t;
use crate::tls;

pub(crate) use outside::{Allocator, allocate as allocate_outside, choose as choose_allocator};

pub(crate) use walk::{Walk, is_own};

/// What a place is for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Class {
    /// A coroutine that has its share stack for itself: what a switch needs is in one line.
    Alone,
    /// A coroutine that shares its stack.
    Sharing,
    /// A share stack's control block. Such a place is for ever one: while it is free it holds what
    /// its last user left but for `CONTROL_LINK`, or all zero.
    Control,
    /// A save area, the smallest.
    Area64,
    /// A save area.
    Area128,
    /// A save area.
    Area256,
    /// A save area.
    Area512,
    /// A save area, the largest of the slabs'.
    Area1024,
}

/// How many classes there are.
const CLASSES: usize = Class::ALL.len();

/// Bytes of a share stack's control block.
pub(crate) const CONTROL_SIZE: usize = 112;
/// The word of it that is the slab's while it is free.
pub(crate) const CONTROL_LINK: usize = 64;

impl Class {
    /// All of them, in the order of their numbers.
    const ALL: [Class; 8] = [
        Class::Alone,
        Class::Sharing,
        Class::Control,
        Class::Area64,
        Class::Area128,
        Class::Area256,
        Class::Area512,
        Class::Area1024,
    ];

    /// The class of a save area that holds `size` bytes. None: it is for malloc.
    pub(crate) fn of_area(size: usize) -> Option<Class> {
        Some(match size {
            0..=64 => Class::Area64,
            65..=128 => Class::Area128,
            129..=256 => Class::Area256,
            257..=512 => Class::Area512,
            513..=1024 => Class::Area1024,
            _ => return None,
        })
    }

    /// Bytes from one place to the next.
    #[inline(always)]
    const fn stride(self) -> usize {
        match self {
            Class::Alone => (size_of::<aco_t>() + LEAD).next_multiple_of(64),
            Class::Sharing => size_of::<aco_t>().next_multiple_of(16),
            Class::Control => CONTROL_SIZE,
            Class::Area64 => 64,
            Class::Area128 => 128,
            Class::Area256 => 256,
            Class::Area512 => 512,
            Class::Area1024 => 1024,
        }
    }

    /// Bytes between a multiple of 64 and the first place.
    const fn lead(self) -> usize {
        if matches!(self, Class::Alone) { LEAD } else { 0 }
    }

    /// Where the free list's link stands in a free place.
    #[inline(always)]
    const fn link(self) -> usize {
        if matches!(self, Class::Control) { CONTROL_LINK } else { 0 }
    }
}

/// The registers that begin a coroutine and that no inline switch touches: x86-64, r12 to r15; in
/// aarch64's 96 bytes of them, the last 32 up to a multiple of 64.
const LEAD: usize = 32;

/// A place of this class for `size` bytes, with whatever stands there. None: there is no memory.
#[inline(always)]
pub(crate) fn allocate(class: Class, size: usize) -> Option<NonNull<c_void>> {
    take(class).or_else(|| allocate_slowly(class, size))
}

/// [`allocate`] where the slab that is taken from has a place. None: it has not.
#[inline(always)]
pub(crate) fn take(class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the thread's own state, and the heap that is held by it.
    unsafe {
        let heap: *mut heap::Heap = (*tls::thread_state()).heap.cast();
        if heap.is_null() { None } else { heap::take(heap, class) }
    }
}

/// A save area of at least `size` bytes. None: there is no memory.
pub(crate) fn allocate_area(size: usize) -> Option<NonNull<c_void>> {
    match Class::of_area(size) {
        Some(class) => allocate(class, size),
        None => outside::allocate(size),
    }
}

/// Does `place` lie in a slab? Then it can be read, whatever it was.
pub(crate) fn holds(place: *mut c_void) -> bool {
    region::of(place).is_some()
}

/// Where a place goes when it is freed: its slab.
pub(crate) struct Home(NonNull<c_void>);

/// The home of `place`. None: it does not lie in a slab, or is NULL.
#[inline(always)]
pub(crate) fn home_of(place: *mut c_void) -> Option<Home> {
    region::of(place).map(Home)
}

/// Frees what lies in a slab.
///
/// # Safety
/// `home` is that of `place`, which is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free_in(home: Home, place: *mut c_void) {
    // SAFETY: the caller's promise; what lies in a region is a place in a slab.
    unsafe { heap::free(home.0.as_ptr().cast(), place) }
}

/// Frees `size` bytes that [`allocate`] or [`allocate_area`] or [`allocate_outside`] gave, or the program
/// took from where the last has them; NULL is let through.
///
/// # Safety
/// `place` came from there, with this size, and is not used from here on.
#[inline(always)]
pub(crate) unsafe fn free(place: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match home_of(place) {
            Some(home) => free_in(home, place),
            None => outside::free(place, size),
        }
    }
}
