//! The forms and flags of the state word, on coroutines of the test's own.

use super::*;
use core::mem::MaybeUninit;

/// Both aligned as the library's are.
#[repr(align(32))]
struct Place<T>(MaybeUninit<T>);

fn place<T>() -> Box<Place<T>> {
    Box::new(Place(MaybeUninit::zeroed()))
}

#[test]
fn a_coroutine_is_bound_then_resident_then_bound() {
    let (mut co, mut stack) = (place::<aco_t>(), place::<aco_share_stack_t>());
    let (co, stack) = (co.0.as_mut_ptr(), stack.0.as_mut_ptr());
    // SAFETY: a zeroed coroutine.
    unsafe {
        (*co).share_stack = stack;
        assert!(!is_ours(co) && !is_resident(co) && generation(co) == 0);
        bind(co, binding(stack, 0xfffe));
        assert!(is_ours(co) && !is_resident(co) && generation(co) == 0xfffe);
        settle(co);
        assert!(is_ours(co) && is_resident(co) && generation(co) == 0);
        (*co).is_end = 1;
        *aco_t::state_word(co) |= FULL;
        assert!(is_ours(co) && is_resident(co));
        cancel(co);
        unsettle(co, stack, binding(stack, 9));
        assert!(is_ours(co) && generation(co) == 9 && (*co).is_end == 1);
        assert!(is_cancelled(co) && read(co) & FULL != 0);
        cut(co);
        assert!(is_cut(co) && is_ours(co) && is_cancelled(co));
        enter(co);
        assert!(!is_cut(co) && is_cancelled(co));
        cut(co);
        join(co);
        assert!(!is_cut(co));
        revive(co);
        assert!(is_ours(co) && read(co) & (FLAGS | IS_END) == 0);
        unsettle(co, stack, binding(stack, 10));
        assert_eq!(generation(co), 9);
        *aco_t::state_word(co) |= FULL;
        assert!(is_ours(co) && generation(co) == 9);
    }
}

#[test]
fn a_copy_is_not_ours_but_remembers_its_life() {
    let (mut co, mut copy) = (place::<aco_t>(), place::<aco_t>());
    let (co, copy) = (co.0.as_mut_ptr(), copy.0.as_mut_ptr());
    let mut stacks = [place::<aco_share_stack_t>(), place::<aco_share_stack_t>()];
    let stacks = stacks.each_mut().map(|stack| stack.0.as_mut_ptr());
    // SAFETY: zeroed coroutines.
    unsafe {
        (*co).share_stack = stacks[0];
        bind(co, binding(stacks[0], 3));
        copy.copy_from(co, 1);
        assert!(!is_ours(copy) && generation(copy) == 3);
        (*copy).share_stack = stacks[1];
        assert_eq!(generation(copy), 0, "a life of another stack");
        settle(co);
        copy.copy_from(co, 1);
        assert!(!is_ours(copy) && !is_resident(copy) && generation(copy) == 0);
        assert!(!is_dead(co));
        bury(co);
        copy.copy_from(co, 1);
        assert!(is_dead(co) && !is_dead(copy) && !is_ours(co) && generation(co) == 0);
    }
}
