//! A coroutine's life: create, destroy.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::{
    ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_share_stack_t, aco_t,
};
use crate::{arch, diag, save, stack, sys, thread, tls};

/// A coroutine control block, zeroed but for what a main coroutine has. Aborts without memory.
fn allocate(fp: aco_cofuncp_t, arg: *mut c_void) -> NonNull<aco_t> {
    let Some(co) = sys::allocate_zeroed::<aco_t>() else {
        diag::out_of_memory("aco_create", ptr::null::<aco_t>(), "a coroutine", size_of::<aco_t>())
    };
    // SAFETY: freshly allocated, and all zero is a valid coroutine.
    unsafe {
        (*co.as_ptr()).fp = fp;
        (*co.as_ptr()).arg = arg;
    }
    co
}

/// A main coroutine: the thread's own stack.
pub(crate) fn create_main(fp: aco_cofuncp_t, arg: *mut c_void) -> *mut aco_t {
    let co = allocate(fp, arg).as_ptr();
    // SAFETY: a valid slot of a coroutine that nobody else knows. A switch that shares the
    // environment does not fill it, one that does not share may still load it.
    unsafe { set_reg(co, ACO_REG_IDX_FPU, thread::fp_environment()) };
    co
}

/// A coroutine that will run `fp` on `share_stack` when it is first resumed. Aborts without
/// memory.
///
/// # Safety
/// `main_co` and `share_stack` point to a coroutine and to a share stack.
pub(crate) unsafe fn create(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> *mut aco_t {
    let size = if save_stack_sz == 0 { save::DEFAULT_SIZE } else { save_stack_sz };
    let share_stack = share_stack.as_ptr();
    // SAFETY: control blocks stay readable after their stack is destroyed.
    if unsafe { (*share_stack).ptr.is_null() } {
        diag::fatal(
            "aco_create",
            share_stack,
            format_args!("the share stack is destroyed"),
            "a coroutine is created on a live share stack",
        )
    }
    let co = allocate(fp, arg).as_ptr();
    let area = save::allocate("aco_create", ptr::null(), size);
    // SAFETY: `co` is fresh, and `share_stack` is live by the caller's promise.
    unsafe {
        (*co).main_co = main_co.as_ptr();
        (*co).save_stack.ptr = area;
        (*co).save_stack.sz = size;
        (*co).share_stack = share_stack;
        stack::bind(co);
        let entry = fp.map_or(0, |fp| fp as usize);
        set_reg(co, ACO_REG_IDX_RETADDR, entry);
        set_reg(co, ACO_REG_IDX_SP, (*share_stack).align_retptr as usize);
        set_reg(co, ACO_REG_IDX_FPU, thread::fp_environment());
    }
    co
}

/// Frees a coroutine in any state but running. Its frames are forgotten, not unwound.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on.
pub(crate) unsafe fn destroy(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: the caller's promise; a main coroutine has neither stack nor save area.
    unsafe {
        if !(*co).main_co.is_null() {
            if is_running(co) {
                diag::fatal(
                    "aco_destroy",
                    co,
                    format_args!("the coroutine is running"),
                    "destroy a coroutine after it has yielded or ended",
                )
            }
            if !(*co).share_stack.is_null() {
                stack::leave(co);
            }
            sys::free((*co).save_stack.ptr);
        }
        sys::free(co.cast());
    }
}

/// Is `co` this thread's current coroutine, or waiting in `aco_resume` for one that is?
///
/// Only when the caller is on the current coroutine's stack: a program that left it with longjmp
/// still has it in `aco_gtls_co`.
///
/// # Safety
/// `co` points to a coroutine that is not a main coroutine.
pub(crate) unsafe fn is_running(co: *mut aco_t) -> bool {
    let mut running = tls::current();
    // SAFETY: a coroutine on whose stack the caller is exists, and so do those that resumed it.
    unsafe {
        if running.is_null() || !is_on_stack_of(running) {
            return false;
        }
        while !(*running).main_co.is_null() {
            if running == co {
                return true;
            }
            running = (*running).main_co;
        }
        false
    }
}

/// Is the caller on the share stack of `co`?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_on_stack_of(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && stack::contains(stack, arch::stack_pointer())
    }
}

/// Writes a register slot.
///
/// # Safety
/// `co` points to a coroutine, and `slot` is below `ACO_REG_COUNT`.
unsafe fn set_reg(co: *mut aco_t, slot: usize, value: usize) {
    // SAFETY: the caller's promise.
    unsafe { (&raw mut (*co).reg).cast::<usize>().add(slot).write(value) }
}
