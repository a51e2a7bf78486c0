//! The functions of the sanitizers' runtimes, as their public headers declare them: sanitizer/common_interface_defs.h,
//! asan_interface.h, tsan_interface.h, msan_interface.h, lsan_interface.h. Each is None in a program without the
//! runtime.

use core::ffi::{c_uint, c_void};

use crate::arch;

macro_rules! weak_function {
    ($function:ident, $symbol:literal, $type:ty) => {
        #[doc = concat!("`", $symbol, "`.")]
        #[inline(always)]
        pub(super) fn $function() -> Option<$type> {
            // SAFETY: the symbol is a function of this type, or NULL, which is None.
            unsafe { core::mem::transmute::<*const (), Option<$type>>(arch::weak_symbol!($symbol)) }
        }
    };
}

type OnRange = unsafe extern "C" fn(*mut c_void, usize);

// AddressSanitizer. Arguments: where to store the fake stack (NULL: the context ends), the bounds of the next stack.
weak_function!(
    asan_start_switch,
    "__sanitizer_start_switch_fiber",
    unsafe extern "C" fn(*mut *mut c_void, *const c_void, usize)
);
// Arguments: the fake stack that was stored; receives the bounds of the previous stack.
weak_function!(
    asan_finish_switch,
    "__sanitizer_finish_switch_fiber",
    unsafe extern "C" fn(*mut c_void, *mut *const c_void, *mut usize)
);
weak_function!(asan_unpoison, "__asan_unpoison_memory_region", OnRange);
// Receives the scale in bits, and the offset.
weak_function!(
    asan_shadow_mapping,
    "__asan_get_shadow_mapping",
    unsafe extern "C" fn(*mut usize, *mut usize)
);

// ThreadSanitizer. Flags of 0: what precedes a switch happens before what follows it.
weak_function!(tsan_create, "__tsan_create_fiber", unsafe extern "C" fn(c_uint) -> *mut c_void);
weak_function!(tsan_destroy, "__tsan_destroy_fiber", unsafe extern "C" fn(*mut c_void));
weak_function!(tsan_switch_to, "__tsan_switch_to_fiber", unsafe extern "C" fn(*mut c_void, c_uint));
weak_function!(tsan_current, "__tsan_get_current_fiber", unsafe extern "C" fn() -> *mut c_void);

// MemorySanitizer. The bounds of the next stack, and of the previous one.
weak_function!(
    msan_start_switch,
    "__msan_start_switch_fiber",
    unsafe extern "C" fn(*const c_void, usize)
);
weak_function!(
    msan_finish_switch,
    "__msan_finish_switch_fiber",
    unsafe extern "C" fn(*mut *const c_void, *mut usize)
);
weak_function!(msan_unpoison, "__msan_unpoison", OnRange);
weak_function!(
    msan_copy_shadow,
    "__msan_copy_shadow",
    unsafe extern "C" fn(*mut c_void, *const c_void, usize)
);

// LeakSanitizer.
weak_function!(lsan_register, "__lsan_register_root_region", OnRange);
weak_function!(lsan_unregister, "__lsan_unregister_root_region", OnRange);
