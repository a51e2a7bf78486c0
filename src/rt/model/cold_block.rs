//! The layout of the cold part of a task: a block from malloc for what few tasks need.
//!
//! ```text
//!   inline_scratch | heap_scratch ─> malloc | name ─> malloc | … | values | destructor | cleanups ─> malloc | [ copy ]
//! ```
//!
//! Scratch memory serves one call of the task at a time. A select keeps its wait-queue nodes there, and a channel call
//! keeps a value whose place is on the shared stack.
//!
//! Any thread may read the name, so no function has a `&mut` to the block.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::record::{Destructor, Values};
use crate::rt::base::Waiter;
use crate::rt::os;
use crate::sys;

/// Bytes of scratch memory inside the block.
const INLINE: usize = 16;

/// A task's cold part. It stays at its address until the task is freed.
#[repr(C)]
pub(crate) struct ColdBlock {
    inline_scratch: [u8; INLINE],
    /// More scratch memory from malloc, or null.
    heap_scratch: *mut u8,
    /// From malloc, or null. It is replaced under the group's lock.
    pub(super) name: AtomicPtr<c_char>,
    /// Bytes of `heap_scratch`.
    heap_size: u32,
    /// The nearest deadline of the task's scopes, while its parker is BOUNDED (`park/scope`).
    pub(super) nearest_deadline: i64,
    /// Wait-queue nodes at the start of the scratch memory, while the task waits in a select.
    pub(super) select_waiters: u32,
    /// A call keeps the scratch memory while hooks run.
    pub(super) is_acquired: bool,
    /// The task's values under keys (see `locals`).
    pub(super) values: Values,
    /// The destructor of the task's argument, until it is called.
    pub(super) arg_destroy: Option<Destructor>,
    /// What `arg_destroy` is called with.
    pub(super) arg: *mut c_void,
    /// The cleanup function that was pushed last, or null.
    pub(super) cleanups: *mut Cleanup,
}

/// A cleanup function of a task, in memory from malloc.
pub(super) struct Cleanup {
    /// The one that was pushed before.
    pub(super) next: *mut Cleanup,
    pub(super) function: Destructor,
    pub(super) arg: *mut c_void,
}

impl ColdBlock {
    /// Allocates a block. Null: there is no memory.
    pub(super) fn new() -> *mut ColdBlock {
        os::allocate_zeroed::<ColdBlock>().map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// Allocates a block with a copy of the `size` bytes at `arg` behind it, aligned as malloc(3) does. Returns the
    /// block and the copy. None: there is no memory.
    ///
    /// # Safety
    /// `arg` is readable for `size` bytes.
    pub(super) unsafe fn with_arg(
        arg: *const c_void,
        size: usize,
    ) -> Option<(*mut ColdBlock, *mut c_void)> {
        const START: usize = size_of::<ColdBlock>().next_multiple_of(16);
        let whole = size.checked_add(START)?;
        let block = os::allocate_array::<u8>(whole)?.as_ptr();
        // SAFETY: the new memory has START + `size` bytes. `arg` is readable for `size` bytes.
        unsafe {
            let copy = block.add(START);
            ptr::copy_nonoverlapping(arg.cast::<u8>(), copy, size);
            Some((block.cast(), copy.cast()))
        }
    }

    /// Frees a block with its name, its scratch memory and its cleanup functions.
    ///
    /// # Safety
    /// `block` is null, or the block of a task that is being freed: no thread uses it any more.
    #[inline(always)]
    pub(super) unsafe fn free(block: *mut ColdBlock) {
        // SAFETY: the block, the name and the scratch memory are from malloc. No thread uses them any more.
        unsafe {
            if let Some(this) = block.as_ref() {
                sys::free(this.name.load(Ordering::Relaxed).cast());
                sys::free(this.heap_scratch.cast());
                while ColdBlock::pop_cleanup(block).is_some() {}
                sys::free(block.cast());
            }
        }
    }

    /// Takes the cleanup function that was pushed last, and its argument. None: there is none.
    ///
    /// # Safety
    /// `block` is the block of the task that runs on this thread, or of one that is being freed.
    pub(super) unsafe fn pop_cleanup(block: *mut ColdBlock) -> Option<(Destructor, *mut c_void)> {
        // SAFETY: only the thread of the task uses the list, whose entries are from malloc.
        unsafe {
            let last = (*block).cleanups;
            let Cleanup { next, function, arg } = *last.as_ref()?;
            (*block).cleanups = next;
            sys::free(last.cast());
            Some((function, arg))
        }
    }

    /// Replaces the name, and frees the old one.
    ///
    /// # Safety
    /// The group's lock is held, or no other thread knows the task. `name` is null or from malloc.
    pub(super) unsafe fn set_name(&self, name: *mut c_char) {
        // SAFETY: the old name is null or from malloc. No other thread replaces it at the same time.
        unsafe { sys::free(self.name.swap(name, Ordering::AcqRel).cast()) }
    }

    /// Returns the scratch memory that is there.
    pub(super) fn scratch(block: *mut ColdBlock) -> *mut u8 {
        // SAFETY: `block` is live.
        unsafe {
            let heap = (*block).heap_scratch;
            if heap.is_null() { (&raw mut (*block).inline_scratch).cast() } else { heap }
        }
    }

    /// Makes sure of `size` bytes of scratch memory; its content is lost. False: there is no memory.
    ///
    /// # Safety
    /// `block` is the block of the task that runs on this thread.
    pub(super) unsafe fn reserve_scratch(block: *mut ColdBlock, size: usize) -> bool {
        // SAFETY: only the thread of the task uses the scratch memory.
        unsafe {
            let is_inline = (*block).heap_scratch.is_null();
            let capacity = if is_inline { INLINE } else { (*block).heap_size as usize };
            capacity >= size || ColdBlock::grow_scratch(block, size)
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn grow_scratch(block: *mut ColdBlock, size: usize) -> bool {
        let whole = size.checked_next_power_of_two().unwrap_or(usize::MAX);
        let Ok(bytes) = u32::try_from(whole.max(64)) else { return false };
        let Some(memory) = sys::allocate(bytes as usize) else { return false };
        // SAFETY: the old scratch memory is null or from malloc, and no call keeps anything there.
        unsafe {
            sys::free((*block).heap_scratch.cast());
            (*block).heap_scratch = memory.as_ptr().cast();
            (*block).heap_size = bytes;
        }
        true
    }

    /// Takes the nodes of a select out of their queues.
    ///
    /// # Safety
    /// The task's wait has ended. The objects that it has waited for are live.
    pub(super) unsafe fn dequeue_select_waiters(block: *mut ColdBlock) {
        let waiters: *mut Waiter = ColdBlock::scratch(block).cast();
        // SAFETY: `select_waiters` nodes are at the start of the scratch memory, of which the objects are live.
        unsafe {
            for index in 0..(*block).select_waiters as usize {
                Waiter::dequeue(waiters.add(index));
            }
            (*block).select_waiters = 0;
        }
    }
}
