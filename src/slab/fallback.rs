//! Memory that does not lie in a slab: malloc's, or that of the program's own allocator.
//!
//! A program with an allocator of its own has no slabs but those of share stacks' control blocks, so
//! the way of every allocation and of every free leads here past the questions that are asked anyway. It
//! decides before the first coroutine: which of the two a place came from is then never a question.

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

/// The allocator, a copy in a mapping of its own, or NULL; and [`FIXED`] in its lowest bit. A copy
/// that is fixed stays for ever; before that nobody looks into it.
#[unsafe(link_section = "aco_shared")]
static ALLOCATOR: AtomicPtr<Allocator> = AtomicPtr::new(ptr::null_mut());
/// Somebody has allocated: the choice stays.
const FIXED: usize = 1;
/// What memory is aligned to.
const ALIGNMENT: usize = 16;

impl diag::Describe for Allocator {
    unsafe fn describe(object: *const Allocator, f: &mut Formatter) -> fmt::Result {
        // SAFETY: the caller's promise.
        write!(f, ", allocate {:#x}", unsafe { (*object).allocate } as usize)
    }
}

/// Chooses where coroutines come from; None: the library's own slabs. An error number: memory is in use
/// already (EBUSY), or there is none for the copy (ENOMEM).
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

/// A copy in memory of its own, which no tool takes for a leak. None: the system has no memory.
fn copy_to_mapping(allocator: Allocator) -> Option<*mut Allocator> {
    let copy = sys::map(size_of::<Allocator>())?;
    // SAFETY: just mapped, for one.
    unsafe { copy.cast().write(allocator) };
    sanitizer::register_root(copy.as_ptr(), size_of::<Allocator>());
    valgrind::mark_shared(copy.addr().get(), size_of::<Allocator>());
    Some(copy.as_ptr().cast())
}

/// Gives a copy that nobody looks into back; NULL is let through.
fn unmap_copy(copy: *mut Allocator) {
    if !copy.is_null() {
        sanitizer::unregister_root(copy.cast(), size_of::<Allocator>());
        // SAFETY: from `copy_to_mapping`, and never fixed.
        unsafe { sys::unmap(copy.cast(), size_of::<Allocator>()) };
    }
}

/// The program's allocator; None: it has none. From here on that stays.
fn fix_allocator() -> Option<&'static Allocator> {
    let mut word = ALLOCATOR.load(Ordering::Acquire);
    while word.addr() & FIXED == 0 {
        let fixed = word.map_addr(|address| address | FIXED);
        match ALLOCATOR.compare_exchange_weak(word, fixed, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => word = fixed,
            Err(actual) => word = actual,
        }
    }
    // SAFETY: NULL, or a copy that stays for ever.
    unsafe { word.map_addr(|address| address & !FIXED).as_ref() }
}

/// Has the program an allocator of its own? From here on that stays.
pub(super) fn has_custom_allocator() -> bool {
    fix_allocator().is_some()
}

/// `size` bytes, aligned to 16, with whatever stands there. None: there are none.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    let Some(custom) = fix_allocator() else { return sys::allocate(size) };
    // SAFETY: the function is the program's, called as it was promised.
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

/// An allocator gave what a coroutine cannot be in: says so, and aborts.
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

/// Frees `size` bytes of [`allocate`]'s, or what the program itself took from there; NULL is let through.
///
/// # Safety
/// `ptr` came from there, with this size, and is not used from here on.
#[cold]
#[inline(never)]
pub(super) unsafe fn free(ptr: *mut c_void, size: usize) {
    if ptr.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        match fix_allocator() {
            Some(custom) => (custom.free)(ptr, size, custom.user),
            None => sys::free(ptr),
        }
    }
}
