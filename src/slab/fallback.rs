//! Memory outside of slabs: from malloc, or from the program's own allocator.
//!
//! With its own allocator a program has slabs of stack control blocks only. All other allocations fail in the slabs and
//! come here; all other frees find no slab and come here.
//!
//! * FB1. `ALLOCATOR` is not fixed until the first allocation or free. Until then the program may change it, and no
//!   thread reads the copy that it points to.
//! * FB2. Once fixed it never changes, and its copy is never unmapped. So all blocks have the same source.

use core::ffi::{c_int, c_void};
use core::fmt::{self, Formatter};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::{diag, sanitizer, sys, valgrind};

/// The program's own allocator.
#[derive(Clone, Copy)]
pub(crate) struct Allocator {
    /// Allocates `size` bytes, aligned to 16. NULL: there is no memory.
    pub(crate) allocate: unsafe extern "C" fn(size: usize, user: *mut c_void) -> *mut c_void,
    /// Frees `size` bytes.
    pub(crate) free: unsafe extern "C" fn(ptr: *mut c_void, size: usize, user: *mut c_void),
    /// The last argument of both.
    pub(crate) user: *mut c_void,
}

/// The program's allocator, a copy in its own mapping, or NULL: malloc. The lowest bit is [`FIXED`].
#[unsafe(link_section = "aco_shared")]
static ALLOCATOR: AtomicPtr<Allocator> = AtomicPtr::new(ptr::null_mut());
/// The allocator no longer changes (FB2).
const FIXED: usize = 1;
/// The alignment of blocks, in bytes.
const ALIGNMENT: usize = 16;

impl diag::Describe for Allocator {
    unsafe fn describe(object: *const Allocator, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `object` is an `Allocator`, which does not change once it is published.
        write!(f, ", allocate {:#x}", unsafe { (*object).allocate } as usize)
    }
}

/// Sets the allocator of coroutines; None: slabs and malloc. Errors: EBUSY if it is fixed (FB2); ENOMEM if there is no
/// memory for the copy.
pub(crate) fn set_allocator(allocator: Option<Allocator>) -> Result<(), c_int> {
    let new = match allocator {
        Some(allocator) => copy_to_mapping(allocator).ok_or(libc::ENOMEM)?,
        None => ptr::null_mut(),
    };
    let replace = |old: *mut Allocator| (old.addr() & FIXED == 0).then_some(new);
    match ALLOCATOR.fetch_update(Ordering::AcqRel, Ordering::Acquire, replace) {
        Ok(old) => {
            unmap_copy(old);
            Ok(())
        }
        Err(_) => {
            unmap_copy(new);
            Err(libc::EBUSY)
        }
    }
}

/// Copies an allocator to its own mapping, which no tool reports as a leak. None: the system has no memory.
fn copy_to_mapping(allocator: Allocator) -> Option<*mut Allocator> {
    let copy = sys::map(size_of::<Allocator>())?;
    // SAFETY: the mapping was created above, with this size.
    unsafe { copy.cast().write(allocator) };
    sanitizer::register_root(copy.as_ptr(), size_of::<Allocator>());
    valgrind::mark_shared(copy.addr().get(), size_of::<Allocator>());
    Some(copy.as_ptr().cast())
}

/// Unmaps a copy that was never fixed. Does nothing if `copy` is NULL.
fn unmap_copy(copy: *mut Allocator) {
    if !copy.is_null() {
        sanitizer::unregister_root(copy.cast(), size_of::<Allocator>());
        // SAFETY: from `copy_to_mapping`, and never fixed: no thread reads it (FB1).
        unsafe { sys::unmap(copy.cast(), size_of::<Allocator>()) };
    }
}

/// Fixes the allocator and returns it (FB2). None: the program has none.
fn fix_allocator() -> Option<&'static Allocator> {
    let fix = |word: *mut Allocator| {
        (word.addr() & FIXED == 0).then(|| word.map_addr(|address| address | FIXED))
    };
    let (Ok(word) | Err(word)) = ALLOCATOR.fetch_update(Ordering::AcqRel, Ordering::Acquire, fix);
    // SAFETY: NULL, or a copy that is never unmapped (FB2).
    unsafe { word.map_addr(|address| address & !FIXED).as_ref() }
}

/// Fixes the allocator, and returns true if the program has its own.
pub(super) fn has_custom_allocator() -> bool {
    fix_allocator().is_some()
}

/// Allocates `size` uninitialized bytes, aligned to 16. None: there is no memory.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    let Some(custom) = fix_allocator() else { return sys::allocate(size) };
    // SAFETY: the program passed this function for calls with `user`.
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

/// Aborts: the program's allocator returned memory that is not aligned.
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

/// Frees `size` bytes from [`allocate`], or that the program allocated from the same source. Does nothing if `ptr` is
/// NULL.
///
/// # Safety
/// `ptr` is NULL, or was allocated there with this size and is not used afterwards.
#[cold]
#[inline(never)]
pub(super) unsafe fn free(ptr: *mut c_void, size: usize) {
    if ptr.is_null() {
        return;
    }
    // SAFETY: `ptr` is from the same source (FB2), and not used afterwards.
    unsafe {
        match fix_allocator() {
            Some(custom) => (custom.free)(ptr, size, custom.user),
            None => sys::free(ptr),
        }
    }
}
