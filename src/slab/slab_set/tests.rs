use super::*;
use std::collections::HashSet;

const CLASS: Class = Class::Area512;

/// Allocates `count` blocks, from as many slabs as that takes.
fn allocate_blocks(set: *mut SlabSet, count: usize) -> Vec<*mut c_void> {
    let next = || unsafe {
        // SAFETY: the set is this test's.
        allocate(set, CLASS).unwrap_or_else(|| {
            let slab = obtain_slab(set, CLASS).unwrap();
            if let Some(full) = current_mut(set, CLASS).replace(slab).as_mut() {
                full.is_available = false;
            }
            allocate_from(slab, CLASS).unwrap()
        })
    };
    (0..count).map(|_| next().as_ptr()).collect()
}

fn free_blocks(blocks: &[*mut c_void]) {
    // SAFETY: blocks in use, of slabs of this test's set.
    blocks.iter().for_each(|&block| unsafe {
        free(region::start_of(block).unwrap().cast().as_ptr(), block);
    });
}

fn count_slabs(set: &SlabSet) -> usize {
    let (mut slab, mut count) = (set.slabs, 0);
    while !slab.is_null() {
        // SAFETY: slabs of the list are mapped.
        slab = unsafe { (*slab).next_slab };
        count += 1;
    }
    count
}

fn kept_slabs(set: &SlabSet) -> usize {
    let (mut slab, mut count) = (set.slabs, 0);
    while !slab.is_null() {
        // SAFETY: slabs of the list are mapped.
        (slab, count) =
            unsafe { ((*slab).next_slab, count + usize::from((*slab).purge_limit == (*slab).end)) };
    }
    count
}

#[test]
fn empty_slabs_are_kept_or_unmapped_but_not_during_an_iteration() {
    for iterators in [0, 1] {
        // SAFETY: all zero is a set without slabs.
        let mut set: SlabSet = unsafe { core::mem::zeroed() };
        let blocks = allocate_blocks(&raw mut set, 10_000);
        let distinct: HashSet<_> = blocks.iter().collect();
        let (slabs, size) = (count_slabs(&set), set.mapped[CLASS as usize]);
        assert!(distinct.len() == 10_000 && size > 4 * MAX_KEPT);
        set.iterators = iterators;
        free_blocks(&blocks);
        assert_eq!(count_slabs(&set) == slabs, iterators == 1);
        set.iterators = 0;
        // SAFETY: the set is this test's.
        unsafe { reclaim_empty(&raw mut set) };
        assert!(count_slabs(&set) - kept_slabs(&set) <= 1, "the current slab stays");
        assert!(set.kept > MAX_KEPT / 2 && set.kept <= MAX_KEPT);
        let kept = (set.kept, count_slabs(&set));
        for _ in 0..3 {
            free_blocks(&allocate_blocks(&raw mut set, 1000));
            assert_eq!((set.kept, count_slabs(&set)), kept, "none comes or goes");
        }
        // SAFETY: the set is this test's.
        unsafe { unmap_empty(&raw mut set) };
        assert_eq!((set.kept, count_slabs(&set)), (0, 0));
        assert_eq!(allocate_blocks(&raw mut set, 1).len() + count_slabs(&set), 2);
    }
}

#[test]
fn a_kept_slab_of_stack_blocks_is_purged_when_the_heap_is_released() {
    // SAFETY: all zero is a set without slabs.
    let mut set: SlabSet = unsafe { core::mem::zeroed() };
    // SAFETY: the set is this test's, and so is its only slab.
    unsafe {
        let slab = obtain_slab(&raw mut set, Class::StackBlock).unwrap();
        *current_mut(&raw mut set, Class::StackBlock) = slab;
        let next = || allocate_from(slab, Class::StackBlock).unwrap().as_ptr();
        let blocks: Vec<_> = (0..400).map(|_| next()).collect();
        let last = blocks[399].cast::<u64>();
        last.write(7);
        free_blocks(&blocks);
        assert_eq!((set.kept, last.read()), ((*slab).size, 7));
        unmap_empty(&raw mut set);
        assert_eq!((set.kept, count_slabs(&set), last.read()), (0, 1, 0));
        assert_eq!(allocate_from(slab, Class::StackBlock).unwrap().as_ptr(), blocks[0]);
    }
}

#[test]
fn a_new_slab_has_at_most_a_quarter_of_its_class() {
    // SAFETY: all zero is a set without slabs.
    let mut set: SlabSet = unsafe { core::mem::zeroed() };
    let mut blocks = Vec::new();
    while set.mapped[CLASS as usize] < 32 << 20 {
        let before = set.mapped[CLASS as usize];
        blocks.extend(allocate_blocks(&raw mut set, 100));
        let size = set.mapped[CLASS as usize] - before;
        assert!(
            size <= (before / 4).max(MIN_SIZE) && size <= region::SIZE,
            "{size} after {before}"
        );
    }
    free_blocks(&blocks);
    assert!(count_slabs(&set) - kept_slabs(&set) <= 1, "the current slab stays");
}
