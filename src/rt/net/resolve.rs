//! getaddrinfo(3): what is a number at once, names, which block, on another thread.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use crate::rt::base::parker::WaitMode;
use crate::rt::blocking::job::Class;
use crate::rt::blocking::threads;
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// A question, and what is made of it. Everything in it is its own.
struct Question {
    node: *mut c_char,
    service: *mut c_char,
    hints: libc::addrinfo,
    has_hints: bool,
    code: c_int,
    errno: c_int,
    found: *mut libc::addrinfo,
}

unsafe fn ask(question: *mut c_void) {
    let question: *mut Question = question.cast();
    // SAFETY: the question is this call's.
    unsafe {
        let hints = if (*question).has_hints { &raw const (*question).hints } else { ptr::null() };
        let (node, service) = ((*question).node, (*question).service);
        (*question).code = libc::getaddrinfo(node, service, hints, &raw mut (*question).found);
        (*question).errno = sys::errno();
    }
}

unsafe fn discard(question: *mut c_void) {
    let question: *mut Question = question.cast();
    // SAFETY: as in `ask`: nobody else has it.
    unsafe {
        if (*question).code == 0 && !(*question).found.is_null() {
            libc::freeaddrinfo((*question).found);
        }
        sys::free((*question).node.cast());
        sys::free((*question).service.cast());
        sys::free(question.cast());
    }
}

unsafe fn copy(text: *const c_char) -> Result<*mut c_char> {
    if text.is_null() {
        return Ok(ptr::null_mut());
    }
    // SAFETY: the caller's promise: it ends in 0.
    unsafe { os::copy_text(text) }.map(|copy| copy.as_ptr()).ok_or(libc::ENOMEM)
}

/// getaddrinfo(3): its code. Numbers need no thread. ETIMEDOUT, ECANCELED: a name was waited for in vain, or not asked
/// for, since the deadline had passed before.
///
/// # Safety
/// As there.
pub(crate) unsafe fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the caller's promise; all zero is an addrinfo.
    unsafe {
        let mut of_numbers = hints.as_ref().copied().unwrap_or(core::mem::zeroed());
        of_numbers.ai_flags |= libc::AI_NUMERICHOST | libc::AI_NUMERICSERV;
        match libc::getaddrinfo(node, service, &of_numbers, found) {
            libc::EAI_NONAME if deadline.has_passed() => Err(libc::ETIMEDOUT),
            libc::EAI_NONAME if task::current().is_null() => {
                Ok(libc::getaddrinfo(node, service, hints, found))
            }
            libc::EAI_NONAME => ask_elsewhere(node, service, hints, found, deadline),
            code => Ok(code),
        }
    }
}

unsafe fn ask_elsewhere(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the caller's promise; all zero is a question.
    unsafe {
        let place = os::allocate_zeroed::<Question>().ok_or(libc::ENOMEM)?.as_ptr();
        (*place).code = -1;
        let copied = copy(node).and_then(|copied| {
            (*place).node = copied;
            (*place).service = copy(service)?;
            Ok(())
        });
        if let Some(hints) = hints.as_ref() {
            (*place).hints = *hints;
            (*place).has_hints = true;
        }
        let asked = copied.and_then(|()| {
            let mode = WaitMode::Cancellable;
            threads::call(Class::Resolve, ask, discard, place.cast(), mode, deadline)
        });
        match asked {
            Ok(()) => {}
            // What is given up is discarded.
            Err(error @ (libc::ETIMEDOUT | libc::ECANCELED)) => return Err(error),
            Err(error) => {
                discard(place.cast());
                return Err(error);
            }
        }
        let code = (*place).code;
        *found = core::mem::replace(&mut (*place).found, ptr::null_mut());
        sys::set_errno((*place).errno);
        discard(place.cast());
        Ok(code)
    }
}
