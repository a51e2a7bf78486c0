//! Groups that tasks open and free while the group around them is cancelled.

use std::ptr;

use loom::thread;

use crate::rt::model::group::Group;
use crate::rt::model::group_timer::GroupTimer;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os;
use crate::rt::sched::{group, group_deadline};
use crate::workers::{of, runtime};
use crate::{Shared, check};

/// Opens a group inside the group of `opener`; null: the group of a main task.
fn opened(runtime: Shared<Runtime>, opener: *mut Task) -> Shared<Group> {
    // SAFETY: the opener is never freed.
    let group =
        unsafe { group::open(runtime.raw(), opener, opener.is_null()) }.expect("there is memory");
    Shared::of(group.as_ptr())
}

/// Adds a task to `group`.
fn task_in(runtime: Shared<Runtime>, group: Shared<Group>) -> Shared<Task> {
    let task = Shared::new(Task::new(of(runtime, 0)));
    task.has_finished();
    task.parker.is_cancelled();
    // SAFETY: no other thread knows the task.
    unsafe { (*group.raw()).add(task.raw()) };
    task
}

/// A task opens a group and starts a task there, while its own group is cancelled: the new task is cancelled, too
/// (NG4).
///
/// Fails if the opener checks whether its group is cancelled before it takes the runtime's lock.
#[test]
fn group_opened_meanwhile_is_cancelled() {
    check(3, || {
        let runtime = runtime(1);
        let main = opened(runtime, ptr::null_mut());
        let outer = opened(runtime, task_in(runtime, main).raw());
        let opener = task_in(runtime, outer);
        let other = thread::spawn(move || task_in(runtime, opened(runtime, opener.raw())));
        // SAFETY: the group is never freed.
        unsafe { group::cancel(outer.raw()) };
        let inside = other.join().expect("no panic");
        assert!(opener.parker.is_cancelled() && inside.parker.is_cancelled());
    });
}

/// As above, in the group of a main task, which still takes new tasks: an opener that was cancelled opens a cancelled
/// group.
#[test]
fn group_of_a_cancelled_main_is_cancelled() {
    check(3, || {
        let runtime = runtime(1);
        let main = opened(runtime, ptr::null_mut());
        let opener = task_in(runtime, main);
        let other = thread::spawn(move || task_in(runtime, opened(runtime, opener.raw())));
        // SAFETY: the group is never freed.
        unsafe { group::cancel(main.raw()) };
        let inside = other.join().expect("no panic");
        assert!(inside.parker.is_cancelled());
        assert!(!task_in(runtime, main).parker.is_cancelled());
    });
}

/// A group is freed while a group around it is cancelled: the cancellation reaches the groups inside the freed one.
///
/// Fails if the cancellation releases the runtime's lock before its walk ends, or if a group leaves the list without
/// that lock.
#[test]
fn group_is_freed_meanwhile() {
    check(3, || {
        let runtime = runtime(1);
        let main = opened(runtime, ptr::null_mut());
        let outer = opened(runtime, task_in(runtime, main).raw());
        let middle = opened(runtime, task_in(runtime, outer).raw());
        let opener = Shared::new(Task::new(of(runtime, 0)));
        // SAFETY: the opener is like a task of that group which has finished since. Groups are freed once.
        unsafe {
            (*opener.raw()).group = middle.raw();
            let inside = task_in(runtime, opened(runtime, opener.raw()));
            let other = thread::spawn(move || group::free(middle.raw()));
            group::cancel(outer.raw());
            other.join().expect("no panic");
            assert!(inside.parker.is_cancelled());
        }
    });
}

/// A group is freed by one thread while its deadline passes on the worker that has its timer (GT1, GT2): the timer is
/// freed once, and the group is not used afterwards.
///
/// Fails if the worker reads the group of the timer without the runtime's lock.
#[test]
fn group_is_freed_at_its_deadline() {
    check(3, || {
        let runtime = runtime(1);
        let group = opened(runtime, ptr::null_mut());
        let timer: *mut GroupTimer = os::allocate_zeroed().expect("there is memory").as_ptr();
        // SAFETY: this thread is the worker, and the timer is new. The group is freed once.
        unsafe {
            let worker = of(runtime, 0);
            Worker::set_current(worker);
            ((*timer).worker, (*timer).group) = (worker, group.raw());
            (*group.raw()).timer = timer;
            (*worker).group_timers.insert(timer, 1);
            let other = thread::spawn(move || group::free(group.raw()));
            group_deadline::expire(worker, 1);
            other.join().expect("no panic");
        }
    });
}
