//! Workers: inboxes and sleep, tasks that have not begun, the search for the last idle one, counts.

use loom::sync::atomic::AtomicU32;
use loom::thread;

use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::model::worker::count;
use crate::rt::os::poller::Poller;
use crate::{Shared, check};

/// A count that every thread sees as it is, while it orders nothing: what has happened in truth.
struct Truth(AtomicU32);

impl Truth {
    fn new() -> Shared<Truth> {
        Shared::new(Truth(AtomicU32::new(0)))
    }

    fn add(&self, more: u32) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u32 {
        self.0.fetch_add(0, Ordering::Relaxed)
    }
}

/// A runtime with so many workers, none of which any thread is.
pub(crate) fn runtime(workers: usize) -> Shared<Runtime> {
    let runtime: Shared<Runtime> = Shared::zeroed();
    let list: Vec<*mut Worker> = (0..workers).map(|_| worker(runtime).raw()).collect();
    // SAFETY: a new runtime, which nobody else has; the list is never freed.
    unsafe {
        (*runtime.raw()).workers = Vec::leak(list).as_mut_ptr();
        (*runtime.raw()).options.workers = workers as u32;
    }
    runtime.live_tasks();
    runtime.enter_idle();
    runtime.leave_idle();
    runtime.abandoned.store(0, Ordering::Relaxed);
    runtime.blocked_callers.store(0, Ordering::Relaxed);
    runtime.deadlocks.store(0, Ordering::Relaxed);
    // SAFETY: as above.
    unsafe {
        let first = Shared::new(Task::new(std::ptr::null_mut())).raw();
        (*runtime.raw()).inject(first);
        (*runtime.raw()).pop_injected();
    }
    runtime
}

fn worker(runtime: Shared<Runtime>) -> Shared<Worker> {
    let worker: Shared<Worker> = Shared::zeroed();
    // SAFETY: a new worker, which nobody else has.
    unsafe {
        (&raw mut (*worker.raw()).poller).write(Poller::new());
        (*worker.raw()).runtime = runtime.raw();
    }
    worker.inbox.is_empty();
    worker.inbox.announce_awake();
    worker.inbox.wait_for_pushers();
    worker.has_abandoned_tasks.load(Ordering::Relaxed);
    worker.registered_fds.load(Ordering::Relaxed);
    worker
}

pub(crate) fn of(runtime: Shared<Runtime>, number: u32) -> *mut Worker {
    std::ptr::from_ref(runtime.worker(number).expect("so many")).cast_mut()
}

fn task(worker: *mut Worker) -> Shared<Task> {
    Shared::new(Task::new(worker))
}

/// What the schedulers sleep does: it looks again after it has said that it will.
pub(crate) unsafe fn sleep(worker: *mut Worker) {
    // SAFETY: the calling thread's.
    unsafe {
        let runtime = (*worker).runtime;
        (*worker).inbox.announce_sleep();
        let has_come = || {
            !(*worker).inbox.is_empty()
                || (*runtime).has_injected()
                || (*worker).has_abandoned_tasks.load(Ordering::SeqCst)
        };
        if omits("look-again") || !has_come() {
            (*worker).poller.wait();
        }
        (*worker).inbox.announce_awake();
    }
}

/// Two threads wake a task each: the worker runs both, and sees what was done for them; when it goes, nobody
/// looks at it any more.
///
/// Fails where a giver does not say that it is one.
#[test]
fn nothing_given_is_missed() {
    check(2, || {
        let runtime = runtime(1);
        let worker = of(runtime, 0);
        let gives = move |worker: Shared<Worker>| {
            let task = task(worker.raw());
            task.note(7);
            // SAFETY: the worker waits for its pushers.
            unsafe { Worker::push_remote(worker.raw(), task.raw()) };
        };
        // SAFETY: it is never freed.
        let shared = Shared::of(worker);
        let others = [thread::spawn(move || gives(shared)), thread::spawn(move || gives(shared))];
        let mut seen = 0;
        // SAFETY: the worker is this thread.
        unsafe {
            while seen < 2 {
                (*worker).drain_inbox();
                let task = (*worker).run_queue.pop();
                match task.as_ref() {
                    Some(task) => {
                        assert_eq!(task.report(), 7);
                        seen += 1;
                    }
                    None => sleep(worker),
                }
            }
            (*worker).inbox.wait_for_pushers();
            (*worker).poller.close();
        }
        for other in others {
            other.join().expect("no panic");
        }
    });
}

