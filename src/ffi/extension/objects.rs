//! Coroutines that own their stack.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are passed on, not dereferenced")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::ffi::live_coroutine;
use crate::resume::EntryPoint;
use crate::{coroutine, resume, sys};

/// The function of a coroutine of aco_new(). It gets the argument of that call, and returns the
/// result of the coroutine.
#[allow(non_camel_case_types)]
pub type aco_fn_t = Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>;

/// Creates a coroutine with a stack of its own, in one call. The first resume calls `fn(arg)`. The
/// return of `fn` ends the coroutine. Resume it as any coroutine, or read it with aco_gen_next().
/// `stack_size` is in bytes, rounded up to whole pages. 0 means 256 KiB. The stack has a guard
/// page, and takes memory when it is used.
///
/// Any coroutine of the thread may resume it, main coroutines included: the last one is its
/// `main_co`. A thread without a main coroutine gets one, which the library frees when the thread
/// ends. aco_attach() moves the coroutine to another thread.
///
/// The caller owns the coroutine and frees it with aco_free(). A thread keeps up to 32 freed
/// coroutines for the next calls with the same size, at most 8 MiB of stacks.
///
/// # Returns
/// The coroutine, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory or no address space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_new(
    r#fn: aco_fn_t,
    arg: *mut c_void,
    stack_size: usize,
) -> *mut aco_t {
    // SAFETY: `fn` is NULL or a function of this type (F3).
    unsafe { new(r#fn, arg, stack_size, resume::argument_entry) }
}

/// Creates a coroutine that starts at `entry`, which calls the function.
///
/// # Safety
/// `function` is None or can be called with `arg`.
#[inline(always)]
pub(super) unsafe fn new(
    function: aco_fn_t,
    arg: *mut c_void,
    stack_size: usize,
    entry: EntryPoint,
) -> *mut aco_t {
    if function.is_none() {
        return no_function();
    }
    // SAFETY: the entry point calls the function with its own type again.
    unsafe {
        let fp = core::mem::transmute::<aco_fn_t, aco_cofuncp_t>(function);
        coroutine::create_with_stack(fp, arg, stack_size, entry as *const ())
    }
}

/// Sets errno to EINVAL, and returns NULL.
#[cold]
#[inline(never)]
fn no_function() -> *mut aco_t {
    sys::set_errno(libc::EINVAL);
    ptr::null_mut()
}

/// Frees a coroutine of aco_new() and its stack. It may be suspended, ended or not started. Its
/// frames are not unwound: what they own is not released, unless aco_cancel() and a resume let the
/// coroutine end first. aco_destroy() and aco_gen_free() do the same. The running coroutine may be
/// freed, too, for example by a handler of exit(3). It cannot yield or return afterwards, and its
/// stack is not freed. Does nothing if `co` is NULL.
///
/// # Aborts
/// If `co` is destroyed, or was not created by aco_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_free(co: *mut aco_t) {
    if let Some(co) = NonNull::new(co) {
        // SAFETY: `co` is not NULL, so it is a coroutine (F1). Nothing uses it afterwards (F5).
        unsafe { coroutine::free(co) }
    }
}

/// Returns the result of a coroutine of aco_new(): what its function has returned. The last
/// aco_resume_value() of the coroutine returns it, too.
///
/// # Returns
/// The result. NULL if the coroutine has not ended, or ended by aco_exit().
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_result(co: *mut aco_t) -> *mut c_void {
    // SAFETY: `co` is checked, so it is a coroutine (F1).
    unsafe { resume::result(live_coroutine("aco_result", co)) }
}
