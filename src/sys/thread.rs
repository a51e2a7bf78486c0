//! Threads: values under pthread keys, the stack of this thread.

use core::ffi::c_void;

/// Creates a pthread key. When a thread exits whose value is not NULL, the system calls `on_exit` with it. None: the
/// system has no more keys.
pub(crate) fn create_thread_key(on_exit: unsafe extern "C" fn(*mut c_void)) -> Option<u32> {
    let mut key = 0;
    // SAFETY: `key` is valid for writes.
    unsafe { (libc::pthread_key_create(&mut key, Some(on_exit)) == 0).then_some(key) }
}

/// Deletes a key of [`create_thread_key`]: threads that exit later call nothing for it.
pub(crate) fn delete_thread_key(key: u32) {
    // SAFETY: for a key that does not exist the call fails.
    unsafe { libc::pthread_key_delete(key) };
}

/// Sets this thread's value. Returns false if there is no memory, or no such key.
pub(crate) fn set_thread_value(key: u32, value: *mut c_void) -> bool {
    // SAFETY: the call does not use the memory behind the value.
    unsafe { libc::pthread_setspecific(key, value) == 0 }
}

/// This thread's value. NULL: it has none.
pub(crate) fn thread_value(key: u32) -> *mut c_void {
    // SAFETY: the call does not use the memory behind the value.
    unsafe { libc::pthread_getspecific(key) }
}

/// Yields the processor to other threads.
pub(crate) fn yield_thread() {
    // SAFETY: sched_yield has no preconditions.
    unsafe { libc::sched_yield() };
}
