//! How groups nest: a group is inside the one that its opener is in.
//!
//! All groups of a runtime stand in one list, each as two brackets:
//!
//! ```text
//!   runtime.groups ─> main ( A ( B ( ) C ( ) ) D ( ) )   main' ( )
//!
//!   A task of main has opened A and D, tasks of A have opened B and C.
//!   A is freed:       main ( B ( ) C ( ) D ( ) )   main' ( )
//! ```
//!
//! 1. The runtime's lock is for the list. The order of locks is: the runtime's, a group's, none; a wake comes after both.
//! 2. The brackets of a group enclose those of all groups inside it, at any depth. A group comes and goes in a fixed
//!    number of steps: one that goes leaves its groups to the group around it.
//! 3. A walk from bracket to bracket visits a group and all inside it. It neither recurses nor allocates.
//! 4. A group in the list exists, and so do the tasks in it: it leaves the list before they are freed.
//! 5. Cancellation is one walk under the runtime's lock. So it reaches a group that a task opens meanwhile, or comes first,
//!    and the group around the new one says so.

use core::ptr;

use super::group::Group;
use super::runtime::Runtime;
use super::task::Task;
use crate::rt::base::lock::Aliased;

/// Where a group begins or ends in the list; all zero: the head of an empty list.
#[repr(C)]
pub(crate) struct Bracket {
    next: *mut Bracket,
    previous: *mut Bracket,
    /// The group that begins here; NULL: one ends here, or it is the head.
    group: *mut Group,
    _aliased: Aliased,
}

/// The two of a group.
#[repr(C)]
pub(crate) struct Brackets {
    begin: Bracket,
    end: Bracket,
}

impl Bracket {
    /// Puts `new` behind this one.
    unsafe fn put_behind(this: *mut Bracket, new: *mut Bracket) {
        // SAFETY: the caller's promise: this one is in the list, which is locked, and the new one in none.
        unsafe {
            let next = (*this).next;
            (*new).next = next;
            (*new).previous = this;
            (*this).next = new;
            if let Some(next) = next.as_mut() {
                next.previous = new;
            }
        }
    }

    /// Takes this one out; it is not the head.
    unsafe fn remove(this: *mut Bracket) {
        // SAFETY: the caller's promise: it is in the list, which is locked, behind another one.
        unsafe {
            let (next, previous) = ((*this).next, (*this).previous);
            (*previous).next = next;
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
        }
    }
}

/// Puts `group` inside `outer`; NULL: inside none.
///
/// # Safety
/// The runtime's lock is held; `outer` is one of its groups, and `group` in no list.
pub(crate) unsafe fn insert(outer: *mut Group, group: *mut Group) {
    // SAFETY: the caller's promise.
    unsafe {
        let place = match outer.as_mut() {
            Some(outer) => &raw mut outer.brackets.begin,
            None => &raw mut (*(*group).runtime).groups,
        };
        let brackets = &raw mut (*group).brackets;
        (*brackets).begin.group = group;
        Bracket::put_behind(place, &raw mut (*brackets).begin);
        Bracket::put_behind(&raw mut (*brackets).begin, &raw mut (*brackets).end);
    }
}

/// Takes `group` out: what is inside it is inside the one around it from here on.
///
/// # Safety
/// The group is in the list of its runtime, whose lock is not held.
pub(crate) unsafe fn remove(group: *mut Group) {
    // SAFETY: the caller's promise.
    unsafe {
        let _guard = (*(*group).runtime).lock.guard();
        Bracket::remove(&raw mut (*group).brackets.begin);
        Bracket::remove(&raw mut (*group).brackets.end);
    }
}

/// Calls `visit` for each group of `runtime`. The runtime's lock is held meanwhile.
pub(crate) fn for_each(runtime: &Runtime, visit: &mut dyn FnMut(*mut Group)) {
    let _guard = runtime.lock.guard();
    // SAFETY: the list is locked; what is in it exists.
    unsafe { walk(runtime.groups.next, ptr::null(), visit) }
}

/// The first group of `runtime`, in which no other thread is any more; NULL: it has none.
pub(crate) fn first(runtime: &Runtime) -> *mut Group {
    // SAFETY: what is in the list exists, and begins with a group.
    unsafe { runtime.groups.next.as_ref() }.map_or(ptr::null_mut(), |first| first.group)
}

/// From one bracket to another one, which is behind it.
unsafe fn walk(mut from: *mut Bracket, to: *const Bracket, visit: &mut dyn FnMut(*mut Group)) {
    // SAFETY: the caller's promise: the list is locked.
    unsafe {
        while from.cast_const() != to {
            if !(*from).group.is_null() {
                visit((*from).group);
            }
            from = (*from).next;
        }
    }
}

/// Is a group that `opener` opens cancelled, since its own is? Not where it has masked cancellation, and of those in a
/// main task's group, which goes on, not where it was not meant itself.
///
/// # Safety
/// The runtime's lock is held; the opener runs here.
pub(crate) unsafe fn starts_cancelled(opener: &Task) -> bool {
    let parker = &opener.parker;
    // SAFETY: the opener's group exists.
    unsafe {
        let around = opener.group;
        let is_meant = if (*around).is_main { parker.is_cancelled() } else { !parker.is_masked() };
        (*around).is_cancelled && is_meant
    }
}

/// Calls `visit` for `group` and for each group inside it, at any depth.
///
/// # Safety
/// The group is in the list of its runtime, whose lock is held.
pub(crate) unsafe fn for_each_within(group: *mut Group, visit: &mut dyn FnMut(*mut Group)) {
    // SAFETY: the list is locked; its end comes behind its beginning (2).
    unsafe {
        let brackets = &raw mut (*group).brackets;
        walk(&raw mut (*brackets).begin, &raw const (*brackets).end, visit);
    }
}
