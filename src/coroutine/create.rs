//! A coroutine with a share stack is created.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::control_block::{allocate, block_size};
use super::start::init_context;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::{attention, hooks, record, save, stack};

/// A coroutine that will run `fp` on `share_stack` when it is first resumed.
///
/// # Safety
/// `main_co` and `share_stack` point to a coroutine and to a share stack.
pub(crate) unsafe fn create(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Result<*mut aco_t, CreateError> {
    let share_stack = share_stack.as_ptr();
    // SAFETY: control blocks stay readable after their stack is destroyed.
    if unsafe { (*share_stack).ptr.is_null() } {
        return Err(CreateError::StackDestroyed(share_stack));
    }
    // SAFETY: as above.
    let (control, vacant) = unsafe {
        let control = stack::control_of(share_stack);
        (control, stack::is_vacant(control))
    };
    let co = allocate(if vacant { Class::Alone } else { Class::Sharing }, fp, arg)?;
    // Without a wish for its size the area waits for the first copy, which a coroutine with a
    // stack for itself never sees.
    let (area, size) = match save_stack_sz {
        0 => (ptr::null_mut(), save::DEFAULT_SIZE),
        size => match slab::allocate_area(size) {
            Some(area) => (area.as_ptr(), size),
            None => {
                record::forget(co);
                // SAFETY: just allocated, and nobody knows it.
                unsafe { slab::free(co.cast(), block_size()) };
                return Err(CreateError::NoMemory { what: "a save stack", size });
            }
        },
    };
    // SAFETY: `co` is fresh, and `share_stack` is live by the caller's promise.
    unsafe {
        (*co).main_co = main_co.as_ptr();
        (*co).save_stack.ptr = area;
        (*co).save_stack.sz = size;
        (*co).share_stack = share_stack;
        stack::bind(co, control);
        init_context(co);
        if attention::is_due() {
            hooks::created(co);
        }
    }
    Ok(co)
}
