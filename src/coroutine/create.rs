//! The creation of a coroutine that has a share stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::control_block::{allocate, allocate_quickly, block_size};
use super::start::{init_context, init_registers};
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::{hooks, record, save, slow_path, stack, thread};

/// As [`create`]. Returns the result of `on_error` instead of an error.
///
/// # Safety
/// As [`create`].
#[inline(always)]
pub(crate) unsafe fn create_or(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
    on_error: fn(CreateError) -> *mut aco_t,
) -> *mut aco_t {
    // SAFETY: both are as `create` requires.
    unsafe {
        if save_stack_sz == 0
            && let Some(co) = create_quickly(main_co, share_stack, fp, arg)
        {
            return co;
        }
        create_slowly_or(main_co, share_stack, save_stack_sz, fp, arg, on_error)
    }
}

#[cold]
#[inline(never)]
unsafe fn create_slowly_or(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
    on_error: fn(CreateError) -> *mut aco_t,
) -> *mut aco_t {
    // SAFETY: both are as `create` requires.
    unsafe { create(main_co, share_stack, save_stack_sz, fp, arg).unwrap_or_else(on_error) }
}

/// As [`create`] without a save area, if nothing is wrong and that takes no call. Returns None, and does nothing,
/// otherwise.
///
/// # Safety
/// As [`create`].
#[inline(always)]
unsafe fn create_quickly(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Option<*mut aco_t> {
    let stack = share_stack.as_ptr();
    // SAFETY: the share stack can be read (L7), and is live if a coroutine can join it. `co` was just allocated.
    unsafe {
        let (control, is_vacant) = stack::joinable(stack)?;
        let fpenv = thread::known_fpenv()?;
        if slow_path::is_needed() {
            return None;
        }
        let co = allocate_quickly(class_of(is_vacant), fp, arg)?;
        (*co).main_co = main_co.as_ptr();
        (*co).save_stack.sz = save::DEFAULT_SIZE;
        (*co).share_stack = stack;
        stack::join(co, control);
        init_registers(co, fpenv);
        Some(co)
    }
}

/// The class of the control block of a coroutine.
#[inline(always)]
fn class_of(is_vacant: bool) -> Class {
    if is_vacant { Class::Alone } else { Class::Sharing }
}

/// Creates a coroutine that runs `fp` on `share_stack` when it is first resumed. `save_stack_sz` is the initial size
/// of its save area in bytes; with 0 the area is allocated at the first copy.
///
/// # Safety
/// `main_co` points to a coroutine, `share_stack` to a share stack, live or destroyed.
pub(crate) unsafe fn create(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Result<*mut aco_t, CreateError> {
    let share_stack = share_stack.as_ptr();
    // SAFETY: the share stack can be read (L7).
    if unsafe { (*share_stack).ptr.is_null() } {
        return Err(CreateError::StackDestroyed(share_stack));
    }
    // SAFETY: the share stack is live (checked above), and `control` is its control block.
    let (control, is_vacant) = unsafe {
        let control = stack::block_of(share_stack);
        (control, stack::has_no_users(control))
    };
    // SAFETY: `control` is the control block of the live share stack.
    if unsafe { stack::is_owned(control) } {
        return Err(CreateError::StackOwned(share_stack));
    }
    let co = allocate(class_of(is_vacant), fp, arg)?;
    // With size 0 the first copy allocates the area. A coroutine that is alone on its stack is never copied.
    let (area, size) = match save_stack_sz {
        0 => (ptr::null_mut(), save::DEFAULT_SIZE),
        size => match slab::allocate_save_area(size) {
            Some(area) => (area.as_ptr(), size),
            None => {
                record::remove(co);
                // SAFETY: the block was just allocated, with this size, and has no other user.
                unsafe { slab::free(co.cast(), block_size()) };
                return Err(CreateError::NoMemory { what: "a save stack", size });
            }
        },
    };
    // SAFETY: `co` was just allocated and has no frames; `share_stack` is live (checked above).
    unsafe {
        (*co).main_co = main_co.as_ptr();
        (*co).save_stack.ptr = area;
        (*co).save_stack.sz = size;
        (*co).share_stack = share_stack;
        stack::bind(co, control);
        init_context(co);
        if slow_path::is_needed() {
            hooks::on_create(co);
        }
    }
    Ok(co)
}
