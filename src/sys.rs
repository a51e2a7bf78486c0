//! The libc calls that the library makes, each wrapped once.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

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

/// Maps `size` bytes of zeroed, private memory, readable and writable. None: the system has no
/// more, [`errno`] says why.
pub(crate) fn map(size: usize) -> Option<NonNull<c_void>> {
    map_anywhere(size, 0)
}

/// As [`map`], for a stack: Linux (6.7) makes no huge page of the few that are used at its top.
pub(crate) fn map_stack(size: usize) -> Option<NonNull<c_void>> {
    map_anywhere(size, libc::MAP_STACK)
}

fn map_anywhere(size: usize, more_flags: c_int) -> Option<NonNull<c_void>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | more_flags;
    // SAFETY: a fresh anonymous mapping touches nothing that exists.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address) }
}

/// As [`map`], at exactly this address, where nothing is mapped yet. None: something is, or as
/// [`map`].
pub(crate) fn map_at(address: *mut c_void, size: usize) -> Option<NonNull<c_void>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: replaces nothing. A kernel that does not know the flag takes the address for a wish.
    unsafe {
        let found = libc::mmap(address, size, protection, flags, -1, 0);
        if found == libc::MAP_FAILED {
            return None;
        }
        if found != address {
            libc::munmap(found, size);
            return None;
        }
    }
    NonNull::new(address)
}

/// Gives the pages of `size` bytes at `address` back; they read as zero from then on. False: they stay,
/// as locked memory (mlockall) does.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing needs what stands there.
pub(crate) unsafe fn discard(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(address, size, libc::MADV_DONTNEED) == 0 }
}

/// Which of the pages of `size` bytes at `address` are in memory: bit 0 of a byte for each. False: the
/// kernel does not tell.
///
/// # Safety
/// The range is whole pages that are mapped, and not more of them than there are bytes.
pub(crate) unsafe fn is_in_memory(address: *mut c_void, size: usize, states: &mut [u8]) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::mincore(address, size, states.as_mut_ptr()) == 0 }
}

/// Asks for no huge pages for `size` bytes at `address`; where there are none nothing changes.
///
/// # Safety
/// The range is a mapping of the caller's.
pub(crate) unsafe fn refuse_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(address, size, libc::MADV_NOHUGEPAGE) };
}

/// Asks for huge pages for `size` bytes at `address`; without them nothing changes.
///
/// # Safety
/// The range is a mapping of the caller's.
pub(crate) unsafe fn prefer_huge_pages(address: *mut c_void, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(address, size, libc::MADV_HUGEPAGE) };
}

/// Takes all access from `size` bytes at `address`. False: [`errno`] says why.
///
/// # Safety
/// The range is whole pages of a mapping of the caller's, and nothing uses it.
pub(crate) unsafe fn forbid(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::mprotect(address, size, libc::PROT_NONE) == 0 }
}

/// Takes all access from `size` bytes at `address` without a mapping of their own
/// (MADV_GUARD_INSTALL, Linux 6.13). False: the kernel has no such thing, or not here.
///
/// # Safety
/// As [`forbid`].
pub(crate) unsafe fn guard(address: *mut c_void, size: usize) -> bool {
    const MADV_GUARD_INSTALL: c_int = 102;
    // SAFETY: the caller's promise; a kernel that does not know the advice changes nothing.
    unsafe { libc::madvise(address, size, MADV_GUARD_INSTALL) == 0 }
}

/// Can this process read the byte at `address`? Asked of the kernel: no fault. True where the
/// kernel cannot be asked.
pub(crate) fn is_readable(address: *const c_void) -> bool {
    let mut ends = [0; 2];
    // SAFETY: the kernel reads one byte, or answers EFAULT; the pipe is this function's own.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return true;
        }
        let [reader, writer] = ends;
        let readable = libc::write(writer, address, 1) == 1;
        libc::close(reader);
        libc::close(writer);
        readable
    }
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

/// Gives a mapping back. False: [`errno`] says why, and the mapping stays.
///
/// # Safety
/// The range is a whole mapping from [`map`], and nothing uses it from here on.
pub(crate) unsafe fn unmap(address: *mut c_void, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(address, size) == 0 }
}

/// Allocates `size` bytes, uninitialised and aligned to 16.
pub(crate) fn allocate(size: usize) -> Option<NonNull<c_void>> {
    // SAFETY: malloc has no preconditions.
    NonNull::new(unsafe { libc::malloc(size) })
}

/// Frees what [`allocate`] gave; NULL is let through.
///
/// # Safety
/// `address` came from there and is not used from here on.
pub(crate) unsafe fn free(address: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(address) }
}

/// A function that handles a signal, with what the kernel knows of it.
pub(crate) type SignalHandler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Has `handler` called for `signal`, on the thread's signal stack, unless it is None; stores what was
/// done before at `before`, unless NULL. False: [`errno`] says why.
///
/// # Safety
/// `before` is NULL or writable.
pub(crate) unsafe fn signal_action(
    signal: c_int,
    handler: Option<SignalHandler>,
    before: *mut libc::sigaction,
) -> bool {
    // SAFETY: the caller's promise; all zero is an action.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let new = match handler {
            Some(handler) => {
                action.sa_sigaction = handler as usize;
                &raw const action
            }
            None => ptr::null(),
        };
        libc::sigaction(signal, new, before) == 0
    }
}

/// Sets the action for `signal` back.
///
/// # Safety
/// `action` is from [`signal_action`].
pub(crate) unsafe fn restore_action(signal: c_int, action: *const libc::sigaction) {
    // SAFETY: the caller's promise.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

/// What the kernel takes of a stack to deliver a signal, in bytes (AT_MINSIGSTKSZ).
pub(crate) fn least_signal_stack() -> usize {
    const AT_MINSIGSTKSZ: libc::c_ulong = 51;
    // SAFETY: getauxval has no preconditions; 0 where the kernel does not say.
    unsafe { libc::getauxval(AT_MINSIGSTKSZ) as usize }
}

/// This thread's signal stack; None: it has none.
fn signal_stack() -> Option<libc::stack_t> {
    // SAFETY: all zero is one; the call writes it.
    unsafe {
        let mut stack: libc::stack_t = core::mem::zeroed();
        (libc::sigaltstack(ptr::null(), &mut stack) == 0 && stack.ss_flags & libc::SS_DISABLE == 0)
            .then_some(stack)
    }
}

/// Has this thread a signal stack?
pub(crate) fn has_signal_stack() -> bool {
    signal_stack().is_some()
}

/// Gives this thread a signal stack of `size` bytes. False: [`errno`] says why.
pub(crate) fn set_signal_stack(memory: *mut c_void, size: usize) -> bool {
    let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: size };
    // SAFETY: the memory is the caller's, and stays.
    unsafe { libc::sigaltstack(&stack, ptr::null_mut()) == 0 }
}

/// Takes the signal stack at `memory` off this thread, unless the thread has another by now. False: it is
/// on it.
pub(crate) fn take_signal_stack_off(memory: *mut c_void) -> bool {
    let Some(stack) = signal_stack() else { return true };
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: only forgets.
    stack.ss_sp != memory || unsafe { libc::sigaltstack(&none, ptr::null_mut()) == 0 }
}

/// Lets other threads run first.
pub(crate) fn let_others_run() {
    // SAFETY: sched_yield has no preconditions.
    unsafe { libc::sched_yield() };
}

/// Sends this thread a signal; one that is blocked waits.
pub(crate) fn raise(signal: c_int) {
    // SAFETY: raise has no preconditions.
    unsafe { libc::raise(signal) };
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
