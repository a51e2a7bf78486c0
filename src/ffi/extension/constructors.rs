//! Constructors that fail with NULL and errno instead of aborting.

use core::ffi::{c_char, c_void};
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::{coroutine, stack};

/// Creates a coroutine like aco_create(), but reports errors instead of aborting.
///
/// # Returns
/// The coroutine, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
/// - `EINVAL` if `main_co` is not NULL and `share_stack` is NULL or destroyed.
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
        // SAFETY: both are not NULL, so they are a coroutine and a share stack (F1).
        (Some(main_co), Some(stack)) => unsafe {
            coroutine::create(main_co, stack, save_stack_sz, fp, arg)
        },
    };
    created.unwrap_or_else(CreateError::null_with_errno)
}

/// Creates a share stack like aco_share_stack_new(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory or no address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new(sz: usize) -> *mut aco_share_stack_t {
    stack::create(sz, true).unwrap_or_else(CreateError::null_with_errno)
}

/// Creates a share stack like aco_share_stack_new2(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory or no address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new2(
    sz: usize,
    guard_page_enabled: c_char,
) -> *mut aco_share_stack_t {
    stack::create(sz, guard_page_enabled != 0).unwrap_or_else(CreateError::null_with_errno)
}
