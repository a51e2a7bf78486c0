//! The classes of blocks: what a block is for, its size, its offset in a slab.

use core::mem::offset_of;

use crate::abi::{aco_share_stack_t, aco_t};

/// What a block is for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Class {
    /// The control block of a coroutine that is alone on its share stack: one cache line has what a switch needs.
    Alone,
    /// The control block of a coroutine that shares its stack.
    Sharing,
    /// The control block of a share stack. The block never serves another purpose: while it is free it has its last
    /// contents, except the word at [`STACK_BLOCK_LINK`], or all zero.
    StackBlock,
    /// A save area, the smallest.
    Area64,
    /// A save area.
    Area128,
    /// A save area.
    Area256,
    /// A save area.
    Area512,
    /// A save area.
    Area1024,
    /// A save area.
    Area2048,
    /// A save area.
    Area4096,
    /// A save area.
    Area8192,
    /// A save area, the largest in a slab: it has an image of 8 KiB and its frames.
    Area16384,
}

/// The number of classes.
pub(super) const CLASSES: usize = Class::ALL.len();

/// The size of a share stack's control block, in bytes.
pub(crate) const STACK_BLOCK_SIZE: usize =
    (size_of::<aco_share_stack_t>() + STACK_BLOCK_MORE).next_multiple_of(16);
/// What such a block has beside the public struct (`stack::control_block`): a pointer, four small fields, two words of
/// 32 bits and one of 64.
const STACK_BLOCK_MORE: usize = size_of::<usize>() + 8 + 8 + 8;
/// The offset in such a block of the word that links free blocks.
pub(crate) const STACK_BLOCK_LINK: usize = offset_of!(aco_share_stack_t, real_ptr);

impl Class {
    /// All classes, in the order of their discriminants.
    pub(super) const ALL: [Class; 12] = [
        Class::Alone,
        Class::Sharing,
        Class::StackBlock,
        Class::Area64,
        Class::Area128,
        Class::Area256,
        Class::Area512,
        Class::Area1024,
        Class::Area2048,
        Class::Area4096,
        Class::Area8192,
        Class::Area16384,
    ];

    /// The class of a save area of `size` bytes. None: it is too large for a slab.
    pub(crate) fn of_area(size: usize) -> Option<Class> {
        Some(match size {
            0..=64 => Class::Area64,
            65..=128 => Class::Area128,
            129..=256 => Class::Area256,
            257..=512 => Class::Area512,
            513..=1024 => Class::Area1024,
            1025..=2048 => Class::Area2048,
            2049..=4096 => Class::Area4096,
            4097..=8192 => Class::Area8192,
            8193..=16384 => Class::Area16384,
            _ => return None,
        })
    }

    /// Bytes from one block to the next: each save area has twice those of the one before. No table of jumps, which a
    /// program with BTI would refuse.
    #[inline(always)]
    pub(super) const fn stride(self) -> usize {
        match self {
            Class::Alone => (size_of::<aco_t>() + ALONE_OFFSET).next_multiple_of(64),
            Class::Sharing => size_of::<aco_t>().next_multiple_of(16),
            Class::StackBlock => STACK_BLOCK_SIZE,
            area => 64 << (area as usize - Class::Area64 as usize),
        }
    }

    /// Bytes between the header of a slab, a multiple of 64, and the first block.
    pub(super) const fn first_offset(self) -> usize {
        if matches!(self, Class::Alone) { ALONE_OFFSET } else { 0 }
    }

    /// The offset of the link in a free block.
    #[inline(always)]
    pub(super) const fn link_offset(self) -> usize {
        if matches!(self, Class::StackBlock) { STACK_BLOCK_LINK } else { 0 }
    }
}

/// Bytes at the start of a coroutine that no inline switch touches: on x86-64 the slots of r12 to r15. On aarch64 those
/// slots take 96 bytes: these 32, and one cache line more.
const ALONE_OFFSET: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_area_has_the_smallest_class_that_holds_it() {
        let areas = Class::ALL.into_iter().skip(3);
        for size in 0..=16384 {
            let wanted = areas.clone().find(|class| class.stride() >= size);
            assert!(Class::of_area(size) == wanted, "{size}");
        }
        assert!(Class::of_area(16385).is_none());
    }

    #[test]
    fn blocks_are_aligned() {
        for (index, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, index);
            assert!(class.stride().is_multiple_of(16) && class.first_offset().is_multiple_of(16));
            assert!(class.link_offset() + 8 <= class.stride());
        }
        // One cache line has what a switch needs.
        assert!(Class::Alone.stride().is_multiple_of(64) && Class::Alone.first_offset() == 32);
    }
}
