//! Generators: `for (void *value; aco_gen_next(gen, &value);)`.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "values are handed on, not followed")]

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::ffi::non_null;
use crate::{coroutine, generator, resume, tls};

/// A generator: a coroutine that is resumed by who asks for its next value, be that a main coroutine or
/// any other; `(aco_t *)gen` is one for every function that takes one. In a thread without main coroutine
/// the library makes one.
#[allow(non_camel_case_types)]
pub type aco_gen_t = aco_t;

/// A generator on `share_stack`, which runs `fp` when it is first asked. `fp` finds `arg` by
/// aco_get_arg(), gives values to aco_gen_yield(), and ends by a return or by aco_exit(). The caller owns
/// it: aco_gen_free(). Never NULL: aborts without memory, without a live share stack. Two that are read in
/// turns may share a stack; one that reads another may not share it with that.
///
/// # Safety
/// `share_stack` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_new(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let stack = non_null("aco_gen_new", "the share stack", share_stack);
    // SAFETY: the caller's promise.
    unsafe { generator::create(stack, fp, arg, resume::returning_entry) }
        .unwrap_or_else(|error| error.abort("aco_gen_new"))
}

/// aco_gen_new() that does not abort: NULL and errno ENOMEM without memory, EINVAL where `share_stack` is NULL or
/// destroyed.
///
/// # Safety
/// `share_stack` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_try_gen_new(
    share_stack: *mut aco_share_stack_t,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_gen_t {
    let created = match NonNull::new(share_stack) {
        // SAFETY: the caller's promise.
        Some(stack) => unsafe { generator::create(stack, fp, arg, resume::returning_entry) },
        None => Err(CreateError::StackDestroyed(share_stack)),
    };
    created.unwrap_or_else(CreateError::null_with_errno)
}

/// Runs a generator to its next value. 1, and the value in `*value`; or 0 when it has ended, now or before,
/// and NULL there. `value` may be NULL. A plain aco_yield() inside it gives NULL for a value. Where
/// the generator has given its place to another coroutine by aco_yield_to(), it is 1 and what that one
/// yields, NULL where it ends. To be called in one thread: aco_attach() takes it to another. Aborts on NULL, on a generator that is running or
/// destroyed, and as aco_resume().
///
/// # Safety
/// `gen` is NULL or a generator; `value` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_next(r#gen: *mut aco_gen_t, value: *mut *mut c_void) -> c_int {
    let generator = non_null("aco_gen_next", "the generator", r#gen);
    // SAFETY: the caller's promise.
    unsafe { generator::next(generator, value, resume::resume) }.into()
}

/// Gives the value that aco_gen_next() returns; goes on when the next one is asked for. To be called by
/// the generator itself, at any depth of its stack. Aborts in a main coroutine and where no coroutine runs.
#[unsafe(no_mangle)]
pub extern "C" fn aco_gen_yield(value: *mut c_void) {
    // SAFETY: the current coroutine is the one that runs.
    unsafe { resume::yield_value(tls::current(), value, resume::switch) };
}

/// Frees a generator in any state; what its frames own stays as it is. NULL is let through.
///
/// # Safety
/// `gen` is NULL or a generator that is not used from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_gen_free(r#gen: *mut aco_gen_t) {
    if let Some(generator) = NonNull::new(r#gen) {
        // SAFETY: the caller's promise.
        unsafe { coroutine::destroy(generator) }
    }
}
