//! The classes of places: their sizes and alignments.

use crate::abi::aco_t;

/// The use of a place.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Class {
    /// A coroutine alone on its share stack: all that a switch needs is in one cache line.
    Alone,
    /// A coroutine that shares its stack.
    Sharing,
    /// A share stack's control block. Its memory is never used otherwise: a free one is as its last user left it,
    /// except for `STACK_BLOCK_LINK`, or zeroed.
    StackBlock,
    /// A save area, the smallest.
    Area64,
    /// A save area.
    Area128,
    /// A save area.
    Area256,
    /// A save area.
    Area512,
    /// A save area, the largest one in slabs.
    Area1024,
}

/// The number of classes.
pub(super) const CLASSES: usize = Class::ALL.len();

/// Bytes of a share stack's control block.
pub(crate) const STACK_BLOCK_SIZE: usize = 112;
/// The offset of its word that links free blocks.
pub(crate) const STACK_BLOCK_LINK: usize = 64;

impl Class {
    /// All classes, in the order of their numbers.
    pub(super) const ALL: [Class; 8] = [
        Class::Alone,
        Class::Sharing,
        Class::StackBlock,
        Class::Area64,
        Class::Area128,
        Class::Area256,
        Class::Area512,
        Class::Area1024,
    ];

    /// Returns the class of a save area of `size` bytes, or None if malloc has to provide it.
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
    pub(super) const fn stride(self) -> usize {
        match self {
            Class::Alone => (size_of::<aco_t>() + ALONE_OFFSET).next_multiple_of(64),
            Class::Sharing => size_of::<aco_t>().next_multiple_of(16),
            Class::StackBlock => STACK_BLOCK_SIZE,
            Class::Area64 => 64,
            Class::Area128 => 128,
            Class::Area256 => 256,
            Class::Area512 => 512,
            Class::Area1024 => 1024,
        }
    }

    /// Bytes between a multiple of 64 and the first place.
    pub(super) const fn first_offset(self) -> usize {
        if matches!(self, Class::Alone) { ALONE_OFFSET } else { 0 }
    }

    /// The offset of the free list's link in a free place.
    #[inline(always)]
    pub(super) const fn link_offset(self) -> usize {
        if matches!(self, Class::StackBlock) { STACK_BLOCK_LINK } else { 0 }
    }
}

/// The registers that begin a coroutine and that no inline switch touches: x86-64, r12 to r15; in
/// aarch64's 96 bytes of them, the last 32 up to a multiple of 64.
const ALONE_OFFSET: usize = 32;
