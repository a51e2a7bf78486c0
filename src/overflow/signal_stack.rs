//! The signal stack of a thread: the reporter's handler runs on it. A thread that has one keeps its own.

use core::ffi::c_void;

use crate::sys;
use crate::thread_exit::{self, Resource};

/// Bytes of a signal stack, beside what the processor's registers take in a signal frame. Handlers of the program with
/// SA_ONSTACK run there, too. Untouched pages take no memory.
const SIGNAL_STACK_SIZE: usize = 256 * 1024;

/// Gives this thread a signal stack until the thread ends, unless it has one. Returns false on failure, and sets errno.
pub(super) fn ensure() -> bool {
    if sys::has_signal_stack() {
        return true;
    }
    let (guard, size) = (sys::page_size(), signal_stack_size());
    let Some(memory) = sys::map(guard + size) else { return false };
    // SAFETY: the memory was just mapped, with this size. It serves as a signal stack even if no guard could be set.
    unsafe {
        let _ = sys::install_guard_region(memory.as_ptr(), guard)
            || sys::make_inaccessible(memory.as_ptr(), guard);
        let stack = memory.as_ptr().byte_add(guard);
        // The stack is set first: memory that `thread_exit` knows stays mapped until the thread ends.
        let is_set = sys::set_signal_stack(stack, size);
        if is_set && thread_exit::on_exit_with(Resource::SignalStack, release, memory) {
            return true;
        }
        if !is_set || sys::remove_signal_stack(stack) {
            sys::unmap(memory.as_ptr(), guard + size);
        }
    }
    false
}

/// Returns the size of a signal stack without its guard, in bytes.
fn signal_stack_size() -> usize {
    (SIGNAL_STACK_SIZE + sys::min_signal_stack_size()).next_multiple_of(sys::page_size())
}

/// Frees the signal stack of a thread that ends. If the thread is on it, it stays mapped.
unsafe extern "C" fn release(memory: *mut c_void) {
    thread_exit::mark_exiting();
    // SAFETY: `ensure` mapped the memory, with this size. Nothing uses it once it is no signal stack.
    unsafe {
        let guard = sys::page_size();
        if sys::remove_signal_stack(memory.byte_add(guard)) {
            sys::unmap(memory, guard + signal_stack_size());
        }
    }
}
