//! The program's calls that block, on threads of their own.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::job::Class;
use super::threads::{call, no_cleanup};
use crate::rt::base::parker::WaitMode;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// The program's call.
struct Call {
    function: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
    result: *mut c_void,
    errno: c_int,
}

unsafe fn make_call(call: *mut c_void) {
    let call: *mut Call = call.cast();
    // SAFETY: the program has promised that the function can be called.
    unsafe {
        sys::set_errno(0);
        (*call).result = ((*call).function)((*call).argument);
        (*call).errno = sys::errno();
    }
}

/// Calls the program's `function` on a thread where it may block; gives its result, and leaves its errno.
/// In a plain thread it is called at once. EFAULT: `argument` is on a shared stack.
///
/// # Safety
/// It can be called, on any thread.
pub(crate) unsafe fn run(
    function: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> Result<*mut c_void> {
    if Worker::is_on_shared_stack(argument) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller's promise; the call's memory stays until it is over: it cannot be given up.
    unsafe {
        if task::current().is_null() {
            return Ok(function(argument));
        }
        let place: *mut Call =
            sys::allocate(size_of::<Call>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
        place.write(Call { function, argument, result: ptr::null_mut(), errno: 0 });
        let outcome = call(
            Class::User,
            make_call,
            no_cleanup,
            place.cast(),
            WaitMode::Uninterruptible,
            Deadline::NEVER,
        );
        let Call { result, errno, .. } = place.read();
        sys::free(place.cast());
        outcome?;
        sys::set_errno(errno);
        Ok(result)
    }
}
