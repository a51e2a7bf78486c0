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
    pub(crate) free: unsafe extern "C" fn(place: *mut c_void, size: usize, user: *mut c_void),
    /// What both are handed.
    pub(crate) user: *mut c_void,
}

/// The allocator, a copy in a mapping of its own, or NULL; and [`IS_FIXED`] in its lowest bit. A copy
/// that is fixed stays for ever; before that nobody looks into it.
#[unsafe(link_section = "aco_shared")]
static CHOSEN: AtomicPtr<Allocator> = AtomicPtr::new(ptr::null_mut());
/// Somebody has allocated: the choice stays.
const IS_FIXED: usize = 1;
/// What memory is aligned to.
const ALIGNMENT: usize = 16;

impl diag::Subject for Allocator {
    unsafe fn describe(object: *const Allocator, f: &mut Formatter) -> fmt::Result {
        // SAFETY: the caller's promise.
        write!(f, ", allocate {:#x}", unsafe { (*object).allocate } as usize)
    }
}

/// Chooses where coroutines come from; None: the library's own slabs. An error number: memory is in use
/// already (EBUSY), or there is none for the copy (ENOMEM).
pub(crate) fn choose(allocator: Option<Allocator>) -> Result<(), c_int> {
    let new = match allocator {
        Some(allocator) => keep(allocator).ok_or(libc::ENOMEM)?,
        None => ptr::null_mut(),
    };
    let mut old = CHOSEN.load(Ordering::Acquire);
    loop {
        if old.addr() & IS_FIXED != 0 {
            drop_copy(new);
            return Err(libc::EBUSY);
        }
        match CHOSEN.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => break,
            Err(seen) => old = seen,
        }
    }
    drop_copy(old);
    Ok(())
}

/// A copy in memory of its own, which no tool takes for a leak. None: the system has no memory.
fn keep(allocator: Allocator) -> Option<*mut Allocator> {
    let copy = sys::map(size_of::<Allocator>())?;
    // SAFETY: just mapped, for one.
    unsafe { copy.cast().write(allocator) };
    sanitizer::register_root(copy.as_ptr(), size_of::<Allocator>());
    valgrind::is_shared(copy.addr().get(), size_of::<Allocator>());
    Some(copy.as_ptr().cast())
}

/// Gives a copy that nobody looks into back; NULL is let through.
fn drop_copy(copy: *mut Allocator) {
    if !copy.is_null() {
        sanitizer::unregister_root(copy.cast(), size_of::<Allocator>());
        // SAFETY: from `keep`, and never fixed.
        unsafe { sys::unmap(copy.cast(), size_of::<Allocator>()) };
    }
}

/// The program's allocator; None: it has none. From here on that stays.
fn fixed() -> Option<&'static Allocator> {
    let mut word = CHOSEN.load(Ordering::Acquire);
    while word.addr() & IS_FIXED == 0 {
        let fixed = word.map_addr(|address| address | IS_FIXED);
        match CHOSEN.compare_exchange_weak(word, fixed, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => word = fixed,
            Err(seen) => word = seen,
        }
    }
    // SAFETY: NULL, or a copy that stays for ever.
    unsafe { word.map_addr(|address| address & !IS_FIXED).as_ref() }
}

/// Has the program an allocator of its own? From here on that stays.
pub(super) fn is_the_programs() -> bool {
    fixed().is_some()
}

/// `size` bytes, aligned to 16, with whatever stands there. None: there are none.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    let Some(own) = fixed() else { return sys::allocate(size) };
    // SAFETY: the function is the program's, called as it was promised.
    let place = NonNull::new(unsafe { (own.allocate)(size, own.user) });
    match place {
        None => sys::set_errno(libc::ENOMEM),
        Some(place) if !place.addr().get().is_multiple_of(ALIGNMENT) => refuse(own, place, size),
        Some(_) => {}
    }
    place
}

/// An allocator gave what a coroutine cannot be in: says so, and aborts.
#[cold]
#[inline(never)]
fn refuse(own: &Allocator, place: NonNull<c_void>, size: usize) -> ! {
    diag::fatal(
        "aco_allocator_t",
        own,
        format_args!("it gave {place:p} for {size} bytes"),
        "memory for coroutines is aligned to 16 bytes; NULL where there is none",
    )
}

/// Frees `size` bytes of [`allocate`]'s, or what the program itself took from there; NULL is let through.
///
/// # Safety
/// `place` came from there, with this size, and is not used from here on.
#[cold]
#[inline(never)]
pub(super) unsafe fn free(place: *mut c_void, size: usize) {
    if place.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        match fixed() {
            Some(own) => (own.free)(place, size, own.user),
            None => sys::free(place),
        }
    }
}
