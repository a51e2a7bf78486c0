//! Memory of the program's own, and memory given back.

#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_void};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::ffi::{non_null, status_of};
use crate::{coroutine, slab, stack};

/// Where coroutines come from: what aco_set_allocator() is given. Both functions are called on the
/// thread, and the stack, of whoever calls the library; one that frees a coroutine of another thread frees
/// its memory there. They must not switch (resume, yield, exit, longjmp, an exception).
#[repr(C)]
pub struct aco_allocator_s {
    /// `size` bytes, aligned to 16 (aborts where they are not), with any content; NULL: there are none.
    pub allocate: Option<unsafe extern "C" fn(size: usize, user: *mut c_void) -> *mut c_void>,
    /// Takes `place` back, which is never NULL: the `size` bytes that `allocate` gave there.
    pub free: Option<unsafe extern "C" fn(place: *mut c_void, size: usize, user: *mut c_void)>,
    /// What both are handed; the program's.
    pub user: *mut c_void,
}

/// The C name of `aco_allocator_s`.
pub type aco_allocator_t = aco_allocator_s;

/// Has the control blocks of coroutines, main coroutines among them, and their save areas come from the
/// program's allocator, in the whole process and on all threads; NULL: from the library's slabs again. To be
/// called before the first coroutine of the process. Share stacks are not concerned, see
/// aco_share_stack_new_mem() for those; their control blocks, 112 bytes each, are always the library's. What
/// a program allocates itself and has aco_destroy() free (a copy by value, a save area) must come from the
/// allocator, too. Where it gives NULL aco_try_create() gives NULL and ENOMEM, aco_create() aborts, and so
/// does aco_resume() where a save area must grow. 0, or -1 and errno: EBUSY after the first coroutine, EINVAL
/// where a function is NULL, ENOMEM. The struct is copied.
///
/// # Safety
/// `allocator` is NULL or valid; its functions do what their comments say for as long as the process uses
/// coroutines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_set_allocator(allocator: *const aco_allocator_t) -> c_int {
    // SAFETY: the caller's promise.
    let chosen = match unsafe { allocator.as_ref() } {
        None => slab::set_allocator(None),
        Some(&aco_allocator_s { allocate: Some(allocate), free: Some(free), user }) => {
            slab::set_allocator(Some(slab::Allocator { allocate, free, user }))
        }
        Some(_) => Err(libc::EINVAL),
    };
    status_of(chosen)
}

/// A share stack of the `sz` bytes at `mem`: a static array, a part of an arena, huge pages. No guard page:
/// who runs off it writes over what lies below. The memory is the stack's until
/// aco_share_stack_destroy(), which does not free it. Never NULL: aborts where `mem` is NULL or not
/// aligned to 16, where `sz` is below 4096, and without memory for the control block.
///
/// # Safety
/// `mem` is NULL or readable and writable for `sz` bytes, and used by nobody else while the stack lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_new_mem(
    mem: *mut c_void,
    sz: usize,
) -> *mut aco_share_stack_t {
    // SAFETY: the caller's promise.
    unsafe { stack::create_in(mem, sz) }
        .unwrap_or_else(|error| error.abort("aco_share_stack_new_mem"))
}

/// aco_share_stack_new_mem() that does not abort: NULL and errno EINVAL where the memory cannot be a stack,
/// ENOMEM without memory for the control block.
///
/// # Safety
/// As aco_share_stack_new_mem().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_try_share_stack_new_mem(
    mem: *mut c_void,
    sz: usize,
) -> *mut aco_share_stack_t {
    // SAFETY: the caller's promise.
    unsafe { stack::create_in(mem, sz) }.unwrap_or_else(CreateError::null_with_errno)
}

/// Gives the pages of the share stack of `co` that no frame is on back to the system: whole pages below
/// the frames of the coroutine that is on the stack now, whichever that is, all but the topmost where none
/// is, and where the caller itself is on the stack those from 4096 bytes below it. They come back, zeroed,
/// when the stack is used so deep again. The bytes that were in memory until then, as far as the kernel
/// tells (mincore); 0 where nothing is to be given back: in a main coroutine, on a destroyed stack, in
/// locked memory, in a signal handler on a stack of its own. A stack in the program's own memory is let
/// alone, and 0. A stack that was filled (aco_share_stack_fill()) is not any more. Aborts on NULL and on a
/// destroyed coroutine.
///
/// # Safety
/// `co` is NULL or a coroutine of this thread, or one on a stack that no thread runs on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_stack_trim(co: *mut aco_t) -> usize {
    let co = non_null("aco_stack_trim", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::stack_trim(co.as_ptr()) }
}
