//! Threads: values under pthread keys, the stack of this thread.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

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

/// The lowest address of this thread's own stack. None: the C library does not tell.
pub(crate) fn thread_stack_low() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (ptr::null_mut(), 0);
    // SAFETY: if the first call succeeds, the attributes are initialized, and destroyed below.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let known = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        known.then_some(low.addr())
    }
}
