//! The system's calls that the runtime makes beyond those of `sys`, each wrapped once. Those that each
//! system has in its own way have a file each.

use core::ffi::c_int;
use core::fmt::{self, Formatter};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicU32;

use crate::{diag, sanitizer, sys};

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
mod linux_epoll;
#[cfg(target_os = "macos")]
mod macos;
pub(crate) mod poller;
#[cfg(target_os = "linux")]
mod processors;
mod refused;
#[cfg(target_os = "linux")]
mod text_file;
mod threads;

pub(crate) use crate::sys::errno_place;
#[cfg(not(target_os = "linux"))]
use libc::fstat;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    WakeFds, accept, close_and_keep_number, futex_wait, futex_wake_one, thread_count,
};
#[cfg(target_os = "linux")]
use linux::{fstat, poll_files};
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use linux_epoll::{epoll_create, epoll_wait_fallback};
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    Processors, WakeFds, accept, close_and_keep_number, futex_wait, futex_wake_one, pin_to,
    thread_count, usable_processors,
};
#[cfg(target_os = "linux")]
pub(crate) use processors::{Processors, pin_to, usable_processors};
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use refused::Fallback;
pub(crate) use refused::{Call, broken, is_refusal, report, report_errno};
pub(crate) use threads::{
    block_signals, detach_thread, join_thread, name_thread, set_signal_mask, set_thread_name,
    signal_mask, signals_to_block, start_thread,
};

/// A word that threads sleep on, in a line.
impl diag::Subject for AtomicU32 {
    unsafe fn describe(_: *const AtomicU32, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
impl diag::Subject for WakeFds {
    unsafe fn describe(_: *const WakeFds, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

const NANOSECONDS: i64 = 1_000_000_000;

/// Nanoseconds of CLOCK_MONOTONIC.
pub(crate) fn now() -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the call writes the time; all zero is one.
    let time = unsafe {
        if libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) != 0 {
            no_clock()
        }
        time.assume_init()
    };
    time.tv_sec * NANOSECONDS + time.tv_nsec
}

#[cold]
#[inline(never)]
fn no_clock() -> ! {
    broken(ptr::null::<AtomicU32>(), "clock_gettime")
}

/// `nanoseconds`, not negative, as the system takes them.
pub(crate) fn timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanoseconds / NANOSECONDS, tv_nsec: nanoseconds % NANOSECONDS }
}

/// poll(2).
///
/// # Safety
/// As there.
#[cfg(not(target_os = "linux"))]
unsafe fn poll_files(files: *mut libc::pollfd, count: usize, limit: c_int) -> c_int {
    // SAFETY: so many structs are at `files`.
    unsafe { libc::poll(files, count as libc::nfds_t, limit) }
}

/// poll(2), until `deadline`. Gives how many are ready; none, too, where a signal comes.
pub(crate) fn poll(files: &mut [libc::pollfd], deadline: i64) -> Result<usize> {
    let limit = milliseconds_until(deadline);
    // A tool's poll looks at them, which the library has written.
    sanitizer::is_written(files.as_mut_ptr().cast(), size_of_val(files));
    // SAFETY: so many structs.
    let found = unsafe { poll_files(files.as_mut_ptr(), files.len(), limit) };
    match usize::try_from(found) {
        Ok(found) => Ok(found),
        _ if sys::errno() != libc::EINTR => Err(report_errno(Call::Poll)),
        _ if limit == 0 => poll(files, 0),
        _ => Ok(0),
    }
}

/// What the system says of a file.
pub(crate) fn file_status(fd: c_int) -> Result<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the status is written on success.
    unsafe {
        match fstat(fd, status.as_mut_ptr()) {
            0 => Ok(status.assume_init()),
            _ => Err(report_errno(Call::Fstat)),
        }
    }
}

/// The sort of a file: S_IFREG ...
pub(crate) fn file_type(fd: c_int) -> Result<libc::mode_t> {
    Ok(file_status(fd)?.st_mode & libc::S_IFMT)
}

/// Returns true for files of a sort that no poller takes: they are always ready.
pub(crate) fn is_always_ready(sort: libc::mode_t) -> bool {
    matches!(sort, libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK)
}

/// Returns true if a poller's EPERM for `fd` is the file's own answer, and no refusal of the call (S4 of `refused`).
/// Devices that cannot be polled, such as /dev/null, are ready both ways for poll(2).
#[cold]
pub(crate) fn is_never_polled(fd: c_int) -> bool {
    const BOTH: i16 = libc::POLLIN | libc::POLLOUT;
    match file_type(fd) {
        Ok(libc::S_IFCHR) => {
            let mut file = [libc::pollfd { fd, events: BOTH, revents: 0 }];
            poll(&mut file, 0).is_ok() && file.iter().all(|file| file.revents & BOTH == BOTH)
        }
        Ok(sort) => is_always_ready(sort),
        Err(_) => false,
    }
}

