//! The stack that the reporter's handler runs on: one for each thread that has none.

use core::ffi::c_void;

use crate::sys;
use crate::thread_exit::{self, Resource};

/// Bytes of a signal stack, beside what the processor's registers take in a signal frame. The program's own handlers
/// run there, too, where they ask for one; untouched pages take no memory.
const SIGNAL_STACK: usize = 256 * 1024;

/// Gives this thread a signal stack until it ends, unless it has one. False: `sys::errno` says why.
pub(super) fn give() -> bool {
    if sys::has_signal_stack() {
        return true;
    }
    let (guard, size) = (sys::page_size(), signal_stack_size());
    let Some(memory) = sys::map(guard + size) else { return false };
    // SAFETY: just mapped. Without a guard below it is a signal stack as well.
    unsafe {
        let _ = sys::install_guard_region(memory.as_ptr(), guard)
            || sys::make_inaccessible(memory.as_ptr(), guard);
        let stack = memory.as_ptr().byte_add(guard);
        // First: what the end of the thread is told of stays mapped until then.
        let is_set = sys::set_signal_stack(stack, size);
        if is_set && thread_exit::on_exit_with(Resource::SignalStack, give_back, memory) {
            return true;
        }
        if !is_set || sys::remove_signal_stack(stack) {
            sys::unmap(memory.as_ptr(), guard + size);
        }
    }
    false
}

fn signal_stack_size() -> usize {
    (SIGNAL_STACK + sys::min_signal_stack_size()).next_multiple_of(sys::page_size())
}

/// The thread ends.
unsafe extern "C" fn give_back(memory: *mut c_void) {
    thread_exit::mark_exiting();
    // SAFETY: the memory was mapped for this thread; nothing is on it once it is no signal stack.
    unsafe {
        let guard = sys::page_size();
        if sys::remove_signal_stack(memory.byte_add(guard)) {
            sys::unmap(memory, guard + signal_stack_size());
        }
    }
}
