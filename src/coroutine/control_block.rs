//! The memory of a coroutine's control block.

use core::ffi::c_void;
use core::ptr::NonNull;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::{record, sanitizer, state};

/// Allocates a control block: all zero but for `fp` and `arg`.
#[inline(always)]
pub(super) fn allocate(
    class: Class,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Result<*mut aco_t, CreateError> {
    let block = if sanitizer::is_present() { None } else { slab::allocate_fast(class) };
    let Some(block) = block.or_else(|| allocate_slow(class)) else {
        return Err(CreateError::NoMemory { what: "a coroutine", size: size_of::<aco_t>() });
    };
    // SAFETY: the block was just allocated.
    Ok(unsafe { init(block, fp, arg) })
}

/// As [`allocate`], if that takes no call. None: it does.
#[inline(always)]
pub(super) fn allocate_quickly(
    class: Class,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Option<*mut aco_t> {
    let block =
        if sanitizer::is_known_absent() { slab::allocate_fast(class)? } else { return None };
    // SAFETY: the block was just allocated.
    Some(unsafe { init(block, fp, arg) })
}

/// Makes a control block of `block`: all zero but for `fp` and `arg`.
///
/// # Safety
/// `block` was allocated with [`block_size`], and has no other user.
#[inline(always)]
unsafe fn init(block: NonNull<c_void>, fp: aco_cofuncp_t, arg: *mut c_void) -> *mut aco_t {
    let co: *mut aco_t = block.as_ptr().cast();
    // SAFETY: the block is large enough, and all zero is a valid coroutine.
    unsafe {
        co.write_bytes(0, 1);
        (*co).fp = fp;
        (*co).arg = arg;
    }
    co
}

/// Allocates a control block that may be outside the slabs: then it gets a record (L2).
#[cold]
#[inline(never)]
fn allocate_slow(class: Class) -> Option<NonNull<c_void>> {
    let block = if sanitizer::is_present() {
        sanitizer::allocate_block(slab::allocate_fallback)
    } else {
        slab::allocate_slow(class, size_of::<aco_t>())
    }?;
    if slab::contains(block.as_ptr()) || record::register(block) {
        return Some(block);
    }
    // SAFETY: the block was just allocated, with this size, and has no other user.
    unsafe { slab::free(block.as_ptr(), block_size()) };
    None
}

/// Returns the size of a control block from [`allocate`], in bytes.
pub(super) fn block_size() -> usize {
    if sanitizer::is_present() { sanitizer::BLOCK_SIZE } else { size_of::<aco_t>() }
}

/// Frees a control block that is outside the slabs.
///
/// # Safety
/// `co` points to a coroutine that is not used afterwards, in a block that is outside the slabs.
#[cold]
#[inline(never)]
pub(super) unsafe fn free_outside_slab(co: *mut aco_t) {
    // SAFETY: `co` is a coroutine without users. A block that the library did not allocate is a program's own, from
    // the allocator of L2: `aco_t` alone.
    unsafe {
        let size = if state::is_ours(co) { block_size() } else { size_of::<aco_t>() };
        state::mark_destroyed(co);
        slab::free(co.cast(), size);
    }
}
