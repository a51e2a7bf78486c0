//! A span: several stacks of tasks in one mapping.
//!
//! ```text
//!   start + count * mapped   +-------+
//!                            | stack |  the last; each has its usable bytes, its guards and its gap (`memory`)
//!                            +-------+
//!                            :       :
//!                            +-------+
//!                            | stack |  0
//!   start                    +-------+
//! ```
//!
//! A stack of its own mapping costs four system calls: mmap, its two guards, munmap. A span costs three.
//!
//! * SP1. A stack in a span has the memory and the guards that a stack of its own has (G1 to G3 of `memory`), from the
//!   mapping of the span to its unmapping.
//! * SP2. A place of a span is free, or has one stack: from [`Span::create`] to [`Span::end`]. A free place has no
//!   control block. Its pages stay until [`Span::discard`].
//! * SP3. Where each stack takes mappings of its own (G3), a span has one stack.
//! * SP4. Only the owner of a span uses it, and ends its stacks. They are in no cache, and are never unmapped alone.

use core::ffi::c_void;

use super::control_block;
use super::create::{activate_registered, init_block};
use super::destroy::end_life;
use super::guard::guard_size;
use super::layout::Sizes;
use super::memory::{self, MAX_STACKS, StackMemory};
use crate::abi::aco_share_stack_t;
use crate::error::CreateError;
use crate::sys;

/// A span. All zero is none.
pub(crate) struct Span {
    /// The lowest address of the mapping.
    start: *mut c_void,
    /// The sizes of each stack.
    sizes: Sizes,
    /// The number of places, at most [`Span::MAX_STACKS`].
    count: u32,
    is_guarded: bool,
}

impl Span {
    pub(crate) const MAX_STACKS: u32 = MAX_STACKS as u32;

    /// Maps a span of up to `count` stacks, at least one, for requests as those of
    /// [`create_with_gap`](super::create_with_gap).
    pub(crate) fn map(size: usize, gap: usize, count: u32) -> Result<Span, CreateError> {
        /// The kernel may refuse a mapping that is larger than its memory.
        const MAX_BYTES: usize = 256 << 20;
        let sizes = Sizes::with_gap(size, sys::page_size(), guard_size(), gap)
            .ok_or(CreateError::StackTooLarge { size })?;
        let mut count = count.min((MAX_BYTES / sizes.mapped) as u32).min(Span::MAX_STACKS);
        while count > 1 {
            if let Some(mapping) = memory::map_stacks(&sizes, count as usize) {
                return Ok(Span { start: mapping.as_ptr(), sizes, count, is_guarded: true });
            }
            count /= 2;
        }
        match memory::allocate(&sizes) {
            Some(StackMemory { mapping, is_guarded, .. }) => {
                Ok(Span { start: mapping, sizes, count: 1, is_guarded })
            }
            None => Err(CreateError::NoStackMemory { size: sizes.mapped }),
        }
    }

    /// The number of places.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The lowest address of a place, which is a stack's `real_ptr`.
    fn place(&self, index: u32) -> *mut c_void {
        self.start.wrapping_byte_add(index as usize * self.sizes.mapped)
    }

    /// Creates the stack at the place `index`. `number` is for [`Span::number_of`].
    ///
    /// # Safety
    /// The span is mapped, and the place is free (SP2).
    pub(crate) unsafe fn create(
        &self,
        index: u32,
        number: u32,
    ) -> Result<*mut aco_share_stack_t, CreateError> {
        let block = control_block::allocate()?;
        let mapping = self.place(index);
        let usable = memory::usable_start(mapping, &self.sizes);
        let memory = StackMemory { usable, mapping, is_guarded: self.is_guarded };
        // SAFETY: the block was allocated above. It describes memory that nothing uses (SP2).
        unsafe {
            init_block(block, &self.sizes, &memory);
            (*block.as_ptr()).home = number;
            Ok(activate_registered(block, usable, self.sizes.usable))
        }
    }

