//! The libc calls that the library makes, each wrapped once: memory, signals, and here the others.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

mod memory;
mod signals;

#[cfg(feature = "rt")]
pub(crate) use memory::address_space_limit;
pub(crate) use memory::{
    allocate, counts_untouched_memory, discard, forbid, free, guard, is_in_memory, is_readable,
    map, map_at, map_stack, map_wiped_on_fork, permit, prefer_huge_pages, refuse_huge_pages,
    reserve, unlock, unmap,
};
pub(crate) use signals::{
    SignalHandler, has_signal_stack, least_signal_stack, requeue, restore_action, set_signal_stack,
    signal_action, take_default_action, take_signal_stack_off,
};

/// Bytes of a memory page: a power of two.
pub(crate) fn page_size() -> usize {
    #[unsafe(link_section = "aco_shared")]
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let known = SIZE.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: sysconf has no preconditions.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    SIZE.store(size, Ordering::Relaxed);
    size
}

/// The number of this process.
pub(crate) fn process_id() -> u32 {
    // SAFETY: no preconditions.
    unsafe { libc::getpid() as u32 }
}

/// A key whose value in each thread `at_end` is called with when the thread ends, unless NULL. None:
/// there are no more.
pub(crate) fn thread_key(at_end: unsafe extern "C" fn(*mut c_void)) -> Option<u32> {
    let mut key = 0;
    // SAFETY: the key is written on success.
    unsafe { (libc::pthread_key_create(&mut key, Some(at_end)) == 0).then_some(key) }
}

/// Ends a key of [`thread_key`]: threads that end later call nothing.
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
pub(crate) fn let_others_run() {
    // SAFETY: sched_yield has no preconditions.
    unsafe { libc::sched_yield() };
}

/// Where this thread's errno is.
pub(crate) fn errno_place() -> *mut c_int {
    // SAFETY: valid for as long as the thread lives.
    #[cfg(target_os = "linux")]
    return unsafe { libc::__errno_location() };
    // SAFETY: as above.
    #[cfg(not(target_os = "linux"))]
    return unsafe { libc::__error() };
}

/// The error number of the last call that failed on this thread.
pub(crate) fn errno() -> c_int {
    // SAFETY: the location is valid for as long as the thread lives.
    unsafe { *errno_place() }
}

/// Sets what [`errno`] gives.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: as there.
    unsafe { *errno_place() = error }
}

/// What a C function returns that has failed: -1, and the error number in errno.
pub(crate) fn fail_with(error: c_int) -> c_int {
    set_errno(error);
    -1
}

/// The lowest address of this thread's own stack. None: the C library does not tell.
pub(crate) fn thread_stack() -> Option<usize> {
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

/// Writes `text` to standard error with write(2): no lock, no buffer, no allocation.
pub(crate) fn write_error(text: &[u8]) {
    write(libc::STDERR_FILENO, text);
}

/// Writes all of `text` to a file descriptor with write(2). False: [`errno`] says why.
pub(crate) fn write(file: c_int, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        // SAFETY: `text` is readable for its length.
        let written = unsafe { libc::write(file, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => text = text.get(written..).unwrap_or_default(),
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return false,
            Ok(_) => {
                set_errno(libc::EIO);
                return false;
            }
        }
    }
    true
}

/// Ends the process with SIGABRT.
pub(crate) fn abort() -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { libc::abort() }
}
