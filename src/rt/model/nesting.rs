//! The nesting of groups: a group is inside the group of the task that has opened it.
//!
//! All groups of a runtime are in one list, each as two brackets (`nested_list`):
//!
//! ```text
//!   runtime.groups ─> main ( A ( B ( ) C ( ) ) D ( ) )   main' ( )
//!
//!   A task of main has opened A and D. Tasks of A have opened B and C.
//!   A is freed:       main ( B ( ) C ( ) D ( ) )   main' ( )
//! ```
//!
//! The invariants continue those of `group`:
//!
//! * NG1. The runtime's lock guards the list. The order of locks is T6.
//! * NG2. The brackets of a group enclose those of all groups inside it, at any depth. A group that is freed leaves the
//!   groups inside it to the group around it.
//! * NG3. A group in the list is live, and so are the tasks in its list. It leaves the list before they are freed.
//! * NG4. Cancellation is one walk under the runtime's lock, which sets `is_cancelled` of each group that it visits. A
//!   group opens under the same lock. So the walk visits the new group, or the new group finds the one around it
//!   cancelled (`starts_cancelled`).

use super::group::Group;
use super::group_timer::GroupTimer;
use super::runtime::Runtime;
use super::task::Task;
use crate::rt::base::{Brackets, NestedList};

/// Inserts `group` inside `outer`, or inside no group if that is null.
///
/// # Safety
/// The lock of the runtime is held. `outer` is null or in its list. `group` is in no list, and leaves it before it is
/// freed.
pub(crate) unsafe fn insert(outer: *mut Group, group: *mut Group) {
    // SAFETY: the list is locked (NG1). A group in it is live (NG3).
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

/// Takes `group` out of the list (NG2). Returns its timer, which it loses: the caller releases it.
///
/// # Safety
/// `group` is in the list of its runtime. The caller does not hold the runtime's lock.
pub(crate) unsafe fn remove(group: *mut Group) -> *mut GroupTimer {
    // SAFETY: a group in the list is live (NG3), and so is its runtime. The list is locked.
    unsafe {
        let _guard = (*(*group).runtime).lock.guard();
        Brackets::remove(&raw mut (*group).brackets);
        GroupTimer::detach(group)
    }
}

/// Returns the first group of `runtime`, which no other thread uses any more; null if it has none.
pub(crate) fn first(runtime: &Runtime) -> *mut Group {
    runtime.groups.first()
}

/// Returns true if a group that `opener` opens is cancelled, as the opener's group is (NG4). An opener that has masked
/// cancellation opens a group that is not. The group of a main task takes new tasks after it was cancelled: there only
/// an opener that was cancelled itself opens a cancelled group.
///
/// # Safety
/// The lock of the runtime is held. `opener` runs on this thread.
pub(crate) unsafe fn starts_cancelled(opener: &Task) -> bool {
    let parker = &opener.parker;
    // SAFETY: the group of a running task is live.
    unsafe {
        let around = opener.group;
        let applies = if (*around).is_main { parker.is_cancelled() } else { !parker.is_masked() };
        (*around).is_cancelled && applies
    }
}

/// Calls `visit` for `group` and for each group inside it, at any depth.
///
/// # Safety
/// `group` is in the list of its runtime, whose lock is held.
pub(crate) unsafe fn for_each_within(group: *mut Group, visit: &mut dyn FnMut(*mut Group)) {
    // SAFETY: the list is locked (NG1).
    unsafe { Brackets::for_each_within(&raw mut (*group).brackets, visit) }
}

/// Returns the group of a main task that `group` is, or is inside; null if there is none.
///
/// # Safety
/// `group` is in the list of its runtime, whose lock is held.
pub(crate) unsafe fn main_of(group: *mut Group) -> *mut Group {
    let mut found = core::ptr::null_mut();
    // SAFETY: the list is locked (NG1). A group in it is live (NG3), and so is its runtime.
    unsafe {
        (*(*group).runtime).groups.for_each(&mut |outer| {
            if (*outer).is_main {
                for_each_within(outer, &mut |inner| {
                    if inner == group {
                        found = outer;
                    }
                });
            }
        });
    }
    found
}

impl Runtime {
    /// Calls `visit` for each task of each group, under the locks of the runtime and of the group. `visit` does not
    /// wait.
    pub(crate) fn for_each_task(&self, visit: &mut dyn FnMut(*mut Task)) {
        let _guard = self.lock.guard();
        // SAFETY: the list is locked (NG1). A group in it is live (NG3).
        unsafe { self.groups.for_each(&mut |group| (*group).for_each(visit)) };
    }
}
