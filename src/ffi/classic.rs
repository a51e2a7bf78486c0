//! The functions of libaco 1.2.4.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};

use super::non_null;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::error::CreateError;
use crate::{coroutine, overflow, resume, stack, thread};

/// Does nothing. Programs for libaco call it first. The library makes the checks of libaco's
/// function when it is compiled.
#[unsafe(no_mangle)]
pub extern "C" fn aco_runtime_test() {}

/// Prepares the calling thread for coroutines. Coroutines that the thread creates later start with
/// the floating-point environment of this call. `last_word_co_fp` is called when an entry function
/// returns instead of calling aco_exit(). NULL keeps the present function. The initial one prints
/// two lines on stderr and aborts. A thread may call aco_thread_init() again.
///
/// The call is optional. Without it, the thread's first aco_create() takes the floating-point
/// environment.
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_init(last_word_co_fp: aco_cofuncp_t) {
    thread::initialize(last_word_co_fp);
    overflow::prepare_thread();
}

/// Switches from `from_co` to `to_co` without any check. aco_yield() and aco_resume() end in this
/// switch. Each coroutine keeps the control bits of its floating-point environment. The exception
/// flags belong to the thread. The function loads `to_co->reg` and jumps to
/// `reg[ACO_REG_IDX_RETADDR]`.
///
/// # Returns
/// Nothing of use: ignore the value.
///
/// # Safety
/// `from_co` is the running coroutine. `to_co` is suspended or not started, and its frames are on
/// its stack. Both may be copies by value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acosw(from_co: *mut aco_t, to_co: *mut aco_t) -> *mut c_void {
    // SAFETY: the caller guarantees that `from_co` runs, and that the frames of `to_co` are on its stack (F6).
    unsafe { resume::switch(from_co, to_co, ptr::null_mut()) }
}

/// Stores the present floating-point environment in the 8 bytes at `p`. On x86-64 that is the x87
/// control word, and MXCSR 4 bytes above it. On aarch64 it is FPCR.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_save_fpucw_mxcsr(p: *mut c_void) {
    // SAFETY: `p` is writable for 8 bytes (F2).
    unsafe { thread::get_fpenv(p) }
}

/// Handles an entry function that has returned. Calls the thread's function from aco_thread_init(),
/// which may end the coroutine with aco_exit(). Aborts if that function returns.
#[unsafe(no_mangle)]
pub extern "C" fn aco_funcp_protector() -> ! {
    thread::entry_returned()
}

/// Creates a share stack with a guard page. It is aco_share_stack_new2() with `guard_page_enabled`
/// set to 1.
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// If there is no memory or no address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_share_stack_new(sz: usize) -> *mut aco_share_stack_t {
    stack::create_or(sz, true, |error| error.abort("aco_share_stack_new"))
}

/// Creates a stack of `sz` bytes for one or more coroutines. `sz` 0 means 2 MiB. The minimum is
/// 4096 bytes. With `guard_page_enabled` not 0, the size is rounded up to whole pages, and the page
/// below the stack is inaccessible. Otherwise the memory comes from malloc(3). The caller owns the
/// stack and frees it with aco_share_stack_destroy().
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// If there is no memory or no address space.
#[unsafe(no_mangle)]
pub extern "C" fn aco_share_stack_new2(
    sz: usize,
    guard_page_enabled: c_char,
) -> *mut aco_share_stack_t {
    stack::create_or(sz, guard_page_enabled != 0, |error| error.abort("aco_share_stack_new2"))
}

/// Frees a share stack. Its coroutines can be destroyed afterwards, but not resumed.
///
/// # Aborts
/// - if `sstk` is NULL or destroyed.
/// - if the caller runs on `sstk`.
/// - if the system does not unmap it, for a reason other than a limit of mappings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_destroy(sstk: *mut aco_share_stack_t) {
    let stack = non_null("aco_share_stack_destroy", "the share stack", sstk);
    // SAFETY: `sstk` is not NULL (checked), so it is a share stack (F1).
    unsafe { stack::destroy("aco_share_stack_destroy", stack.as_ptr()) }
}

/// Creates a coroutine. It runs `fp` on `share_stack` when `main_co` resumes it for the first time.
/// `arg` is the result of aco_get_arg() in the coroutine. `save_stack_sz` is the initial size of
/// its private save area in bytes. With 0 it is 64, allocated at the first copy. The area grows by
/// doubling.
///
/// With `main_co` NULL, creates a main coroutine. It stands for the thread's own stack.
/// `share_stack` and `save_stack_sz` are ignored. `fp` and `arg` are stored only.
///
/// The caller owns the coroutine and frees it with aco_destroy().
///
/// # Returns
/// The coroutine. Never NULL.
///
/// # Aborts
/// - if there is no memory.
/// - if `main_co` is not NULL and `share_stack` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_create(
    main_co: *mut aco_t,
    share_stack: *mut aco_share_stack_t,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_t {
    let on_error = |error: CreateError| -> *mut aco_t { error.abort("aco_create") };
    let Some(main_co) = NonNull::new(main_co) else {
        return coroutine::create_main(fp, arg).unwrap_or_else(on_error);
    };
    let share_stack = non_null("aco_create", "the share stack", share_stack);
    // SAFETY: both are not NULL (checked), so they are a coroutine and a share stack (F1).
    unsafe { coroutine::create_or(main_co, share_stack, save_stack_sz, fp, arg, on_error) }
}

/// Runs `resume_co` until it yields or exits. The caller is `resume_co->main_co`, on its thread. A
/// `main_co` that waits in no resume may be used by any thread, one at a time.
///
/// # Aborts
/// - if `resume_co` is NULL, destroyed, a main coroutine, running, ended, or without an entry
///   function.
/// - if its share stack is destroyed, or belongs to a running coroutine.
/// - if a copy needs a save area and there is no memory, or if `reg` or `save_stack`, which a program
///   may write, do not fit the share stack.
/// - if its `main_co` is destroyed, or waits in another resume.
/// - if another thread runs `resume_co`, or waits in its `main_co` for the coroutine that it runs.
///   This is checked only if `main_co` is not the caller's current coroutine. Other uses by two
///   threads are not detected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume(resume_co: *mut aco_t) {
    // SAFETY: `resume_co` is NULL or a coroutine (F1).
    unsafe { resume::resume(resume_co, ptr::null_mut()) };
}

/// Frees a coroutine that is suspended, ended or not started. Its frames are not unwound: what they
/// own is not released. The running coroutine may be destroyed, too, for example by a handler of
/// exit(3). It cannot yield or exit afterwards.
///
/// # Aborts
/// If `co` is NULL or destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_destroy(co: *mut aco_t) {
    let co = non_null("aco_destroy", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1). Nothing uses it afterwards (F5).
    unsafe { coroutine::destroy(co) }
}
