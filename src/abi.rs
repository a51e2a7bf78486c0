//! The structs that C programs access, with the layout of libaco 1.2.4.
//!
//! On x86-64 this is libaco's default build; on aarch64 it is the layout that libaco's forks share.
//!
//! B1. Programs read and write the fields, copy the structs by value and keep the copies. So all that the library needs
//!     is inside the public size.
//! B2. State of the library's own is in `reserved`, which is padding in libaco (`state`, `stack`).
//! B3. A copy may have lost its padding, so zero in `reserved` always means "not known".

#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_void};
use core::mem::{offset_of, size_of};

pub use registers::{ACO_REG_COUNT, ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP};

/// r12 r13 r14 r15 rip rsp rbx rbp, then the x87 control word (2 bytes) and MXCSR (at +4).
#[cfg(target_arch = "x86_64")]
mod registers {
    /// Words in `aco_t.reg`.
    pub const ACO_REG_COUNT: usize = 9;
    /// The slot of the resume address of a suspended coroutine.
    pub const ACO_REG_IDX_RETADDR: usize = 4;
    /// The slot of the stack pointer.
    pub const ACO_REG_IDX_SP: usize = 5;
    /// The slot of the floating-point environment.
    pub const ACO_REG_IDX_FPU: usize = 8;
}

/// (x16 x17, unused) x19 ... x28 x29 pc sp fpcr.
#[cfg(target_arch = "aarch64")]
mod registers {
    /// Words in `aco_t.reg`.
    pub const ACO_REG_COUNT: usize = 16;
    /// The slot of the resume address of a suspended coroutine.
    pub const ACO_REG_IDX_RETADDR: usize = 13;
    /// The slot of the stack pointer.
    pub const ACO_REG_IDX_SP: usize = 14;
    /// The slot of the floating-point environment.
    pub const ACO_REG_IDX_FPU: usize = 15;
}

/// A coroutine's entry function. It takes its argument from `aco_get_arg()` and ends with
/// `aco_exit()`; it must not return.
pub type aco_cofuncp_t = Option<unsafe extern "C" fn()>;

/// A coroutine's private save area: it holds the live part of a share stack while another coroutine owns
/// that stack. Programs may read it at any time; only the library writes it.
#[repr(C)]
pub struct aco_save_stack_s {
    /// The saved bytes: a linear image of `[reg[ACO_REG_IDX_SP], align_retptr)`. NULL before the
    /// first copy, unless `aco_create` was given a size.
    pub ptr: *mut c_void,
    /// Bytes at `ptr`. While `ptr` is NULL: the initial size.
    pub sz: usize,
    /// Bytes of the image. While the coroutine owns its share stack: bytes of an older image.
    pub valid_sz: usize,
    /// The largest copy so far, in bytes, out or in.
    pub max_cpsz: usize,
    /// How often a non-empty image was copied out of the share stack.
    pub ct_save: usize,
    /// How often a non-empty image was copied back into the share stack.
    pub ct_restore: usize,
}

/// A stack that one coroutine or many run on. If several coroutines share it, their frames are copied out and in when
/// the owner changes. The frames of the only coroutine on a stack are never copied.
#[repr(C)]
pub struct aco_share_stack_s {
    /// The lowest usable byte; NULL once the stack is destroyed.
    pub ptr: *mut c_void,
    /// Usable bytes from `ptr` on.
    pub sz: usize,
    /// The highest 16-byte aligned address that leaves 16 bytes above it.
    pub align_highptr: *mut c_void,
    /// The stack pointer of a coroutine that has not started. The word there is the return address of its
    /// entry function. Saved images end here.
    pub align_retptr: *mut c_void,
    /// Bytes of the owner's last image plus one pointer; 0 without an owner.
    pub align_validsz: usize,
    /// The maximum distance of a saved stack pointer below `align_highptr`, in bytes.
    pub align_limit: usize,
    /// The coroutine whose frames are on the stack now. Only this field says so: `aco_exit()` writes it
    /// from inside programs.
    pub owner: *mut aco_t,
    /// Whether a guard page lies below `ptr`.
    pub guard_page_enabled: c_char,
    /// The library's own; keep it when copying by value.
    pub reserved: [u8; 7],
    /// The whole mapping with its guard page, or NULL if `ptr` is not a mapping of the library's.
    pub real_ptr: *mut c_void,
    /// Bytes of the whole mapping; 0 for memory from malloc, `sz` for the program's own.
    pub real_sz: usize,
}

/// A coroutine.
#[repr(C)]
pub struct aco_s {
    /// The registers while the coroutine is suspended; `ACO_REG_IDX_*` name the slots that debuggers read.
    pub reg: [*mut c_void; ACO_REG_COUNT],
    /// The coroutine that resumes this one, and to which it yields. NULL in a main coroutine.
    pub main_co: *mut aco_t,
    /// The result of `aco_get_arg()`.
    pub arg: *mut c_void,
    /// 1 after `aco_exit()`.
    pub is_end: c_char,
    /// The library's own; keep it when copying by value.
    pub reserved: [u8; 7],
    /// The entry function.
    pub fp: aco_cofuncp_t,
    /// The private save area.
    pub save_stack: aco_save_stack_s,
    /// The stack that the coroutine runs on. NULL in a main coroutine.
    pub share_stack: *mut aco_share_stack_t,
}

