//! Memory from the program, and memory returned to the system.

#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::ffi::{non_null, status_of};
use crate::{coroutine, slab, stack};

/// An allocator for aco_set_allocator(). Both functions are called on the thread and the stack of
/// the caller of the library. Memory that one thread allocated may be freed on another. The
/// functions must not switch coroutines (resume, yield, exit), call longjmp(3) or throw.
#[repr(C)]
pub struct aco_allocator_s {
    /// Returns `size` bytes, aligned to 16 bytes, with any content. NULL if there is no memory. The
    /// library aborts if the memory is not aligned.
    pub allocate: Option<unsafe extern "C" fn(size: usize, user: *mut c_void) -> *mut c_void>,
    /// Frees the `size` bytes at `place` that `allocate` returned. `place` is never NULL.
    pub free: Option<unsafe extern "C" fn(place: *mut c_void, size: usize, user: *mut c_void)>,
    /// The last argument of both functions. It belongs to the program.
    pub user: *mut c_void,
}

/// The C name of `aco_allocator_s`.
pub type aco_allocator_t = aco_allocator_s;

/// Sets the allocator for coroutines, main coroutines and save areas, for the whole process. NULL
/// selects the library's own allocator again. The struct is copied. Call it before the process
/// creates a coroutine.
///
/// Share stacks do not use the allocator: see aco_share_stack_new_mem(). Their control blocks, 112
/// bytes each, come from the library. If the program allocates a copy of a coroutine or a save area
/// that aco_destroy() will free, it must use the same allocator. If `allocate` returns NULL,
/// aco_try_create() fails with `ENOMEM`. aco_create() aborts then, and so does aco_resume() if a
/// save area must grow.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` after the first coroutine of the process.
/// - `EINVAL` if a function is NULL.
/// - `ENOMEM` if there is no memory.
///
/// # Safety
/// The functions can be called as long as the process uses coroutines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_allocator(allocator: *const aco_allocator_t) -> c_int {
    // SAFETY: `allocator` is NULL or a struct of its type (F1).
    let chosen = match unsafe { allocator.as_ref() } {
        None => slab::set_allocator(None),
        Some(&aco_allocator_s { allocate: Some(allocate), free: Some(free), user }) => {
            slab::set_allocator(Some(slab::Allocator { allocate, free, user }))
        }
        Some(_) => Err(libc::EINVAL),
    };
    status_of(chosen)
}

/// Creates a share stack of the `sz` bytes at `mem`, for example a static array, a part of an
/// arena, or huge pages. It has no guard page: an overflow writes over the memory below. The stack
/// uses the memory until aco_share_stack_destroy(), which does not free it.
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// - if `mem` is NULL or not aligned to 16 bytes.
/// - if `sz` is below 4096, or the memory exceeds the address space.
/// - if there is no memory for the control block.
///
/// # Safety
/// `mem` is readable and writable for `sz` bytes, and has no other use while the stack exists.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_new_mem(
    mem: *mut c_void,
    sz: usize,
) -> *mut aco_share_stack_t {
    // SAFETY: `mem` is NULL or usable for `sz` bytes, and has no other use (F6).
    unsafe { stack::create_in(mem, sz) }
        .unwrap_or_else(|error| error.abort("aco_share_stack_new_mem"))
}

/// Creates a share stack like aco_share_stack_new_mem(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `mem` is NULL or not aligned to 16 bytes, `sz` is below 4096, or the memory exceeds
///   the address space.
/// - `ENOMEM` if there is no memory for the control block.
///
/// # Safety
/// As for aco_share_stack_new_mem().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_try_share_stack_new_mem(
    mem: *mut c_void,
    sz: usize,
) -> *mut aco_share_stack_t {
    // SAFETY: `mem` is NULL or usable for `sz` bytes, and has no other use (F6).
    unsafe { stack::create_in(mem, sz) }.unwrap_or_else(CreateError::null_with_errno)
}

/// Returns unused pages of the share stack of `co` to the system: whole pages below the frames of
/// the stack's present owner. Without an owner, only the topmost page stays. If the caller runs on
/// the stack, 4096 bytes below its frame stay, too. The pages are zero when they are used again.
/// After aco_share_stack_fill() the pattern is lost.
///
/// A stack in memory of the program stays as it is.
///
/// # Returns
/// The number of bytes that were resident, as far as mincore(2) tells. 0 if nothing can be
/// returned: for a main coroutine, a destroyed stack, memory of the program, locked memory, and in
/// a signal handler on its own stack.
///
/// # Aborts
/// If `co` is NULL or destroyed.
///
/// # Safety
/// `co` belongs to the calling thread, or no thread runs on its stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_stack_trim(co: *mut aco_t) -> usize {
    let co = non_null("aco_stack_trim", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1). No other thread runs on its stack (F6).
    unsafe { coroutine::stack_trim(co.as_ptr()) }
}