    /// The number of the span of a stack.
    ///
    /// # Safety
    /// `stack` is from [`Span::create`], and has not ended.
    pub(crate) unsafe fn number_of(stack: *mut aco_share_stack_t) -> u32 {
        // SAFETY: a stack of a span has a control block.
        unsafe { control_block::block_of(stack).map_or(0, |block| (*block.as_ptr()).home) }
    }

    /// Ends a stack of this span. Returns its place, which is free afterwards.
    ///
    /// # Safety
    /// `stack` is from [`Span::create`] of this span, and has not ended. No coroutine is bound to it, and nothing runs
    /// on it.
    pub(crate) unsafe fn end(&self, stack: *mut aco_share_stack_t) -> u32 {
        // SAFETY: the stack is live, and nothing uses it.
        unsafe {
            let offset = (*stack).real_ptr.addr().wrapping_sub(self.start.addr());
            let block = control_block::block_of(stack);
            end_life(stack, block);
            if let Some(block) = block {
                control_block::free(block);
            }
            (offset / self.sizes.mapped) as u32
        }
    }

    /// Discards the pages of the places whose bits are set in `places`.
    ///
    /// # Safety
    /// The span is mapped, and the places are free (SP2).
    pub(crate) unsafe fn discard(&self, places: u64) {
        let range = |index| sys::Range {
            iov_base: memory::usable_start(self.place(index), &self.sizes),
            iov_len: self.sizes.usable,
        };
        let mut ranges = [range(0); MAX_STACKS];
        let chosen = (0..self.count).filter(|index| places >> index & 1 != 0);
        let count = ranges.iter_mut().zip(chosen).map(|(one, index)| *one = range(index)).count();
        // SAFETY: nothing uses the free places of a mapped span.
        unsafe { sys::discard_all(ranges.get(..count).unwrap_or(&[])) };
    }

    /// Unmaps the span. Returns false if the system refuses: it stays mapped.
    ///
    /// # Safety
    /// The span is mapped, and all its places are free (SP2).
    pub(crate) unsafe fn unmap(&self) -> bool {
        // SAFETY: nothing uses the mapping.
        unsafe { sys::unmap(self.start, self.sizes.mapped * self.count as usize) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_of_a_span_have_their_own_memory_and_guards() {
        let (size, gap) = (64 << 10, 64 << 10);
        // The first one finds out what the kernel can.
        for wanted in [1, 5] {
            let span = Span::map(size, gap, wanted).ok().unwrap();
            let sizes = Sizes::with_gap(size, sys::page_size(), guard_size(), gap).unwrap();
            // SAFETY: the span is this test's.
            unsafe {
                let stacks: Vec<_> =
                    (0..span.count()).map(|index| span.create(index, 7).ok().unwrap()).collect();
                for (index, &stack) in stacks.iter().enumerate() {
                    let low = span.start.byte_add(index * sizes.mapped);
                    assert_eq!(((*stack).real_ptr, (*stack).real_sz), (low, sizes.mapped));
                    assert!(!sys::is_readable(low) && sys::is_readable((*stack).ptr));
                    assert!(!sys::is_readable((*stack).ptr.byte_sub(1)), "the upper guard");
                    assert_eq!(Span::number_of(stack), 7);
                    (*stack).ptr.cast::<u8>().write(1);
                }
                let lows: Vec<_> = stacks.iter().map(|&stack| (*stack).ptr).collect();
                for (index, &stack) in stacks.iter().enumerate() {
                    assert_eq!(span.end(stack), index as u32);
                }
                span.discard(0b1010);
                for (index, low) in lows.iter().enumerate() {
                    let is_discarded = 0b1010 >> index & 1 != 0;
                    assert_eq!(low.cast::<u8>().read(), u8::from(!is_discarded));
                    assert!(!sys::is_readable(low.byte_sub(1)), "guards stay");
                }
                assert!(span.unmap());
            }
        }
    }
}
