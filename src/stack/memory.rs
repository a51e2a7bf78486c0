//! The memory of a share stack: a mapping with a guard page below it, or an allocation.

use core::ffi::c_void;
use core::ptr;

use super::layout::Sizes;
use crate::abi::aco_share_stack_t;
use crate::{diag, sys};

/// Memory for a stack.
pub(super) struct Memory {
    /// The lowest usable byte.
    pub(super) usable: *mut c_void,
    /// The mapping that holds it and its guard page, or NULL for an allocation.
    pub(super) mapping: *mut c_void,
}

/// Obtains memory of these sizes. Aborts, in the name of `function`, when there is none, or when
/// the guard page cannot be had.
pub(super) fn obtain(function: &str, sizes: &Sizes) -> Memory {
    let nothing = ptr::null::<aco_share_stack_t>();
    if sizes.mapped == 0 {
        let Some(memory) = sys::allocate(sizes.usable) else {
            diag::out_of_memory(function, nothing, "a share stack", sizes.usable)
        };
        return Memory { usable: memory.as_ptr(), mapping: ptr::null_mut() };
    }
    let Some(mapping) = sys::map(sizes.mapped) else {
        diag::out_of_memory(function, nothing, "a share stack", sizes.mapped)
    };
    let mapping = mapping.as_ptr();
    let guard = sizes.mapped - sizes.usable;
    // SAFETY: the guard is the lowest pages of the mapping just made, the usable part the rest.
    unsafe {
        if !sys::forbid(mapping, guard) {
            let errno = sys::errno();
            diag::fatal(
                function,
                nothing,
                format_args!("no guard page: mprotect of {guard} bytes fails with errno {errno}"),
                "each guarded stack takes two of vm.max_map_count mappings: raise it",
            )
        }
        Memory { usable: mapping.byte_add(guard), mapping }
    }
}

/// Gives the memory of `stack` back.
///
/// # Safety
/// The stack is live and nothing uses its memory from here on.
pub(super) unsafe fn give_back(function: &str, stack: *mut aco_share_stack_t) {
    // SAFETY: the fields describe what `obtain` gave.
    unsafe {
        if (*stack).real_ptr.is_null() {
            sys::free((*stack).ptr);
        } else if !sys::unmap((*stack).real_ptr, (*stack).real_sz) {
            let errno = sys::errno();
            diag::fatal(
                function,
                stack,
                format_args!("munmap fails with errno {errno}"),
                "real_ptr and real_sz belong to the library; vm.max_map_count may be exhausted",
            )
        }
    }
}
