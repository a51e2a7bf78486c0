//! acort_watch_next(): one event of an inotify(7) descriptor.
//!
//! read(2) gives as many events as the buffer takes, and fails with EINVAL if it takes none. So a read of the size of
//! the next event gives that event alone. The call begins with the size of an event without a name. The system pads
//! names to multiples of that size, which the call adds after EINVAL.

use core::ffi::c_int;

use super::rw;
use crate::rt::model::abi::acort_watch_event_t;
use crate::rt::os::{Deadline, Result};
use crate::sanitizer;

/// The size of an event without a name.
const HEADER: usize = size_of::<libc::inotify_event>();

const _: () = assert!(size_of::<acort_watch_event_t>() == HEADER + libc::NAME_MAX as usize + 1);

/// Takes the next event. Errors: `EINVAL` if the descriptor gives something else; those of [`rw::read`].
///
/// # Safety
/// `event` is writable.
pub(crate) unsafe fn next(
    fd: c_int,
    event: *mut acort_watch_event_t,
    deadline: Deadline,
) -> Result<()> {
    let mut size = HEADER;
    // SAFETY: `event` is writable for `size` bytes. All bytes of it are a valid event.
    unsafe {
        let count = loop {
            match rw::read(fd, event.cast(), size, deadline) {
                Err(libc::EINVAL) if size < size_of::<acort_watch_event_t>() => size += HEADER,
                outcome => break outcome?,
            }
        };
        // Other bytes have another length, and zeros are no event.
        if count < HEADER || count - HEADER != (*event).len as usize || (*event).mask == 0 {
            return Err(libc::EINVAL);
        }
        if count == HEADER {
            (*event).name = [0; libc::NAME_MAX as usize + 1];
        }
        sanitizer::unpoison(event.cast(), size_of::<acort_watch_event_t>());
    }
    Ok(())
}
