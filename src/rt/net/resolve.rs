//! getaddrinfo(3): numeric addresses directly, names on a thread of the blocking pool.

use core::ffi::{c_char, c_int};
use core::{mem, ptr};

use crate::rt::blocking::job::Class;
use crate::rt::blocking::run::{Cancel, run};
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// A query for the resolver, and its answer. It owns everything that it points at.
struct Query {
    node: *mut c_char,
    service: *mut c_char,
    hints: Option<libc::addrinfo>,
    code: c_int,
    found: *mut libc::addrinfo,
}

impl Query {
    /// Copies the arguments of a call.
    ///
    /// # Safety
    /// As [`getaddrinfo`].
    unsafe fn new(
        node: *const c_char,
        service: *const c_char,
        hints: *const libc::addrinfo,
    ) -> Result<Query> {
        // SAFETY: each is NULL or as getaddrinfo(3) asks.
        unsafe {
            let mut query = Query {
                node: os::strdup(node)?,
                service: ptr::null_mut(),
                hints: hints.as_ref().copied(),
                code: -1,
                found: ptr::null_mut(),
            };
            query.service = os::strdup(service)?;
            Ok(query)
        }
    }

    fn ask(&mut self) {
        let hints = self.hints.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the copies end in 0, or are NULL.
        unsafe { self.code = libc::getaddrinfo(self.node, self.service, hints, &mut self.found) }
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        // SAFETY: the list and the copies are this object's alone.
        unsafe {
            if self.code == 0 && !self.found.is_null() {
                libc::freeaddrinfo(self.found);
            }
            sys::free(self.node.cast());
            sys::free(self.service.cast());
        }
    }
}

/// getaddrinfo(3). Returns its code. Numeric addresses need no thread.
///
/// Errors: `ETIMEDOUT` and `ECANCELED`: the name was not resolved in time; those of [`run`].
///
/// # Safety
/// As getaddrinfo(3).
pub(crate) unsafe fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the arguments are as getaddrinfo(3) asks; all zero is an addrinfo.
    unsafe {
        let mut numeric = hints.as_ref().copied().unwrap_or(mem::zeroed());
        numeric.ai_flags |= libc::AI_NUMERICHOST | libc::AI_NUMERICSERV;
        match libc::getaddrinfo(node, service, &numeric, found) {
            libc::EAI_NONAME if deadline.has_passed() => Err(libc::ETIMEDOUT),
            libc::EAI_NONAME if task::current().is_null() => {
                Ok(libc::getaddrinfo(node, service, hints, found))
            }
            libc::EAI_NONAME => resolve_on_pool(node, service, hints, found, deadline),
            code => Ok(code),
        }
    }
}

/// Resolves names on a thread of the pool. Sets errno as that thread did, for `EAI_SYSTEM`.
///
/// # Safety
/// As [`getaddrinfo`]. This is a task.
unsafe fn resolve_on_pool(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the arguments are as getaddrinfo(3) asks. A query refers to nothing of the caller's.
    unsafe {
        let query = Query::new(node, service, hints)?;
        let (mut query, errno) = run(Class::Resolve, Cancel::Anytime(deadline), query, Query::ask)?;
        *found = mem::replace(&mut query.found, ptr::null_mut());
        let code = query.code;
        drop(query);
        sys::set_errno(errno);
        Ok(code)
    }
}
