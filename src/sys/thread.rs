//! This thread: its values, its stack.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

/// A key whose value in each thread `at_end` is called with when the thread ends, unless NULL. None:
/// there are no more.
pub(crate) fn create_thread_key(at_end: unsafe extern "C" fn(*mut c_void)) -> Option<u32> {
    let mut key = 0;
    // SAFETY: the key is written on success.
    unsafe { (libc::pthread_key_create(&mut key, Some(at_end)) == 0).then_some(key) }
}

/// Ends a key of [`create_thread_key`]: threads that end later call nothing.
pub(crate) fn delete_thread_key(key: u32) {
    // SAFETY: a key that does not exist is an error and nothing else.
    unsafe { libc::pthread_key_delete(key) };
}

/// Sets this thread's value. False: there is no memory, or no such key.
pub(crate) fn set_thread_value(key: u32, value: *mut c_void) -> bool {
    // SAFETY: the value is not looked into.
    unsafe { libc::pthread_setspecific(key, value) == 0 }
}

/// This thread's value; NULL: it has none.
pub(crate) fn thread_value(key: u32) -> *mut c_void {
    // SAFETY: the value is not looked into.
    unsafe { libc::pthread_getspecific(key) }
}

/// Lets other threads run first.
pub(crate) fn yield_thread() {
    // SAFETY: sched_yield has no preconditions.
    unsafe { libc::sched_yield() };
}

/// The lowest address of this thread's own stack. None: the C library does not tell.
pub(crate) fn thread_stack_low() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes are initialised where the first call succeeds, and destroyed then.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let known = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        known.then_some(low.addr())
    }
}
