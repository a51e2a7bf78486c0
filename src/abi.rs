//! The structs that C programs access, with the layout of libaco 1.2.4.
//!
//! On x86-64 this is libaco's default build; on aarch64 it is the layout that libaco's forks share.
//!
//! * B1. Programs read and write the fields, copy the structs by value and keep the copies. So all that the library
//!   needs is inside the public size.
//! * B2. State of the library's own is in `reserved`, which is padding in libaco (`state`, `stack`).
//! * B3. A copy may have lost its padding, so zero in `reserved` always means "not known".

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
    /// The number of words in `aco_t.reg`.
    pub const ACO_REG_COUNT: usize = 16;
    /// The slot of the resume address of a suspended coroutine.
    pub const ACO_REG_IDX_RETADDR: usize = 13;
    /// The slot of the stack pointer.
    pub const ACO_REG_IDX_SP: usize = 14;
    /// The slot of the floating-point environment.
    pub const ACO_REG_IDX_FPU: usize = 15;
}

/// The entry function of a coroutine. It reads its argument with aco_get_arg() and ends with
/// aco_exit(). It must not return, unless aco_return_exits() permits it.
pub type aco_cofuncp_t = Option<unsafe extern "C" fn()>;

/// The private save area of a coroutine. The library copies the live part of a share stack to it
/// when another coroutine takes over the stack. Programs may read the fields at any time. Only the
/// library writes them.
#[repr(C)]
pub struct aco_save_stack_s {
    /// The saved bytes: a copy of the stack from `reg[ACO_REG_IDX_SP]` up to `align_retptr`. NULL
    /// before the first copy, unless aco_create() was given a size.
    pub ptr: *mut c_void,
    /// The capacity at `ptr`, in bytes. While `ptr` is NULL: the initial capacity.
    pub sz: usize,
    /// The size of the saved copy in bytes. While the coroutine owns its share stack: the size of
    /// an older copy.
    pub valid_sz: usize,
    /// The size of the largest copy so far, out or in, in bytes.
    pub max_cpsz: usize,
    /// The number of copies out of the share stack. Empty copies do not count.
    pub ct_save: usize,
    /// The number of copies back into the share stack. Empty copies do not count.
    pub ct_restore: usize,
}

/// A stack for one or more coroutines. If several coroutines share it, the library copies their
/// frames out and in when the owner changes. A coroutine that is alone on its stack is never
/// copied.
#[repr(C)]
pub struct aco_share_stack_s {
    /// The lowest usable byte. NULL after the stack is destroyed.
    pub ptr: *mut c_void,
    /// The usable size in bytes, from `ptr` on.
    pub sz: usize,
    /// The highest address that is aligned to 16 bytes and has 16 bytes above it.
    pub align_highptr: *mut c_void,
    /// The initial stack pointer of a coroutine. The word there is the return address of an entry
    /// function. Saved copies end here.
    pub align_retptr: *mut c_void,
    /// The size of the owner's last copy plus one pointer, in bytes. 0 without an owner.
    pub align_validsz: usize,
    /// The maximum distance in bytes of a saved stack pointer below `align_highptr`.
    pub align_limit: usize,
    /// The coroutine whose frames are on the stack now, or NULL. After aco_new() and aco_reset() it
    /// may be one that has not started. aco_exit() writes this field from code that is compiled
    /// into programs. No other field names the owner of the stack.
    pub owner: *mut aco_t,
    /// 1 if a guard page is below `ptr`, otherwise 0.
    pub guard_page_enabled: c_char,
    /// Internal. A copy by value must keep it.
    pub reserved: [u8; 7],
    /// The mapping with its guard page. NULL if the library did not map the memory.
    pub real_ptr: *mut c_void,
    /// The size of the mapping in bytes. 0 for memory from malloc(3), `sz` for memory of the
    /// program.
    pub real_sz: usize,
}

/// A coroutine.
#[repr(C)]
pub struct aco_s {
    /// The registers of a suspended coroutine. `ACO_REG_IDX_*` are the indexes that debuggers use.
    pub reg: [*mut c_void; ACO_REG_COUNT],
    /// The coroutine that resumes this one and that it yields to. NULL in a main coroutine.
    pub main_co: *mut aco_t,
    /// The result of aco_get_arg().
    pub arg: *mut c_void,
    /// 1 after aco_exit(), otherwise 0.
    pub is_end: c_char,
    /// Internal. A copy by value must keep it.
    pub reserved: [u8; 7],
    /// The entry function.
    pub fp: aco_cofuncp_t,
    /// The private save area.
    pub save_stack: aco_save_stack_s,
    /// The stack of the coroutine. NULL in a main coroutine.
    pub share_stack: *mut aco_share_stack_t,
}

/// The C name of `aco_save_stack_s`.
pub type aco_save_stack_t = aco_save_stack_s;
/// The C name of `aco_share_stack_s`.
pub type aco_share_stack_t = aco_share_stack_s;
/// The C name of `aco_s`.
pub type aco_t = aco_s;

