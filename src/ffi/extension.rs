//! What libaco's users have asked for: the functions of `include/aco_ext.h`, over the same objects.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::NonNull;

use super::non_null;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::refusal::Refusal;
use crate::{coroutine, stack, sys};

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
        (Some(_), None) => Err(Refusal::Destroyed(share_stack)),
        // SAFETY: the caller's promise.
        (Some(main_co), Some(stack)) => unsafe {
            coroutine::create(main_co, stack, save_stack_sz, fp, arg)
        },
    };
    created.unwrap_or_else(Refusal::as_errno)
}

/// aco_share_stack_new() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new(sz: usize) -> *mut aco_share_stack_t {
    stack::create(sz, true).unwrap_or_else(Refusal::as_errno)
}

/// aco_share_stack_new2() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_try_share_stack_new2(
    sz: usize,
    guard_page_enabled: c_char,
) -> *mut aco_share_stack_t {
    stack::create(sz, guard_page_enabled != 0).unwrap_or_else(Refusal::as_errno)
}

/// Makes a coroutine that has ended, or not begun, begin anew with `fp` and `arg` when it is next
/// resumed: on the same stack, by the same main_co, with the floating-point environment of a fresh
/// one. Nothing is allocated; the counters of its save area go on. Aborts on NULL, on a main
/// coroutine, on one that has begun and not ended, and where it or its share stack is destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    let co = non_null("aco_reset", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::reset(co.as_ptr(), fp, arg) }
}

/// How many bytes are left on the stack that the caller is on: a coroutine's, or the thread's own (where
/// that grows, up to its limit; 0 if the C library does not tell). The caller's own calls need some.
#[unsafe(no_mangle)]
pub extern "C" fn aco_stack_remaining() -> usize {
    coroutine::stack_remaining(sys::thread_stack)
}

/// Does `ptr` point into the stack of the running coroutine, and do several coroutines share that? What
/// is there moves away when another one runs: nobody else may be given such a pointer. 1 or 0; 0 in a
/// main coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_on_shared_stack(ptr: *const c_void) -> c_int {
    coroutine::is_on_shared_stack(ptr).into()
}