/// Tasks that have not begun are offered while the workers fall asleep: each is begun once.
#[test]
fn fresh_tasks_are_begun() {
    check(2, || {
        let runtime = runtime(1);
        let offers = thread::spawn(move || {
            for _ in 0..2 {
                let task = task(std::ptr::null_mut());
                task.note(7);
                // SAFETY: the runtime is never freed.
                unsafe { (*runtime.raw()).inject(task.raw()) };
            }
        });
        let worker = of(runtime, 0);
        let mut begun = 0;
        while begun < 2 {
            // SAFETY: the worker is this thread; who is in the list exists.
            unsafe {
                assert!(runtime.injected_batch() <= 2);
                match (*runtime.raw()).pop_injected().as_ref() {
                    Some(task) => {
                        assert_eq!(task.report(), 7);
                        begun += 1;
                    }
                    None => sleep(worker),
                }
            }
        }
        offers.join().expect("no panic");
    });
}

/// Two workers want the one task that is offered.
#[test]
fn fresh_task_is_begun_once() {
    check(2, || {
        let runtime = runtime(1);
        let wants = move || {
            // SAFETY: the runtime is never freed; who is in the list exists.
            unsafe { (*runtime.raw()).pop_injected().as_ref() }.map_or(0, |task| {
                task.note(8);
                1
            })
        };
        let other = thread::spawn(wants);
        // SAFETY: as above.
        unsafe { (*runtime.raw()).inject(task(std::ptr::null_mut()).raw()) };
        let mine = wants();
        assert!(mine + other.join().expect("no panic") + wants() == 1);
    });
}

/// One worker gives the other something to do, and both have nothing to do afterwards: that nothing can wake any
/// task is found, once, and not before that was done.
///
/// Fails where the search does not look at the inboxes, or where finding it is a load and not an exchange: then two
/// workers find it, and tasks that were to be cancelled are given up at once.
#[test]
fn deadlock_is_found_at_the_end() {
    const LAST: u32 = 9;
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(1, Ordering::Relaxed);
        let (was_done, found) = (Truth::new(), Truth::new());
        let is_worker = move |number: u32| {
            let (worker, other) = (of(runtime, number), of(runtime, 1 - number));
            // SAFETY: the worker is this thread's; both stay.
            unsafe {
                loop {
                    (*worker).drain_inbox();
                    match (*worker).run_queue.pop().as_ref() {
                        Some(task) if task.report() == LAST => return,
                        Some(_) => {
                            was_done.add(1);
                            continue;
                        }
                        None => {}
                    }
                    (*worker).inbox.announce_sleep();
                    if !(*worker).inbox.is_empty() {
                        (*worker).inbox.announce_awake();
                        continue;
                    }
                    if let Some(idle) = runtime.enter_idle()
                        && runtime.confirm_deadlock(idle)
                    {
                        assert_eq!(was_done.get(), 1, "found too early");
                        found.add(1);
                        let last = task(other);
                        last.note(LAST);
                        return Worker::push_remote(other, last.raw());
                    }
                    (*worker).poller.wait();
                    runtime.leave_idle();
                    (*worker).inbox.announce_awake();
                }
            }
        };
        let other = thread::spawn(move || is_worker(1));
        // SAFETY: the other worker stays.
        unsafe { Worker::push_remote(of(runtime, 1), task(of(runtime, 1)).raw()) };
        is_worker(0);
        other.join().expect("no panic");
        assert_eq!(found.get(), 1);
    });
}

/// A task makes another one and ends, and that one ends on another worker: nobody finds that none lives before.
///
/// Fails where the ends are summed up after what was made.
#[test]
fn live_tasks_are_counted() {
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(1, Ordering::Relaxed);
        let have_ended = Truth::new();
        let other = thread::spawn(move || {
            let worker = of(runtime, 1);
            // SAFETY: the worker is this thread's.
            unsafe {
                while (*worker).run_queue.is_empty() {
                    thread::yield_now();
                    (*worker).drain_inbox();
                }
                have_ended.add(1);
                count(&(*worker).counters.ended, 1);
            }
        });
        let looks = thread::spawn(move || {
            if runtime.live_tasks() == 0 {
                assert_eq!(have_ended.get(), 2);
            }
        });
        // SAFETY: this thread is worker 0.
        unsafe {
            let worker = of(runtime, 0);
            runtime.task_created(worker);
            Worker::push_remote(of(runtime, 1), task(of(runtime, 1)).raw());
            have_ended.add(1);
            count(&(*worker).counters.ended, 1);
        }
        other.join().expect("no panic");
        looks.join().expect("no panic");
        assert_eq!(runtime.live_tasks(), 0);
    });
}

/// The last two tasks end at once: one of the two workers forgets what was found out about them.
#[test]
fn last_end_is_seen() {
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(2, Ordering::Relaxed);
        runtime.deadlocks.store(1, Ordering::Relaxed);
        let ends = move |number: u32| {
            // SAFETY: the worker is this thread's.
            unsafe { count(&(*of(runtime, number)).counters.ended, 1) };
            runtime.task_finished();
        };
        let other = thread::spawn(move || ends(1));
        ends(0);
        other.join().expect("no panic");
        assert_eq!(runtime.deadlocks.load(Ordering::Relaxed), 0);
    });
}
