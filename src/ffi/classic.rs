//! The functions that libaco 1.2.4 has.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};

use super::non_null;
use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::{coroutine, overflow, resume, stack, thread};

/// Checks at run time what the library asserts when it is compiled. It never fails; programs
/// written for libaco call it first.
#[unsafe(no_mangle)]
pub extern "C" fn aco_runtime_test() {}

/// Sets this thread up: fresh coroutines start with the floating-point environment of this
/// moment, and `last_word_co_fp`, unless NULL, is called when an entry function returns instead
/// of calling aco_exit(). It may be called again. A thread that never calls it takes the
/// environment at its first aco_create(), and has libaco's default last word: two lines on
/// stderr and abort().
#[unsafe(no_mangle)]
pub extern "C" fn aco_thread_init(last_word_co_fp: aco_cofuncp_t) {
    thread::initialize(last_word_co_fp);
    overflow::prepare_thread();
}

/// Leaves `from_co` and goes on in `to_co`, without any check: what aco_yield() and aco_resume()
/// end in. Both keep the control bits of their own floating-point environment; exception flags
/// are the thread's. The value means nothing.
///
/// # Safety
/// Both are coroutines, or copies of coroutines; the frames of `to_co` are on its stack. In the
/// assembly-level picture: `to_co->reg` is loaded, and the processor goes to
/// `reg[ACO_REG_IDX_RETADDR]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acosw(from_co: *mut aco_t, to_co: *mut aco_t) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { resume::switch(from_co, to_co, ptr::null_mut()) }
}

/// Stores the floating-point environment of this moment in the 8 bytes at `p`: on x86-64 the x87
/// control word and, 4 bytes above, MXCSR; on aarch64 FPCR.
///
/// # Safety
/// `p` is writable for 8 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_save_fpucw_mxcsr(p: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { thread::get_fpenv(p) }
}

/// What an entry function that returns ends in: calls the thread's last word function, then
/// aborts. The last word function may end the coroutine with aco_exit().
#[unsafe(no_mangle)]
pub extern "C" fn aco_funcp_protector() -> ! {
    thread::entry_returned()
}

/// aco_share_stack_new2() with a guard page.
#[unsafe(no_mangle)]
pub extern "C" fn aco_share_stack_new(sz: usize) -> *mut aco_share_stack_t {
    stack::create(sz, true).unwrap_or_else(|error| error.abort("aco_share_stack_new"))
}

/// A stack of `sz` bytes for one coroutine or many. 0 means 2 MiB; fewer than 4096 bytes become
/// 4096. With a guard page the size is rounded up to whole pages, and the page below the stack
/// can neither be written nor read; without one the memory comes from malloc. The caller owns
/// it: aco_share_stack_destroy(). Never NULL: aborts without memory.
#[unsafe(no_mangle)]
pub extern "C" fn aco_share_stack_new2(
    sz: usize,
    guard_page_enabled: c_char,
) -> *mut aco_share_stack_t {
    stack::create(sz, guard_page_enabled != 0)
        .unwrap_or_else(|error| error.abort("aco_share_stack_new2"))
}

/// Frees a share stack. Coroutines on it may still be destroyed, but no longer resumed. Aborts
/// on NULL, on a stack that is destroyed already, and when called on this very stack.
///
/// # Safety
/// `sstk` is NULL or a share stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_destroy(sstk: *mut aco_share_stack_t) {
    let stack = non_null("aco_share_stack_destroy", "the share stack", sstk);
    // SAFETY: the caller's promise.
    unsafe { stack::destroy("aco_share_stack_destroy", stack.as_ptr()) }
}

/// A coroutine. With `main_co` NULL: a main coroutine, which stands for the thread's own stack
/// (the other arguments are not used, but `fp` and `arg` are kept). Otherwise: a coroutine that
/// `main_co` resumes, and that will run `fp` on `share_stack`; `save_stack_sz` is what its
/// private save area starts with, in bytes (0: 64, allocated when the first copy needs it), and it
/// grows by doubling. The caller owns it: aco_destroy(). Never NULL: aborts without memory, without
/// a live share stack.
///
/// # Safety
/// `main_co` and `share_stack` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_create(
    main_co: *mut aco_t,
    share_stack: *mut aco_share_stack_t,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_t {
    let created = match NonNull::new(main_co) {
        None => coroutine::create_main(fp, arg),
        Some(main_co) => {
            let share_stack = non_null("aco_create", "the share stack", share_stack);
            // SAFETY: the caller's promise.
            unsafe { coroutine::create(main_co, share_stack, save_stack_sz, fp, arg) }
        }
    };
    created.unwrap_or_else(|error| error.abort("aco_create"))
}

/// Runs `resume_co` until it yields or exits. To be called by its main_co, on the thread of
/// that; a main_co that waits for nothing may be used by any thread, one at a time. Aborts on NULL, a main
/// coroutine, an ended or running one, one whose main_co waits in another resume, and one whose share stack is
/// destroyed. Another thread's use is looked for where main_co is not the caller's current coroutine, and seen if
/// that thread runs `resume_co`, or waits in main_co for the one that it runs; else it is not noticed.
///
/// # Safety
/// `resume_co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_resume(resume_co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::resume(resume_co, ptr::null_mut()) };
}

/// Frees a coroutine in any state: never started, suspended or ended. Its frames are not unwound:
/// what they own stays as it is. Even the running one may be freed, by exit(3) inside it; it cannot
/// yield or exit afterwards. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine that is not used from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_destroy(co: *mut aco_t) {
    let co = non_null("aco_destroy", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::destroy(co) }
}
