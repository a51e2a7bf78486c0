//! The forms and flags of the state word, on zeroed coroutines.

use super::*;
use core::mem::MaybeUninit;

/// Memory for one `T`, aligned as the library aligns its blocks.
#[repr(align(32))]
struct Block<T>(MaybeUninit<T>);

fn zeroed<T>() -> Box<Block<T>> {
    Box::new(Block(MaybeUninit::zeroed()))
}

#[test]
fn a_coroutine_is_bound_then_exclusive_then_bound() {
    let (mut co, mut stack) = (zeroed::<aco_t>(), zeroed::<aco_share_stack_t>());
    let (co, stack) = (co.0.as_mut_ptr(), stack.0.as_mut_ptr());
    // SAFETY: a zeroed coroutine.
    unsafe {
        (*co).share_stack = stack;
        assert!(!is_ours(co) && !is_exclusive(co) && generation(co) == 0);
        bind(co, binding(stack, 0xfffe));
        assert!(is_ours(co) && !is_exclusive(co) && generation(co) == 0xfffe);
        set_exclusive(co);
        assert!(is_ours(co) && is_exclusive(co) && generation(co) == 0);
        (*co).is_end = 1;
        *aco_t::state_word(co) |= ALL_REGS;
        assert!(is_ours(co) && is_exclusive(co));
        mark_cancelled(co);
        clear_exclusive(co, stack, binding(stack, 9));
        assert!(is_ours(co) && generation(co) == 9 && (*co).is_end == 1);
        assert!(is_cancelled(co) && read(co) & ALL_REGS != 0);
        mark_chain_cut(co);
        assert!(is_chain_cut(co) && is_ours(co) && is_cancelled(co));
        mark_resumed(co);
        assert!(!is_chain_cut(co) && is_cancelled(co));
        mark_chain_cut(co);
        mark_chain_whole(co);
        assert!(!is_chain_cut(co));
        mark_reset(co);
        assert!(is_ours(co) && read(co) & (FLAGS | IS_END) == 0);
        clear_exclusive(co, stack, binding(stack, 10));
        assert_eq!(generation(co), 9);
        *aco_t::state_word(co) |= ALL_REGS;
        assert!(is_ours(co) && generation(co) == 9);
    }
}

#[test]
fn a_copy_is_not_ours_but_remembers_its_generation() {
    let (mut co, mut copy) = (zeroed::<aco_t>(), zeroed::<aco_t>());
    let (co, copy) = (co.0.as_mut_ptr(), copy.0.as_mut_ptr());
    let mut stacks = [zeroed::<aco_share_stack_t>(), zeroed::<aco_share_stack_t>()];
    let stacks = stacks.each_mut().map(|stack| stack.0.as_mut_ptr());
    // SAFETY: zeroed coroutines.
    unsafe {
        (*co).share_stack = stacks[0];
        bind(co, binding(stacks[0], 3));
        copy.copy_from(co, 1);
        assert!(!is_ours(copy) && generation(copy) == 3);
        (*copy).share_stack = stacks[1];
        assert_eq!(generation(copy), 0, "a generation of another stack");
        set_exclusive(co);
        copy.copy_from(co, 1);
        assert!(!is_ours(copy) && !is_exclusive(copy) && generation(copy) == 0);
        assert!(!is_destroyed(co));
        mark_destroyed(co);
        copy.copy_from(co, 1);
        assert!(is_destroyed(co) && !is_destroyed(copy) && !is_ours(co) && generation(co) == 0);
    }
}
