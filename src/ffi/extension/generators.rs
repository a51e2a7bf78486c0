//! Generators: `for (void *value; aco_gen_next(gen, &value);)`.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are passed on, not dereferenced")]

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::ffi::non_null;
use crate::{coroutine, generator, resume, tls};

/// A generator: a coroutine that each caller of aco_gen_next() may resume, a main coroutine or any
/// other one. It is an aco_t: pass it to all functions for coroutines. In a thread without a main
/// coroutine the library creates one.
#[allow(non_camel_case_types)]
pub type aco_gen_t = aco_t;

/// Creates a generator. It runs `fp` on `share_stack` when aco_gen_next() is called for the first
/// time. `fp` reads `arg` with aco_get_arg(), passes values to aco_gen_yield(), and ends by a
/// return or aco_exit(). The caller owns the generator and frees it with aco_gen_free(). Generators
/// may share a stack, unless one reads from the other. aco_new() creates one with its own stack.
///
/// # Returns
/// The generator. Never NULL.
///
/// # Aborts
/// - if there is no memory.
/// - if `share_stack` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_new(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let stack = non_null("aco_gen_new", "the share stack", share_stack);
    // SAFETY: `share_stack` is not NULL (checked), so it is a share stack (F1).
    unsafe { generator::create(stack, fp, arg, resume::returning_entry) }
        .unwrap_or_else(|error| error.abort("aco_gen_new"))
}

/// Creates a generator like aco_gen_new(), but reports errors instead of aborting.
///
/// # Returns
/// The generator, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
/// - `EINVAL` if `share_stack` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_try_gen_new(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let created = match NonNull::new(share_stack) {
        // SAFETY: `share_stack` is not NULL, so it is a share stack (F1).
        Some(stack) => unsafe { generator::create(stack, fp, arg, resume::returning_entry) },
        None => Err(CreateError::StackDestroyed(share_stack)),
    };
    created.unwrap_or_else(CreateError::null_with_errno)
}

/// Runs a generator until it yields, and stores the value in `*value`. `value` may be NULL. A plain
/// aco_yield() yields NULL. At the end of the generator, stores NULL, or once what the function of
/// a coroutine of aco_new() returns. If the generator has called aco_yield_to(), the value is that
/// of the coroutine that yields, or NULL if that one ends. All calls come from one thread.
/// aco_attach() moves the generator to another thread.
///
/// # Returns
/// 1 if there is a value. 0 if the generator has ended.
///
/// # Aborts
/// - if `gen` is NULL, destroyed or running.
/// - for the reasons of aco_resume(), except that it has ended.
/// - if there is no memory for a main coroutine of the thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_next(r#gen: *mut aco_gen_t, value: *mut *mut c_void) -> c_int {
    let generator = non_null("aco_gen_next", "the generator", r#gen);
    // SAFETY: `gen` is not NULL (checked), so it is a generator (F1). `value` is NULL or writable (F2).
    unsafe { generator::next(generator, value, resume::resume) }.into()
}

/// Passes `value` to aco_gen_next(), and suspends the generator until the next call. Only the
/// generator itself calls this function, at any depth of its stack.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_gen_yield(value: *mut c_void) {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::yield_back) };
}

/// Frees a generator in any state. Its frames are not unwound. Does nothing if `gen` is NULL.
///
/// # Aborts
/// If `gen` is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_free(r#gen: *mut aco_gen_t) {
    if let Some(generator) = NonNull::new(r#gen) {
        // SAFETY: `gen` is not NULL, so it is a generator (F1). Nothing uses it afterwards (F5).
        unsafe { coroutine::destroy(generator) }
    }
}
