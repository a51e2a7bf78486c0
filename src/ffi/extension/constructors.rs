//! Constructors that give NULL and errno where libaco's abort.

use core::ffi::{c_char, c_void};
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::{coroutine, stack};

/// aco_create() that does not abort: NULL and errno ENOMEM without memory, NULL and EINVAL where
/// `share_stack` is NULL (and `main_co` is not) or destroyed.
///
/// # Safety
/// As aco_create().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_try_create(
    main_co: *mut aco_t,
    share_stack: *mut aco_share_stack_t,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_t {
    let created = match (NonNull::new(main_co), NonNull::new(share_stack)) {
        (None, _) => coroutine::create_main(fp, arg),
        (Some(_), None) => Err(CreateError::StackDestroyed(share_stack)),
        // SAFETY: the caller's promise.
        (Some(main_co), Some(stack)) => unsafe {
            coroutine::create(main_co, stack, save_stack_sz, fp, arg)
        },
    };
    created.unwrap_or_else(CreateError::null_with_errno)
}

/// aco_share_stack_new() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new(sz: usize) -> *mut aco_share_stack_t {
    stack::create(sz, true).unwrap_or_else(CreateError::null_with_errno)
}

/// aco_share_stack_new2() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new2(
    sz: usize,
    guard_page_enabled: c_char,
) -> *mut aco_share_stack_t {
    stack::create(sz, guard_page_enabled != 0).unwrap_or_else(CreateError::null_with_errno)
}
