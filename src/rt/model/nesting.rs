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
//! 1. The runtime's lock is for the list. The order of locks is: the runtime's, a group's, none; a wake comes after
//!    both.
//! 2. The brackets of a group enclose those of all groups inside it, at any depth. A group comes and goes in a fixed
//!    number of steps: one that goes leaves its groups to the group around it.
//! 3. A walk from bracket to bracket visits a group and all inside it. It neither recurses nor allocates.
//! 4. A group in the list exists, and so do the tasks in it: it leaves the list before they are freed.
//! 5. Cancellation is one walk under the runtime's lock. So it reaches a group that a task opens meanwhile, or comes
//!    first, and the group around the new one says so.

use super::group::Group;
use super::runtime::Runtime;
use super::task::Task;
use crate::rt::base::nested_list::{Brackets, NestedList};

/// Puts `group` inside `outer`; NULL: inside none.
///
/// # Safety
/// The runtime's lock is held; `outer` is one of its groups, and `group` in no list.
pub(crate) unsafe fn insert(outer: *mut Group, group: *mut Group) {
    // SAFETY: the caller's promise.
    unsafe {
        let brackets = &raw mut (*group).brackets;
        match outer.as_mut() {
            Some(outer) => Brackets::insert_inside(&raw mut outer.brackets, brackets, group),
            None => {
                NestedList::push_front(&raw mut (*(*group).runtime).groups, brackets, group);
            }
        }
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
        Brackets::remove(&raw mut (*group).brackets);
    }
}

/// The first group of `runtime`, in which no other thread is any more; NULL: it has none.
pub(crate) fn first(runtime: &Runtime) -> *mut Group {
    runtime.groups.first()
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
    // SAFETY: the list is locked.
    unsafe { Brackets::for_each_within(&raw mut (*group).brackets, visit) }
}

impl Runtime {
    /// Calls `visit` for each task. Locks are held meanwhile: it must not wait.
    pub(crate) fn for_each_task(&self, visit: &mut dyn FnMut(*mut Task)) {
        let _guard = self.lock.guard();
        // SAFETY: the list is locked; a group that is visited exists.
        unsafe { self.groups.for_each(&mut |group| (*group).for_each(visit)) };
    }
}
