//! Workers: inboxes and sleep, the injector, detection of deadlocks, counters of tasks.

use loom::sync::atomic::AtomicU32;
use loom::thread;

use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::injector::Injector;
use crate::rt::model::runtime::Runtime;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::model::worker::count;
use crate::rt::os::poller::Poller;
use crate::{Shared, check};

/// A counter that each thread reads as it is, and that orders nothing: what has really happened.
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

/// Creates a runtime with `workers` workers, which no thread is yet.
pub(crate) fn runtime(workers: usize) -> Shared<Runtime> {
    let runtime: Shared<Runtime> = Shared::zeroed();
    let list: Vec<*mut Worker> = (0..workers).map(|_| worker(runtime).raw()).collect();
    // SAFETY: no other thread knows the new runtime. The list is never freed.
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
    // SAFETY: no other thread knows the new runtime.
    unsafe {
        let first = Shared::new(Task::new(std::ptr::null_mut())).raw();
        (*runtime.raw()).inject(first);
        Injector::pop(&raw mut (*runtime.raw()).injector);
    }
    runtime
}

fn worker(runtime: Shared<Runtime>) -> Shared<Worker> {
    let worker: Shared<Worker> = Shared::zeroed();
    // SAFETY: no other thread knows the new worker.
    unsafe {
        (&raw mut (*worker.raw()).poller).write(Poller::new());
        (*worker.raw()).runtime = runtime.raw();
    }
    worker.inbox.is_empty();
    worker.inbox.announce_awake();
    worker.inbox.wait_for_wakers();
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

/// Does what the scheduler does to sleep: checks for work after it has announced the sleep (w1 to w5 of `inbox`).
pub(crate) unsafe fn sleep(worker: *mut Worker) {
    // SAFETY: the calling thread is the worker.
    unsafe {
        let runtime = (*worker).runtime;
        (*worker).inbox.announce_sleep();
        let has_come = || {
            !(*worker).inbox.is_empty()
                || !(*runtime).injector.is_empty()
                || (*worker).has_abandoned_tasks.load(Ordering::SeqCst)
        };
        if omits("look-again") || !has_come() {
            (*worker).poller.wait();
        }
        (*worker).inbox.announce_awake();
    }
}

/// Two threads wake a task each. The worker runs both, and sees what was done before. No thread uses the worker after
/// it has ended (I6).
///
/// Fails if a thread that has replaced SLEEPING is not counted.
#[test]
fn no_pushed_task_is_missed() {
    check(2, || {
        let runtime = runtime(1);
        let worker = of(runtime, 0);
        let gives = move |worker: Shared<Worker>| {
            let task = task(worker.raw());
            task.note(7);
            // SAFETY: the worker waits for those that wake it.
            unsafe { Worker::push_remote(worker.raw(), task.raw()) };
        };
        // SAFETY: the worker is never freed.
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
            (*worker).inbox.wait_for_wakers();
            (*worker).poller.close();
        }
        for other in others {
            other.join().expect("no panic");
        }
    });
}

/// New tasks are injected while the worker falls asleep: it begins each one. No thread uses the worker after that (I6).
#[test]
fn injected_tasks_are_begun() {
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
            // SAFETY: the worker is this thread. A task of a model is never freed.
            unsafe {
                assert!(runtime.injector.batch_size(runtime.options.workers) <= 2);
                match Injector::pop(&raw mut (*runtime.raw()).injector).as_ref() {
                    Some(task) => {
                        assert_eq!(task.report(), 7);
                        begun += 1;
                    }
                    None => sleep(worker),
                }
            }
        }
        // SAFETY: the worker is this thread.
        unsafe {
            (*worker).inbox.wait_for_wakers();
            (*worker).poller.close();
        }
        offers.join().expect("no panic");
    });
}

/// Two workers pop the one task that is injected: one gets it.
#[test]
fn injected_task_is_begun_once() {
    check(2, || {
        let runtime = runtime(1);
        let wants = move || {
            // SAFETY: neither the runtime nor a task is freed.
            unsafe { Injector::pop(&raw mut (*runtime.raw()).injector).as_ref() }.map_or(
                0,
                |task| {
                    task.note(8);
                    1
                },
            )
        };
        let other = thread::spawn(wants);
        // SAFETY: no other thread knows the new runtime.
        unsafe { (*runtime.raw()).inject(task(std::ptr::null_mut()).raw()) };
        let mine = wants();
        assert!(mine + other.join().expect("no panic") + wants() == 1);
    });
}

/// One worker gives the other one a task, and both are idle after that: one of them finds the deadlock, once, and not
/// before the task has run.
///
/// Fails if the detector does not check the inboxes, or if it confirms with a load in place of the exchange: then two
/// workers find the same deadlock, and tasks that were cancelled are abandoned at once.
#[test]
fn deadlock_is_found_at_the_end() {
    const LAST: u32 = 9;
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(1, Ordering::Relaxed);
        let (was_done, found) = (Truth::new(), Truth::new());
        let is_worker = move |number: u32| {
            let (worker, other) = (of(runtime, number), of(runtime, 1 - number));
            // SAFETY: each thread is its worker. Both are never freed.
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
        // SAFETY: the other worker is never freed.
        unsafe { Worker::push_remote(of(runtime, 1), task(of(runtime, 1)).raw()) };
        is_worker(0);
        other.join().expect("no panic");
        assert_eq!(found.get(), 1);
    });
}

/// A task creates another one and ends, and that one ends on another worker: no thread finds before that that none
/// lives (D3).
///
/// Fails if the finished tasks are read after the created ones.
#[test]
fn live_tasks_are_counted() {
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(1, Ordering::Relaxed);
        let have_ended = Truth::new();
        let other = thread::spawn(move || {
            let worker = of(runtime, 1);
            // SAFETY: the worker is this thread.
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

/// The last two tasks end at once: one of the two workers resets the count of deadlocks (D4).
#[test]
fn last_end_is_seen() {
    check(3, || {
        let runtime = runtime(2);
        runtime.created_outside.store(2, Ordering::Relaxed);
        runtime.deadlocks.store(1, Ordering::Relaxed);
        let ends = move |number: u32| {
            // SAFETY: the worker is this thread.
            unsafe { count(&(*of(runtime, number)).counters.ended, 1) };
            runtime.task_finished();
        };
        let other = thread::spawn(move || ends(1));
        ends(0);
        other.join().expect("no panic");
        assert_eq!(runtime.deadlocks.load(Ordering::Relaxed), 0);
    });
}
