//! The arithmetic of a share stack: its sizes, their rounding, and the addresses at its top.

use crate::abi::aco_share_stack_t;
use crate::arch;

/// The size of a stack for a request of 0 bytes.
const DEFAULT_SIZE: usize = 2 * 1024 * 1024;
/// The smallest size of a stack.
const MIN_SIZE: usize = 4096;
/// Bytes above `align_highptr`: two words, as in libaco. The first is the unwind owner
/// ([`set_unwind_owner`](super::set_unwind_owner)).
const HEADROOM: usize = 16;
/// The alignment of a stack in both ABIs.
const ALIGNMENT: usize = 16;

/// The sizes of a share stack, in bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Sizes {
    /// The bytes that coroutines use.
    pub(super) usable: usize,
    /// The bytes of the mapping, with guards and gap. 0: the memory is from malloc. Equal to `usable`: it is the
    /// program's, without a guard. The value is in `real_sz`, so a copy by value has it too.
    pub(super) mapped: usize,
}

impl Sizes {
    /// The sizes for a request: 0 bytes become 2 MiB, fewer than 4096 become 4096. A guarded stack is rounded up to
    /// whole pages, and its guard comes on top of that. None: the sum does not fit in a `usize`.
    pub(super) fn new(requested: usize, guarded: bool, page: usize, guard: usize) -> Option<Sizes> {
        let size = if requested == 0 { DEFAULT_SIZE } else { requested.max(MIN_SIZE) };
        if !guarded {
            return Some(Sizes { usable: size, mapped: 0 });
        }
        let usable = size.checked_next_multiple_of(page)?;
        Some(Sizes { usable, mapped: usable.checked_add(guard)? })
    }

    /// The sizes of a guarded stack with a gap below its guard, and a second guard below that. `gap` is rounded down to
    /// whole pages; 0 pages are no gap. None: the sum does not fit in a `usize`.
    pub(super) fn with_gap(
        requested: usize,
        page: usize,
        guard: usize,
        gap: usize,
    ) -> Option<Sizes> {
        let Sizes { usable, mapped } = Sizes::new(requested, true, page, guard)?;
        let gap = gap & !(page - 1);
        if gap == 0 {
            return Some(Sizes { usable, mapped });
        }
        Some(Sizes { usable, mapped: mapped.checked_add(gap)?.checked_add(guard)? })
    }

    /// The bytes of guards and gap, below the usable bytes. 0: there are none.
    pub(super) fn guard_and_gap(&self) -> usize {
        self.mapped.saturating_sub(self.usable)
    }

    /// The sizes of a stack in the program's memory.
    pub(super) fn external(size: usize) -> Sizes {
        Sizes { usable: size, mapped: size }
    }

    /// Returns true if the memory is the program's.
    #[inline(always)]
    pub(super) fn are_external(&self) -> bool {
        self.mapped == self.usable
    }

    /// Returns why `size` bytes of the program at the address `low` cannot be a stack. None: they can.
    pub(super) fn external_error(low: usize, size: usize) -> Option<&'static str> {
        Some(if low == 0 {
            "the memory is NULL"
        } else if !low.is_multiple_of(ALIGNMENT) {
            "the memory is not aligned"
        } else if size < MIN_SIZE {
            "the memory is too small"
        } else if low.checked_add(size).is_none() {
            "the memory does not fit the address space"
        } else {
            return None;
        })
    }
}

/// The bytes of guards and gap below `stack`. 0: there are none.
///
/// # Safety
/// `stack` points to a live share stack.
pub(crate) unsafe fn guard_and_gap(stack: *const aco_share_stack_t) -> usize {
    // SAFETY: `stack` is live, so its sizes are set.
    unsafe { Sizes { usable: (*stack).sz, mapped: (*stack).real_sz }.guard_and_gap() }
}

/// The addresses at the top of a share stack.
#[derive(Debug, PartialEq)]
pub(super) struct Top {
    /// `align_highptr`.
    pub(super) high: usize,
    /// `align_retptr`.
    pub(super) ret: usize,
}

impl Top {
    /// The top of `size` bytes at the address `low`.
    pub(super) fn of(low: usize, size: usize) -> Top {
        let high = (low + size - HEADROOM) & !(ALIGNMENT - 1);
        Top { high, ret: high - arch::RETURN_SLOT_SIZE }
    }
}

