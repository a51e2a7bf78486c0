//! Memory for a coroutine's control block.

use core::ffi::c_void;
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::{record, sanitizer, state};

/// A coroutine control block, zeroed but for what a main coroutine has.
#[inline(always)]
pub(super) fn allocate(
    class: Class,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Result<*mut aco_t, CreateError> {
    let place = if sanitizer::is_present() { None } else { slab::take(class) };
    let Some(co) = place.or_else(|| allocate_slow(class)) else {
        return Err(CreateError::NoMemory { what: "a coroutine", size: size_of::<aco_t>() });
    };
    let co: *mut aco_t = co.as_ptr().cast();
    // SAFETY: freshly allocated, and all zero is a valid coroutine.
    unsafe {
        co.write_bytes(0, 1);
        (*co).fp = fp;
        (*co).arg = arg;
    }
    Ok(co)
}

/// A place that may be in no slab: then the coroutine has a record.
#[cold]
#[inline(never)]
fn allocate_slow(class: Class) -> Option<NonNull<c_void>> {
    let place = if sanitizer::is_present() {
        sanitizer::allocate_block(slab::allocate_outside)
    } else {
        slab::allocate_slowly(class, size_of::<aco_t>())
    }?;
    if slab::holds(place.as_ptr()) || record::enter(place) {
        return Some(place);
    }
    // SAFETY: just allocated, and nobody knows it.
    unsafe { slab::free(place.as_ptr(), block_size()) };
    None
}

/// Bytes of a control block from [`allocate`].
pub(super) fn block_size() -> usize {
    if sanitizer::is_present() { sanitizer::BLOCK_SIZE } else { size_of::<aco_t>() }
}

/// Frees a control block that does not lie in a slab.
///
/// # Safety
/// As [`destroy`](super::destroy).
#[cold]
#[inline(never)]
pub(super) unsafe fn free_outside_slab(co: *mut aco_t) {
    // SAFETY: the caller's promise. What the library did not make is a program's own, and has no note.
    unsafe {
        let size = if state::is_ours(co) { block_size() } else { size_of::<aco_t>() };
        state::mark_destroyed(co);
        slab::free(co.cast(), size);
    }
}
