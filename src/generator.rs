//! Generators: coroutines that produce values, end by a return, and may be resumed by any coroutine.
//!
//! A generator is a coroutine without further state. Its main coroutine is its last caller.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::resume::{self, EntryPoint, Resume};
use crate::{coroutine, sanitizer, state};

/// Creates a generator that runs `fp` on `stack`.
///
/// # Safety
/// `stack` points to a share stack.
pub(crate) unsafe fn create(
    stack: NonNull<aco_share_stack_t>,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
    entry: EntryPoint,
) -> Result<*mut aco_t, CreateError> {
    let main_co = coroutine::current_or_create_main()?;
    // SAFETY: `stack` is a share stack, and the generator is unstarted.
    unsafe {
        let generator = coroutine::create(main_co, stack, 0, fp, arg)?;
        if let Some(unstarted) = NonNull::new(generator).filter(|_| fp.is_some()) {
            resume::return_exits(unstarted, entry);
        }
        Ok(generator)
    }
}

/// Runs `generator` to its next value, and writes the value, or NULL at its end, to `value` unless that is NULL.
/// Returns false if the generator has ended. Aborts if it cannot be resumed from here, or there is no memory.
///
/// # Safety
/// `generator` points to a coroutine, and its frames are sound; `value` is NULL or writable.
pub(crate) unsafe fn next(
    generator: NonNull<aco_t>,
    value: *mut *mut c_void,
    resume: Resume,
) -> bool {
    let co = generator.as_ptr();
    // SAFETY: `generator` is a coroutine with sound frames. A generator that has given its place away may be
    // destroyed; the context that has switched away is not.
    unsafe {
        let has_ended = (*co).is_end != 0 && !state::is_destroyed(co);
        let (next_value, has_value) = if has_ended {
            (ptr::null_mut(), false)
        } else {
            let rule = "do not ask a generator that runs, or that waits for another";
            resume::set_resumer("aco_gen_next", co, ("the generator is running", rule));
            let resumed = resume(co, ptr::null_mut());
            (resumed.value, resumed.from != co || (*co).is_end == 0)
        };
        if !value.is_null() {
            value.write(next_value);
            sanitizer::unpoison(value.cast(), size_of::<*mut c_void>());
        }
        has_value
    }
}