/// close(2), after which the number is free whatever it says of a signal.
pub(crate) fn close(fd: c_int) -> Result<()> {
    // SAFETY: a number of the program's.
    match unsafe { libc::close(fd) } {
        0 => Ok(()),
        _ if sys::errno() == libc::EINTR => Ok(()),
        _ => Err(sys::errno()),
    }
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// pthread_cancel(3) does not end this thread from here on. Gives how it was, for [`restore_cancellation`].
pub(crate) fn disable_cancellation() -> c_int {
    // It is 0 on macOS, and 1 elsewhere.
    const DISABLE: c_int = if cfg!(target_os = "macos") { 0 } else { 1 };
    let mut before = 0;
    // SAFETY: the place is writable.
    unsafe { pthread_setcancelstate(DISABLE, &mut before) };
    before
}

/// See [`disable_cancellation`].
pub(crate) fn restore_cancellation(before: c_int) {
    let mut now = 0;
    // SAFETY: the place is writable.
    unsafe { pthread_setcancelstate(before, &mut now) };
}

/// Has `deadline` passed? 0: always; negative: never.
pub(crate) fn has_passed(deadline: i64) -> bool {
    deadline == 0 || deadline > 0 && now() >= deadline
}

/// What poll(2) takes for a deadline: milliseconds, rounded up; 0: do not wait; negative: never.
fn milliseconds_until(deadline: i64) -> c_int {
    const MILLISECOND: i64 = 1_000_000;
    match deadline {
        0 => 0,
        ..0 => -1,
        _ => {
            let left = deadline.saturating_sub(now()).max(0);
            c_int::try_from((left + MILLISECOND - 1) / MILLISECOND).unwrap_or(c_int::MAX)
        }
    }
}

/// A zeroed object; free it with `sys::free`. None: there is no memory.
pub(crate) fn allocate_zeroed<T>() -> Option<NonNull<T>> {
    // SAFETY: calloc has no preconditions.
    NonNull::new(unsafe { libc::calloc(1, size_of::<T>()) }.cast())
}

/// Zeroed memory for `count` objects. None: there is no memory.
pub(crate) fn allocate_array<T>(count: usize) -> Option<NonNull<T>> {
    // SAFETY: as in `allocate_zeroed`.
    NonNull::new(unsafe { libc::calloc(count, size_of::<T>()) }.cast())
}

/// `memory`, grown to `count` objects; where that fails it stays as it is.
///
/// # Safety
/// `memory` is NULL or came from malloc.
pub(crate) unsafe fn grow<T>(memory: *mut T, count: usize) -> Option<NonNull<T>> {
    let size = count.checked_mul(size_of::<T>())?;
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { libc::realloc(memory.cast(), size) }.cast())
}

/// An option of a socket, of those at SOL_SOCKET that are one number.
pub(crate) fn socket_option(fd: c_int, option: c_int) -> Result<c_int> {
    let (mut value, mut size): (c_int, _) = (0, size_of::<c_int>() as libc::socklen_t);
    // A tool's getsockopt looks at it; the stack here may have been another's.
    sanitizer::is_written((&raw mut size).cast(), size_of::<libc::socklen_t>());
    // SAFETY: the option has that size.
    let answer = unsafe {
        let place = (&raw mut value).cast();
        libc::getsockopt(fd, libc::SOL_SOCKET, option, place, &mut size)
    };
    if answer == 0 { Ok(value) } else { Err(sys::errno()) }
}

/// A copy of `text`, from malloc. None: there is no memory.
///
/// # Safety
/// `text` ends in 0.
pub(crate) unsafe fn copy_text(
    text: *const core::ffi::c_char,
) -> Option<NonNull<core::ffi::c_char>> {
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { libc::strdup(text) })
}

/// Writes all of `text` to `fd`, as far as that takes it.
pub(crate) fn write_all(fd: c_int, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        // SAFETY: `text` is readable for its length.
        let written = unsafe { libc::write(fd, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => text = text.get(written..).unwrap_or_default(),
            _ if sys::errno() == libc::EINTR => {}
            _ => return false,
        }
    }
    true
}

/// The result of a call, or its errno.
pub(crate) type Result<T> = core::result::Result<T, c_int>;
