//! The process: its page size, its id, its output, its abort.

use core::ffi::c_int;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::errno::{errno, set_errno};

/// The result of [`page_size`]. 0: not asked for yet.
#[unsafe(link_section = "aco_shared")]
static PAGE_SIZE: AtomicUsize = AtomicUsize::new(0);

/// The size of a memory page, in bytes: a power of two.
pub(crate) fn page_size() -> usize {
    if let Some(known) = known_page_size() {
        return known;
    }
    // SAFETY: sysconf has no preconditions.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    PAGE_SIZE.store(size, Ordering::Relaxed);
    size
}

/// As [`page_size`], without a call. None: it was not asked for yet.
#[inline(always)]
pub(crate) fn known_page_size() -> Option<usize> {
    let known = PAGE_SIZE.load(Ordering::Relaxed);
    (known != 0).then_some(known)
}

/// The id of this process.
pub(crate) fn process_id() -> u32 {
    // SAFETY: getpid has no preconditions.
    unsafe { libc::getpid() as u32 }
}

/// Writes all of `text` to a file descriptor with write(2), without a lock or an allocation. Returns false on failure:
/// see [`errno`].
pub(crate) fn write_all(file: c_int, mut text: &[u8]) -> bool {
    while !text.is_empty() {
        // SAFETY: `text` is valid for reads of its length.
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
