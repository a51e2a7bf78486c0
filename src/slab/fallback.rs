//! Memory that is in no slab: from malloc, or from the program's own allocator.
//!
//! ```text
//!   ALLOCATOR = NULL or a copy ──first allocation──> | FIXED
//!   set_allocator: replaces the word                  set_allocator: EBUSY
//! ```
//!
//! * FB1. The first allocation sets FIXED. The choice never changes afterwards, so all memory is from one source.
//! * FB2. A copy that is FIXED is never freed. Only `set_allocator` frees a copy, which is not FIXED then.
//! * FB3. With its own allocator a program has no slabs but those of stack control blocks (H6 of `heap`).

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::{diag, sanitizer, sys, valgrind};

/// A program's own allocator.
#[derive(Clone, Copy)]
pub(crate) struct Allocator {
    /// Memory of so many bytes, aligned to 16, or NULL.
    pub(crate) allocate: unsafe extern "C" fn(size: usize, user: *mut c_void) -> *mut c_void,
    /// Takes it back.
    pub(crate) free: unsafe extern "C" fn(ptr: *mut c_void, size: usize, user: *mut c_void),
    /// What both are handed.
    pub(crate) user: *mut c_void,
}

/// A copy of the allocator, in a separate mapping, or NULL; [`FIXED`] is the lowest bit.
#[unsafe(link_section = "aco_shared")]
static ALLOCATOR: AtomicPtr<Allocator> = AtomicPtr::new(ptr::null_mut());
/// Memory was allocated (FB1).
const FIXED: usize = 1;
/// What memory is aligned to.
const ALIGNMENT: usize = 16;

impl diag::Describe for Allocator {
    unsafe fn describe(object: *const Allocator, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `object` is an allocator, by the trait's obligation.
        write!(f, ", allocate {:#x}", unsafe { (*object).allocate } as usize)
    }
}

/// Sets the allocator of coroutines; None is the library's own slabs.
///
/// # Errors
/// `EBUSY` if memory was allocated already, `ENOMEM` if there is no memory for the copy.
pub(crate) fn set_allocator(allocator: Option<Allocator>) -> Result<(), c_int> {
    let new = match allocator {
        Some(allocator) => copy_to_mapping(allocator).ok_or(libc::ENOMEM)?,
        None => ptr::null_mut(),
    };
    let mut old = ALLOCATOR.load(Ordering::Acquire);
    loop {
        if old.addr() & FIXED != 0 {
            unmap_copy(new);
            return Err(libc::EBUSY);
        }
        match ALLOCATOR.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => break,
            Err(actual) => old = actual,
        }
    }
    unmap_copy(old);
    Ok(())
}

/// Copies the allocator to a separate mapping, which no tool reports as a leak. Returns None if the system has no
/// memory.
fn copy_to_mapping(allocator: Allocator) -> Option<*mut Allocator> {
    let copy = sys::map(size_of::<Allocator>())?;
    // SAFETY: just mapped, for one.
    unsafe { copy.cast().write(allocator) };
    sanitizer::register_root(copy.as_ptr(), size_of::<Allocator>());
    valgrind::mark_shared(copy.addr().get(), size_of::<Allocator>());
    Some(copy.as_ptr().cast())
}

/// Frees a copy that is not FIXED. Does nothing if `copy` is NULL.
fn unmap_copy(copy: *mut Allocator) {
    if !copy.is_null() {
        sanitizer::unregister_root(copy.cast(), size_of::<Allocator>());
        // SAFETY: the copy is from `copy_to_mapping`, and not FIXED (FB2).
        unsafe { sys::unmap(copy.cast(), size_of::<Allocator>()) };
    }
}

/// Returns the program's allocator, or None, and sets FIXED.
fn fix_allocator() -> Option<&'static Allocator> {
    let mut word = ALLOCATOR.load(Ordering::Acquire);
    while word.addr() & FIXED == 0 {
        let fixed = word.map_addr(|address| address | FIXED);
        match ALLOCATOR.compare_exchange_weak(word, fixed, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => word = fixed,
            Err(actual) => word = actual,
        }
    }
    // SAFETY: the word is NULL or a copy that is never freed (FB2).
    unsafe { word.map_addr(|address| address & !FIXED).as_ref() }
}

/// Returns true if the program has its own allocator, and sets FIXED.
pub(super) fn has_custom_allocator() -> bool {
    fix_allocator().is_some()
}

/// Allocates `size` bytes, aligned to 16, not zeroed. Returns None if there is no memory.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    let Some(custom) = fix_allocator() else { return sys::allocate(size) };
    // SAFETY: the program's function takes any size, by `aco_allocator_t`'s contract.
    let ptr = NonNull::new(unsafe { (custom.allocate)(size, custom.user) });
    match ptr {
        None => sys::set_errno(libc::ENOMEM),
        Some(ptr) if !ptr.addr().get().is_multiple_of(ALIGNMENT) => {
            abort_misaligned(custom, ptr, size)
        }
        Some(_) => {}
    }
    ptr
}

/// Aborts: the allocator has returned memory that is not aligned to 16.
#[cold]
#[inline(never)]
fn abort_misaligned(custom: &Allocator, ptr: NonNull<c_void>, size: usize) -> ! {
    diag::fatal(
        "aco_allocator_t",
        custom,
        format_args!("it gave {ptr:p} for {size} bytes"),
        "memory for coroutines is aligned to 16 bytes; NULL where there is none",
    )
}

/// Frees `size` bytes from [`allocate`] or the program's allocator. Does nothing if `ptr` is NULL.
///
/// # Safety
/// `ptr` is NULL, or is from there with this size, and is not used afterwards.
#[cold]
#[inline(never)]
pub(super) unsafe fn free(ptr: *mut c_void, size: usize) {
    if ptr.is_null() {
        return;
    }
    // SAFETY: `ptr` is from this source (FB1), of this size, and not used afterwards.
    unsafe {
        match fix_allocator() {
            Some(custom) => (custom.free)(ptr, size, custom.user),
            None => sys::free(ptr),
        }
    }
}