/// `align_limit`: the most bytes that a saved stack pointer may be below `align_highptr`.
pub(super) fn limit(size: usize) -> usize {
    size - HEADROOM - ALIGNMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    #[test]
    fn sizes_are_rounded_as_documented() {
        for (requested, guarded, usable, mapped) in [
            (0, true, 2 << 20, (2 << 20) + PAGE),
            (0, false, 2 << 20, 0),
            (1, true, 4096, 8192),
            (1, false, 4096, 0),
            (4096, true, 4096, 8192),
            (4097, true, 8192, 12288),
            (4097, false, 4097, 0),
            (100_000, true, 102_400, 106_496),
            (100_000, false, 100_000, 0),
        ] {
            let sizes = Sizes::new(requested, guarded, PAGE, PAGE);
            assert_eq!(sizes, Some(Sizes { usable, mapped }), "{requested} {guarded}");
        }
        let wide = Sizes::new(1, true, 65536, 65536);
        assert_eq!(wide, Some(Sizes { usable: 65536, mapped: 131_072 }));
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for requested in [usize::MAX, usize::MAX - 1, usize::MAX - PAGE, usize::MAX - 2 * PAGE + 2]
        {
            assert_eq!(Sizes::new(requested, true, PAGE, PAGE), None, "{requested}");
        }
        let largest = usize::MAX - 2 * PAGE + 1;
        let sizes = Sizes { usable: largest, mapped: largest + PAGE };
        assert_eq!(Sizes::new(largest, true, PAGE, PAGE), Some(sizes));
        let unguarded = Sizes { usable: usize::MAX, mapped: 0 };
        assert_eq!(Sizes::new(usize::MAX, false, PAGE, PAGE), Some(unguarded));
    }

    #[test]
    fn a_gap_has_a_guard_at_either_end() {
        for (gap, guard_and_gap) in [
            (0, PAGE),
            (1, PAGE),
            (PAGE - 1, PAGE),
            (PAGE, 3 * PAGE),
            (2 * PAGE - 1, 3 * PAGE),
            (1 << 20, (1 << 20) + 2 * PAGE),
        ] {
            let sizes = Sizes::with_gap(100_000, PAGE, PAGE, gap).unwrap();
            assert_eq!((sizes.usable, sizes.guard_and_gap()), (102_400, guard_and_gap), "{gap}");
        }
        assert_eq!(Sizes::with_gap(4096, PAGE, PAGE, usize::MAX), None);
        assert_eq!(Sizes::external(4096).guard_and_gap(), 0);
        assert_eq!(Sizes::new(4096, false, PAGE, PAGE).unwrap().guard_and_gap(), 0);
    }

    #[test]
    fn memory_that_a_program_gives_is_told_from_the_librarys() {
        assert!(Sizes::external(4096).are_external());
        for (requested, guarded) in [(0, true), (0, false), (4096, true), (4096, false)] {
            assert!(!Sizes::new(requested, guarded, PAGE, PAGE).unwrap().are_external());
        }
    }

    #[test]
    fn memory_that_cannot_be_a_stack_is_refused() {
        for (low, size) in [(0x1000, 4096), (0x1010, 5001), (16, usize::MAX - 16)] {
            assert_eq!(Sizes::external_error(low, size), None, "{low:#x} {size}");
        }
        for (low, size) in [(0, 8192), (0x1008, 8192), (0x1001, 0), (0x1000, 4095)] {
            assert!(Sizes::external_error(low, size).is_some(), "{low:#x} {size}");
        }
        assert!(Sizes::external_error(0x1000, usize::MAX - 0xfff).is_some());
    }

    #[test]
    fn the_top_is_aligned_and_inside() {
        for low in (0x10000..0x10040).step_by(8) {
            for size in MIN_SIZE..MIN_SIZE + 64 {
                let top = Top::of(low, size);
                assert_eq!(top.high % ALIGNMENT, 0);
                assert_eq!(top.high - top.ret, arch::RETURN_SLOT_SIZE);
                assert!((16..32).contains(&(low + size - top.high)));
                assert!(top.high - limit(size) > low, "the limit keeps off the lowest byte");
            }
        }
    }

    #[test]
    fn two_mebibytes_are_as_in_libaco() {
        assert_eq!(Top::of(0x10000, 2 << 20).high, 0x10000 + 2_097_136);
        assert_eq!(limit(2 << 20), 2_097_120);
    }
}