impl aco_s {
    /// Returns the address of the state word: `is_end` and `reserved` as one word (see `state`).
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn state_word(co: *mut aco_t) -> *mut u64 {
        // SAFETY: eight aligned bytes inside the struct (asserted below).
        unsafe { (&raw mut (*co).is_end).cast() }
    }

    /// Reads a slot of `reg`.
    ///
    /// # Safety
    /// `co` points to a coroutine, and `slot` is below `ACO_REG_COUNT`.
    pub unsafe fn register(co: *mut aco_t, slot: usize) -> usize {
        // SAFETY: `slot` is in bounds of `reg`, whose slots are always initialized.
        unsafe { Self::slot(co, slot).read() }
    }

    /// Returns the address of a slot of `reg`.
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

    /// Returns the resume address of a suspended coroutine.
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

    /// Returns the stack pointer of a suspended coroutine.
    ///
    /// # Safety
    /// `co` points to a coroutine.
    pub unsafe fn stack_pointer(co: *mut aco_t) -> usize {
        // SAFETY: the index is that of a slot of `reg`.
        unsafe { Self::register(co, ACO_REG_IDX_SP) }
    }
}

impl aco_share_stack_s {
    /// Returns true if `address` is on the stack. A destroyed stack contains no address.
    ///
    /// # Safety
    /// `stack` points to a share stack, live or destroyed.
    pub unsafe fn contains(stack: *mut aco_share_stack_t, address: usize) -> bool {
        // SAFETY: `stack` points to a share stack, which stays readable when it is destroyed.
        let (low, size) = unsafe { ((*stack).ptr as usize, (*stack).sz) };
        low != 0 && address.wrapping_sub(low) < size
    }
}

/// The layout of libaco 1.2.4: words, but for one byte, which its padding follows.
const _: () = {
    const WORD: usize = size_of::<usize>();
    const fn is_at(offset: usize, words: usize) -> bool {
        offset == words * WORD
    }

    assert!(is_at(size_of::<aco_save_stack_t>(), 6));
    assert!(is_at(offset_of!(aco_save_stack_t, ptr), 0));
    assert!(is_at(offset_of!(aco_save_stack_t, sz), 1));
    assert!(is_at(offset_of!(aco_save_stack_t, valid_sz), 2));
    assert!(is_at(offset_of!(aco_save_stack_t, max_cpsz), 3));
    assert!(is_at(offset_of!(aco_save_stack_t, ct_save), 4));
    assert!(is_at(offset_of!(aco_save_stack_t, ct_restore), 5));

    assert!(is_at(size_of::<aco_share_stack_t>(), 10));
    assert!(is_at(offset_of!(aco_share_stack_t, ptr), 0));
    assert!(is_at(offset_of!(aco_share_stack_t, sz), 1));
    assert!(is_at(offset_of!(aco_share_stack_t, align_highptr), 2));
    assert!(is_at(offset_of!(aco_share_stack_t, align_retptr), 3));
    assert!(is_at(offset_of!(aco_share_stack_t, align_validsz), 4));
    assert!(is_at(offset_of!(aco_share_stack_t, align_limit), 5));
    assert!(is_at(offset_of!(aco_share_stack_t, owner), 6));
    assert!(is_at(offset_of!(aco_share_stack_t, guard_page_enabled), 7));
    assert!(is_at(offset_of!(aco_share_stack_t, real_ptr), 8));
    assert!(is_at(offset_of!(aco_share_stack_t, real_sz), 9));

    // The tail is the same on every architecture; only the length of `reg` differs.
    assert!(is_at(offset_of!(aco_t, reg), 0));
    assert!(is_at(offset_of!(aco_t, main_co), ACO_REG_COUNT));
    assert!(is_at(offset_of!(aco_t, arg), ACO_REG_COUNT + 1));
    assert!(is_at(offset_of!(aco_t, is_end), ACO_REG_COUNT + 2));
    assert!(offset_of!(aco_t, is_end).is_multiple_of(size_of::<u64>()));
    assert!(offset_of!(aco_t, reserved) == offset_of!(aco_t, is_end) + 1);
    assert!(is_at(offset_of!(aco_t, fp), ACO_REG_COUNT + 3));
    assert!(is_at(offset_of!(aco_t, save_stack), ACO_REG_COUNT + 4));
    assert!(is_at(offset_of!(aco_t, share_stack), ACO_REG_COUNT + 10));
    assert!(is_at(size_of::<aco_t>(), ACO_REG_COUNT + 11));

    // The state word takes `is_end`, its low byte, and all the padding after it (`state`).
    assert!(offset_of!(aco_t, fp) - offset_of!(aco_t, is_end) == size_of::<u64>());
    assert!(cfg!(target_endian = "little"));
};
#[cfg(target_arch = "x86_64")]
const _: () = assert!(size_of::<aco_t>() == 160);
#[cfg(target_arch = "aarch64")]
const _: () = assert!(size_of::<aco_t>() == 216);