/// The C name of [`aco_save_stack_s`].
pub type aco_save_stack_t = aco_save_stack_s;
/// The C name of [`aco_share_stack_s`].
pub type aco_share_stack_t = aco_share_stack_s;
/// The C name of [`aco_s`].
pub type aco_t = aco_s;

impl aco_s {
    /// The state word: `is_end` and `reserved` in one (see `state`).
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn state_word(co: *mut aco_t) -> *mut u64 {
        // SAFETY: eight aligned bytes inside the struct (asserted below).
        unsafe { (&raw mut (*co).is_end).cast() }
    }

    /// The value of a slot of `reg`.
    ///
    /// # Safety
    /// `co` points to a coroutine, and `slot` is below `ACO_REG_COUNT`.
    pub unsafe fn register(co: *mut aco_t, slot: usize) -> usize {
        // SAFETY: `slot` is in bounds of `reg`, whose slots are always initialized.
        unsafe { Self::slot(co, slot).read() }
    }

    /// The address of a slot of `reg`.
    ///
    /// # Safety
    /// As [`register`](Self::register).
    pub unsafe fn slot(co: *mut aco_t, slot: usize) -> *mut usize {
        // SAFETY: `slot` is in bounds of `reg`.
        unsafe { (&raw mut (*co).reg).cast::<usize>().add(slot) }
    }

    /// Writes a slot of `reg`.
    ///
    /// # Safety
    /// As [`register`](Self::register).
    pub unsafe fn set_register(co: *mut aco_t, slot: usize, value: usize) {
        // SAFETY: `slot` is in bounds of `reg`.
        unsafe { Self::slot(co, slot).write(value) }
    }

    /// The resume address of a suspended coroutine.
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn return_address(co: *mut aco_t) -> usize {
        // SAFETY: the index is that of a slot of `reg`.
        unsafe { Self::register(co, ACO_REG_IDX_RETADDR) }
    }

    /// Sets the resume address of a suspended coroutine.
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn set_return_address(co: *mut aco_t, address: usize) {
        // SAFETY: the index is that of a slot of `reg`.
        unsafe { Self::set_register(co, ACO_REG_IDX_RETADDR, address) }
    }

    /// The stack pointer of a suspended coroutine.
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn stack_pointer(co: *mut aco_t) -> usize {
        // SAFETY: the index is that of a slot of `reg`.
        unsafe { Self::register(co, ACO_REG_IDX_SP) }
    }
}

impl aco_share_stack_s {
    /// Returns true if `address` is on the stack. No address is on a destroyed stack.
    ///
    /// # Safety
    /// `stack` points to a share stack, live or destroyed.
    pub unsafe fn contains(stack: *mut aco_share_stack_t, address: usize) -> bool {
        // SAFETY: `stack` points to a share stack, which stays readable when it is destroyed.
        let (low, size) = unsafe { ((*stack).ptr as usize, (*stack).sz) };
        low != 0 && address.wrapping_sub(low) < size
    }
}

const _: () = {
    assert!(size_of::<aco_save_stack_t>() == 48);
    assert!(offset_of!(aco_save_stack_t, ptr) == 0);
    assert!(offset_of!(aco_save_stack_t, sz) == 8);
    assert!(offset_of!(aco_save_stack_t, valid_sz) == 16);
    assert!(offset_of!(aco_save_stack_t, max_cpsz) == 24);
    assert!(offset_of!(aco_save_stack_t, ct_save) == 32);
    assert!(offset_of!(aco_save_stack_t, ct_restore) == 40);

    assert!(size_of::<aco_share_stack_t>() == 80);
    assert!(offset_of!(aco_share_stack_t, ptr) == 0);
    assert!(offset_of!(aco_share_stack_t, sz) == 8);
    assert!(offset_of!(aco_share_stack_t, align_highptr) == 16);
    assert!(offset_of!(aco_share_stack_t, align_retptr) == 24);
    assert!(offset_of!(aco_share_stack_t, align_validsz) == 32);
    assert!(offset_of!(aco_share_stack_t, align_limit) == 40);
    assert!(offset_of!(aco_share_stack_t, owner) == 48);
    assert!(offset_of!(aco_share_stack_t, guard_page_enabled) == 56);
    assert!(offset_of!(aco_share_stack_t, real_ptr) == 64);
    assert!(offset_of!(aco_share_stack_t, real_sz) == 72);

    // The tail is the same on every architecture; only the length of `reg` differs.
    const TAIL: usize = 8 * ACO_REG_COUNT;
    assert!(offset_of!(aco_t, reg) == 0);
    assert!(offset_of!(aco_t, main_co) == TAIL);
    assert!(offset_of!(aco_t, arg) == TAIL + 8);
    assert!(offset_of!(aco_t, is_end) == TAIL + 16);
    assert!(offset_of!(aco_t, is_end).is_multiple_of(8));
    assert!(offset_of!(aco_t, reserved) == offset_of!(aco_t, is_end) + 1);
    assert!(offset_of!(aco_t, fp) == TAIL + 24);
    assert!(offset_of!(aco_t, save_stack) == TAIL + 32);
    assert!(offset_of!(aco_t, share_stack) == TAIL + 80);
    assert!(size_of::<aco_t>() == TAIL + 88);
};
#[cfg(target_arch = "x86_64")]
const _: () = assert!(size_of::<aco_t>() == 160);
#[cfg(target_arch = "aarch64")]
const _: () = assert!(size_of::<aco_t>() == 216);
