//! The functions of the sanitizers' runtimes, as their public headers declare them: sanitizer/common_interface_defs.h,
//! asan_interface.h, tsan_interface.h, msan_interface.h, lsan_interface.h. Each is None in a program without the
//! runtime.

use core::ffi::{c_uint, c_void};

use crate::arch;

arch::weak_functions! {
    // AddressSanitizer. Arguments: where to store the fake stack (NULL: the context ends); the bounds of the next
    // stack.
    pub(super) fn asan_start_switch(*mut *mut c_void, *const c_void, usize)
        = "__sanitizer_start_switch_fiber";
    // Arguments: the fake stack that was stored; receives the bounds of the previous stack.
    pub(super) fn asan_finish_switch(*mut c_void, *mut *const c_void, *mut usize)
        = "__sanitizer_finish_switch_fiber";
    pub(super) fn asan_unpoison(*mut c_void, usize) = "__asan_unpoison_memory_region";
    // Receives the scale in bits, and the offset.
    pub(super) fn asan_shadow_mapping(*mut usize, *mut usize) = "__asan_get_shadow_mapping";

    // ThreadSanitizer. Flags of 0: what precedes a switch happens before what follows it.
    pub(super) fn tsan_create(c_uint) -> *mut c_void = "__tsan_create_fiber";
    pub(super) fn tsan_destroy(*mut c_void) = "__tsan_destroy_fiber";
    pub(super) fn tsan_switch_to(*mut c_void, c_uint) = "__tsan_switch_to_fiber";
    pub(super) fn tsan_current() -> *mut c_void = "__tsan_get_current_fiber";

    // MemorySanitizer. The bounds of the next stack, and of the previous one.
    pub(super) fn msan_start_switch(*const c_void, usize) = "__msan_start_switch_fiber";
    pub(super) fn msan_finish_switch(*mut *const c_void, *mut usize) = "__msan_finish_switch_fiber";
    pub(super) fn msan_unpoison(*mut c_void, usize) = "__msan_unpoison";
    pub(super) fn msan_copy_shadow(*mut c_void, *const c_void, usize) = "__msan_copy_shadow";

    // LeakSanitizer.
    pub(super) fn lsan_register(*mut c_void, usize) = "__lsan_register_root_region";
    pub(super) fn lsan_unregister(*mut c_void, usize) = "__lsan_unregister_root_region";
}
