//! Tests of bindings.

use super::super::{create, destroy, set_exclusive};
use super::*;

#[test]
fn users_are_counted_and_a_destroyed_stack_is_known() {
    let stack = create(1 << 16, true).ok().unwrap();
    // SAFETY: the stack is this test's; all zero is a coroutine that never ran.
    unsafe {
        let block = control_block::block_of(stack);
        assert!(has_no_users(block) && !is_shared(stack));
        let mut coroutines: [aco_t; 2] = core::mem::zeroed();
        let [first, second] = &mut coroutines;
        for (co, is_second) in [(&raw mut *first, false), (&raw mut *second, true)] {
            (*co).share_stack = stack;
            bind(co, block);
            assert!(!has_no_users(block) && is_shared(stack) == is_second);
            assert!(state::is_ours(co) && !is_stack_destroyed(co, block));
        }
        detach(second);
        assert!(!is_shared(stack) && !has_no_users(block));
        (*stack).owner = first;
        set_exclusive(first, block);
        assert_eq!(block.unwrap().as_ref().exclusive, &raw mut *first);
        bind(second, block);
        assert!(block.unwrap().as_ref().exclusive.is_null(), "BI2");
        destroy("test", stack);
        assert!(is_stack_destroyed(first, block) && is_stack_destroyed(second, block));
        detach(first);
        detach(second);
    }
}
