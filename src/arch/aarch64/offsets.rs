//! aarch64: the numbers of the assembly, here and in `include/aco_switch.h`, for places in structs and in the words of
//! a thread.

use core::mem::offset_of;

use crate::abi::{ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_share_stack_t, aco_t};
use crate::arch::{FIRST_VALUE_SLOT, FRAME_POINTER_SLOT, FRAME_RECORD_OFFSET};

const WORD: usize = size_of::<usize>();

const _: () = {
    assert!(offset_of!(aco_t, reg) == 0);
    assert!(FIRST_VALUE_SLOT * WORD == 8);
    assert!(FRAME_RECORD_OFFSET == 96);
    assert!(FRAME_POINTER_SLOT * WORD == 96);
    assert!(ACO_REG_IDX_RETADDR * WORD == 104);
    assert!(ACO_REG_IDX_SP * WORD == 112);
    assert!(ACO_REG_IDX_FPU * WORD == 120);
    assert!(offset_of!(aco_t, main_co) == 128);
    // The state word; its flags are in the next byte.
    assert!(offset_of!(aco_t, is_end) == 144);
    assert!(offset_of!(aco_t, share_stack) == 208);
    assert!(offset_of!(aco_share_stack_t, owner) == 48);
};
