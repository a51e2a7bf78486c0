//! Stand-ins for what the files of the runtime use of the rest of the crate.

/// `crate::arch`.
pub mod arch {
    /// There is no tool, and the C library does not know how many threads there are.
    macro_rules! weak_symbol {
        ($name:literal) => {{
            let _ = $name;
            std::ptr::null::<()>()
        }};
    }
    pub(crate) use weak_symbol;

    macro_rules! weak_functions {
        ($(fn $name:ident($argument:ty) = $symbol:literal;)*) => { $(
            fn $name() -> Option<unsafe extern "C" fn($argument)> {
                None
            }
        )* };
    }
    pub(crate) use weak_functions;
}

/// `crate::sys`.
pub mod sys {
    use std::ffi::c_void;
    use std::ptr::NonNull;

    pub fn errno() -> std::ffi::c_int {
        libc::EBADF
    }

    pub fn yield_thread() {
        loom::thread::yield_now();
    }

    pub fn allocate(size: usize) -> Option<NonNull<c_void>> {
        // SAFETY: malloc has no preconditions.
        NonNull::new(unsafe { libc::malloc(size) })
    }

    pub fn allocate_aligned(_: usize, size: usize) -> Option<NonNull<c_void>> {
        allocate(size)
    }

    /// # Safety
    /// `memory` is from [`allocate`], or null.
    pub unsafe fn free(memory: *mut c_void) {
        if !memory.is_null() {
            // SAFETY: `memory` is from malloc. It is never returned, so no other object has the address in this run.
            let size = unsafe { libc::malloc_usable_size(memory) };
            crate::atomics::retire(memory.cast(), size);
        }
    }
}

/// `crate::tls`.
pub mod tls {
    use std::cell::Cell;
    use std::ffi::c_void;

    loom::thread_local! {
        static WORKER: Cell<usize> = Cell::new(0);
        /// Never freed: a mutex would take a new thread at the same address for its owner before.
        static STATE: &'static u64 = Box::leak(Box::new(0));
    }

    pub fn is_blocking_thread() -> bool {
        false
    }

    pub fn set_is_blocking_thread(_: bool) {}

    pub fn worker() -> *mut c_void {
        WORKER.with(Cell::get) as *mut c_void
    }

    pub fn set_worker(worker: *mut c_void) {
        WORKER.with(|place| place.set(worker as usize));
    }

    pub fn thread_state() -> *mut u64 {
        STATE.with(|state| std::ptr::from_ref(*state)).cast_mut()
    }
}

/// `crate::diag`.
pub mod diag {
    use std::fmt::{self, Arguments, Formatter};

    pub trait Describe {
        /// # Safety
        /// `object` is live.
        unsafe fn describe(object: *const Self, f: &mut Formatter) -> fmt::Result;
    }

    pub fn fatal<T>(function: &str, _: *const T, what: Arguments, _: &str) -> ! {
        panic!("{function}: {what}")
    }
}

/// `crate::sanitizer`.
pub mod sanitizer {
    use std::ffi::c_void;

    pub fn unpoison(_: *const c_void, _: usize) {}
}

/// `crate::valgrind`.
pub mod valgrind {
    pub fn mark_shared(_: usize, _: usize) {}
}

/// `crate::abi`.
pub mod abi {
    #[allow(non_camel_case_types)]
    pub struct aco_t;
}
