//! Deadline scopes: a deadline for all waits in a block of the program.

use core::ffi::c_int;

use super::{non_null, status, try_answer};
use crate::rt::base::size_prefixed;
use crate::rt::model::caller::Caller;
use crate::rt::os::Deadline;
use crate::rt::park::scope;

/// Opens a scope: until acort_deadline_pop(), no wait of the calling task or thread lasts longer
/// than `until`. A call in the scope has the nearest of three deadlines: its own, that of the scope,
/// and those of the scopes around. At that time it ends as at its own: it tries once more, then
/// fails with ETIMEDOUT. ACORT_NEVER adds no limit; with 0 the calls do not wait.
///
/// A scope is for all cancellation points but acort_yield(), and for acort_listen(). It is not for
/// calls that no cancellation ends: acort_group_close(), acort_blocking(), and the lock that
/// acort_cond_wait() takes again. The task's own frames are its only record: `outer` has what
/// acort_deadline_pop() restores. Tasks that are started in a scope are not in it; pass them
/// acort_deadline(), or give it to their group by acort_group_deadline().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `until` is negative and not ACORT_NEVER, or `outer` is NULL.
/// - `ENOMEM` if there is no memory, in a task that has had no scope.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_deadline_push(until: i64, outer: *mut i64) -> c_int {
    let pushed = non_null(outer).and_then(|_| scope::push(Caller::current(), Deadline::at(until)));
    // SAFETY: `outer` is not NULL, so it is writable.
    status(pushed.map(|deadline| unsafe { size_prefixed::write_if_some(outer, deadline.as_i64()) }))
}

/// Ends the scope for which acort_deadline_push() has written `outer`, and those inside it. The
/// caller is the one that has opened it. Does not change `errno` without an error.
///
/// # Returns
/// 1 if the deadline of the scope, or of one around it, has passed; 0 if not; or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `outer` is NULL, or has what no scope around has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_deadline_pop(outer: *mut i64) -> c_int {
    // SAFETY: `outer` is not NULL, so it is readable.
    try_answer(|| unsafe {
        let outer = Deadline::at(non_null(outer)?.read());
        scope::pop(Caller::current(), outer).map(c_int::from)
    })
}

/// Returns the nearest deadline of the caller's scopes, for tasks and for other libraries.
///
/// # Returns
/// The deadline. ACORT_NEVER outside of scopes.
#[unsafe(no_mangle)]
pub extern "C" fn acort_deadline() -> i64 {
    scope::nearest(Caller::current()).as_i64()
}

/// Evaluates whether the nearest deadline of the caller's scopes has passed: what a loop that computes
/// asks from time to time.
///
/// # Returns
/// 1 or 0. 0 outside of scopes.
#[unsafe(no_mangle)]
pub extern "C" fn acort_deadline_passed() -> c_int {
    scope::nearest(Caller::current()).has_passed().into()
}
