//! The runtime: the library's own files, in their rooms, and stand-ins for what they need.

macro_rules! files {
    ($($name:ident $path:literal),* $(,)?) => {
        $(#[path = $path] pub(crate) mod $name;)*
    };
}

pub(crate) mod events;
pub(crate) mod system;

/// The stand-in for the system. Time does not pass, and a deadline may have passed at any moment.
pub(crate) mod os {
    use std::ptr::NonNull;

    use std::ffi::c_int;

    use super::base::atomic::AtomicU32;
    pub(crate) use super::events::{WakeFds, poll};
    pub(crate) use super::system::{close, close_and_keep_number};

    /// No model has one.
    pub(crate) struct Ring;

    pub fn futex_wait(_: &AtomicU32, _: u32, _: Deadline) {
        super::events::deliver_here();
        loom::thread::yield_now();
    }

    pub fn now() -> i64 {
        0
    }

    pub fn current_cpu() -> c_int {
        -1
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(crate) struct Deadline(i64);

    impl Deadline {
        pub const NEVER: Deadline = Deadline(-1);
        pub const NOW: Deadline = Deadline(0);

        pub const fn at(nanoseconds: i64) -> Deadline {
            Deadline(nanoseconds)
        }

        pub fn is_valid(self) -> bool {
            self.0 >= -1
        }

        pub fn is_now(self) -> bool {
            self.0 == 0
        }

        pub fn time(self) -> Option<i64> {
            (self.0 >= 0).then_some(self.0)
        }

        pub fn has_passed(self) -> bool {
            self.0 >= 0
        }

        pub fn min(self, other: Deadline) -> Deadline {
            if self.0 < 0 || other.0 >= 0 && other.0 < self.0 { other } else { self }
        }
    }

    pub fn disable_cancellation() -> c_int {
        0
    }

    pub fn restore_cancellation(_: c_int) {}

    pub fn futex_wake_one(_: *const AtomicU32) {}

    pub fn allocate_zeroed<T>() -> Option<NonNull<T>> {
        let place: NonNull<T> = crate::sys::allocate(size_of::<T>())?.cast();
        // SAFETY: the memory has that size.
        unsafe { place.as_ptr().write_bytes(0, 1) };
        Some(place)
    }

    pub(crate) use crate::table::allocate_array;

    pub fn thread_count() -> Option<usize> {
        None
    }

    pub(crate) type Result<T> = std::result::Result<T, c_int>;

    /// The stand-in for pollers: a flag that other threads set.
    pub(crate) mod poller {
        use loom::sync::{Condvar, Mutex};

        use crate::ground::Own;

        pub struct Event {
            pub token: u64,
            pub is_readable: bool,
            pub is_writable: bool,
            pub is_hangup: bool,
        }

        pub struct Poller {
            has_come: Mutex<bool>,
            changed: Condvar,
            /// Stands for the worker's memory: read by each wake-up, written when the poller is closed.
            life: Own,
        }

        impl Poller {
            pub fn new() -> Poller {
                let has_come = Mutex::new(false);
                Poller { has_come, changed: Condvar::new(), life: Own::default() }
            }

            pub fn close(&self) {
                self.life.add(1);
            }

            /// Reports a use of the poller: it is not closed, and not at the same time.
            pub fn is_used(&self) {
                self.life.get();
            }

            pub fn wake(&self) {
                self.is_used();
                *self.has_come.lock().expect("no panic") = true;
                self.changed.notify_one();
            }

            /// Sleeps until a wake-up.
            pub fn wait(&self) {
                let mut has_come = self.has_come.lock().expect("no panic");
                while !*has_come {
                    has_come = self.changed.wait(has_come).expect("no panic");
                }
                *has_come = false;
            }
        }
    }
}

#[path = "."]
pub(crate) mod base {
    pub(crate) use crate::{atomic, lock};

    pub(crate) use inbox::Inbox;
    pub(crate) use injector::Injector;
    pub(crate) use list::{FreeList, List};
    pub(crate) use lock::{
        Aliased, Lock, LockGuard, compare_exchange_u64, compare_exchange_usize, tsan_acquire,
        tsan_release,
    };
    pub(crate) use nested_list::{Brackets, NestedList};
    pub(crate) use parker::{Parker, WaitMode};
    pub(crate) use random::Random;
    pub(crate) use spin::AdaptiveSpin;
    pub(crate) use timer_heap::{HeapSlot, TimerHeap};
    pub(crate) use wait_queue::{WaitQueue, Waiter};
    pub(crate) use wait_reason::WaitReason;
    pub(crate) use wake_list::WakeList;
    pub(crate) use wake_reason::{interruption, is_interruption, wake_error};

    files! {
        inbox "../../../src/rt/base/inbox.rs",
        injector "../../../src/rt/base/injector.rs",
        list "../../../src/rt/base/list.rs",
        nested_list "../../../src/rt/base/nested_list.rs",
        parker "../../../src/rt/base/parker.rs",
        spin "../../../src/rt/base/spin.rs",
        wait_queue "../../../src/rt/base/wait_queue.rs",
        wait_reason "../../../src/rt/base/wait_reason.rs",
        wake_list "../../../src/rt/base/wake_list.rs",
        wake_reason "../../../src/rt/base/wake_reason.rs",
    }

    pub(crate) mod timer_heap {
        use std::ptr::NonNull;

        pub unsafe trait HeapSlot {
            fn slot(this: *mut Self) -> *mut u32;
        }

        /// The nodes, of which all deadlines have passed. All zero is an empty one.
        pub struct TimerHeap<T> {
            nodes: [Option<NonNull<T>>; 4],
            count: usize,
        }

        impl<T: HeapSlot> TimerHeap<T> {
            pub fn next_deadline(&self) -> Option<i64> {
                (self.count > 0).then_some(0)
            }

            pub fn reserve_one(&mut self) -> bool {
                self.count < self.nodes.len()
            }

            pub unsafe fn insert(&mut self, node: *mut T, _: i64) {
                self.nodes[self.count] = NonNull::new(node);
                self.count += 1;
            }

            pub unsafe fn remove(&mut self, node: *mut T) {
                let place = self.nodes.iter().position(|one| *one == NonNull::new(node));
                if let Some(place) = place.filter(|_| !node.is_null()) {
                    self.count -= 1;
                    self.nodes.swap(place, self.count);
                    self.nodes[self.count] = None;
                }
            }

            pub fn pop_expired(&mut self, _: i64) -> Option<*mut T> {
                self.count = self.count.checked_sub(1)?;
                self.nodes[self.count].take().map(NonNull::as_ptr)
            }

            pub fn free(&mut self) {}
        }
    }

    /// The stand-in for random numbers. It always draws the last of the remaining cases: the opposite of their order,
    /// and the same in every run.
    pub(crate) mod random {
        pub struct Random;

        impl Random {
            pub fn of_thread() -> Random {
                Random
            }

            pub fn split(&mut self) -> Random {
                Random
            }

            pub fn below(&mut self, limit: usize) -> usize {
                limit - 1
            }
        }
    }
}

#[path = "."]
pub(crate) mod model {
    pub(crate) use caller::Caller;
    pub(crate) use group::Group;
    pub(crate) use group_timer::GroupTimer;
    pub(crate) use inherited::Inherited;
    pub(crate) use runtime::Runtime;
    pub(crate) use task::Task;
    pub(crate) use worker::{Worker, count};

    files! {
        deadlock "../../../src/rt/model/deadlock.rs",
        group "../../../src/rt/model/group.rs",
        group_timer "../../../src/rt/model/group_timer.rs",
        nesting "../../../src/rt/model/nesting.rs",
        runtime "../../../src/rt/model/runtime.rs",
        worker "../../../src/rt/model/worker.rs",
    }

    #[path = "task.rs"]
    pub(crate) mod task;

    /// The models create tasks.
    pub(crate) mod task_pool {
        use super::task::{FREE, FREED, Task};
        use crate::atomics;
        use crate::rt::base::atomic::Ordering;

        /// Frees a task, as if its block were reused at once: it is freed once, after all other uses.
        pub(crate) unsafe fn free(task: *mut Task) {
            // SAFETY: the memory of a task is never freed.
            unsafe {
                assert!(!(*task).is_freed(), "freed twice");
                assert_eq!((*task).lock.0.load(Ordering::Relaxed), 0, "freed under its lock");
                (*task).note(FREED);
                (*task).state.store(FREE, Ordering::Release);
            }
            atomics::retire(task.cast(), size_of::<Task>());
        }
    }

    /// The stand-in for hooks: there are none.
    pub(crate) mod hooks {
        use super::task::Task;

        pub struct Hooks {
            pub wake: (),
            pub finish: (),
        }

        pub fn call(_: *mut Task, _: fn(&Hooks)) {}
    }

    /// The stand-in for test runs: there are none.
    pub(crate) mod test_run {
        use super::Caller;
        use super::abi::acort_opts_t;
        use super::worker::TestMode;
        use crate::rt::os::Result;

        pub fn mode_of(_: &acort_opts_t) -> TestMode {
            TestMode::Off
        }

        pub fn check_outside(_: Caller) -> Result<()> {
            Ok(())
        }
    }

    /// The stand-in for inherited state: there is none.
    pub(crate) mod inherited {
        pub struct Inherited;
    }

    /// No task has a stack.
    pub(crate) mod stack_cache {
        use std::ffi::c_void;

        pub struct StackCache;

        impl StackCache {
            pub fn shared_stack_contains(&self, _: *const c_void) -> bool {
                false
            }
        }
    }

    pub(crate) mod task_cold {
        use super::task::Task;

        pub unsafe fn reserve_scratch(_: *mut Task, _: usize) -> *mut u8 {
            std::ptr::null_mut()
        }

        pub unsafe fn scratch(_: *mut Task) -> *const u8 {
            std::ptr::null()
        }

        pub unsafe fn acquire_scratch(_: *mut Task, _: usize) -> *mut u8 {
            std::ptr::null_mut()
        }

        pub unsafe fn release_scratch(_: *mut Task) {}

        pub unsafe fn set_select_waiters(_: *mut Task, _: u32) {}

        /// The waiters are in memory of the task.
        pub unsafe fn dequeue_select_waiters(task: *mut Task) {
            // SAFETY: the memory of a task is never freed.
            unsafe { (*task).note(0) }
        }
    }

    #[allow(non_camel_case_types)]
    pub(crate) mod abi {
        use std::ffi::{c_int, c_void};

        pub const ACORT_LOCAL: u32 = 1;
        pub const ACORT_CHAN_SIZE: usize = 1 << 16;

        pub const ACORT_SEND: i32 = 1;
        pub const ACORT_RECV: i32 = 2;
        pub const ACORT_FD_READ: i32 = 3;
        pub const ACORT_FD_WRITE: i32 = 4;
        pub const ACORT_TASK: i32 = 5;
        pub const ACORT_EVENT: i32 = 6;
        pub const ACORT_FUTURE: i32 = 7;
        pub const ACORT_TIMER: i32 = 8;
        pub const ACORT_SEM: i32 = 9;
        pub const ACORT_WAITGROUP: i32 = 10;
        pub const ACORT_GROUP: i32 = 11;
        pub const ACORT_MUTEX: i32 = 12;
        pub const ACORT_CHILD: i32 = 13;
        pub const ACORT_SIGNAL: i32 = 14;

        pub struct acort_cond_t([u64; 4096]);
        pub struct acort_event_t([u64; 4096]);
        pub struct acort_mutex_t([u64; 4096]);
        pub struct acort_rwlock_t([u64; 4096]);
        pub struct acort_sem_t([u64; 4096]);
        pub struct acort_waitgroup_t([u64; 4096]);

        pub struct acort_opts_t {
            pub workers: u32,
        }

        pub struct acort_case_t {
            pub op: i32,
            pub fd: c_int,
            pub object: *mut c_void,
            pub data: *mut c_void,
            pub error: c_int,
            pub reserved: c_int,
        }
    }

    /// The caller is a task of the model, or a plain thread.
    pub(crate) mod caller {
        use super::task::{self, Task};
        use crate::tls;

        #[derive(Clone, Copy)]
        pub struct Caller(*mut Task);

        impl Caller {
            pub fn current() -> Caller {
                Caller(task::current())
            }

            pub fn task(self) -> *mut Task {
                self.0
            }

            pub fn owner(self) -> usize {
                owner(self.0)
            }

            /// None: a caller of a model does not spin.
            pub fn worker(self) -> *mut crate::rt::model::Worker {
                std::ptr::null_mut()
            }
        }

        pub fn owner(task: *mut Task) -> usize {
            if task.is_null() { tls::thread_state() as usize } else { task as usize }
        }
    }
}

#[path = "."]
pub(crate) mod park {
    pub(crate) use attempt::{Attempt, SUCCESS, Waitable};
    pub(crate) use cancel::CancelBatch;
    pub(crate) use sleep::Backoff;
    pub(crate) use wait::{Blocked, Parts, Wait};
    pub(crate) use wake::{CLOSED, wake_all, wake_waiter};

    files! {
        attempt "../../../src/rt/park/attempt.rs",
        cancel "../../../src/rt/park/cancel.rs",
        wake "../../../src/rt/park/wake.rs",
    }

    #[path = "wait.rs"]
    pub(crate) mod wait;

    /// The stand-in for time: no call polls the system.
    pub(crate) mod sleep {
        use crate::rt::os::{Deadline, Result};

        pub struct Backoff;

        impl Backoff {
            pub const fn new() -> Backoff {
                Backoff
            }

            pub fn wait(&mut self, _: Deadline) -> Result<()> {
                Ok(())
            }
        }
    }

    /// The stand-in for budgets: there are none, and no task is cancelled before a call.
    pub(crate) mod budget {
        use crate::rt::model::caller::Caller;
        use crate::rt::model::task::Task;
        use crate::rt::os::{Deadline, Result};

        pub fn enter_call(_: Caller, deadline: Deadline) -> Result<Deadline> {
            Ok(deadline)
        }

        pub fn try_enter_call(_: *mut Task, _: Deadline) -> bool {
            true
        }
    }

    /// The stand-in for deadline scopes: there are none.
    pub(crate) mod scope {
        use crate::rt::model::caller::Caller;
        use crate::rt::os::Deadline;

        pub fn bound(_: Caller, deadline: Deadline) -> Deadline {
            deadline
        }
    }
}

#[path = "."]
pub(crate) mod sync {
    files! {
        channel "../../../src/rt/sync/channel.rs",
        channel_life "../../../src/rt/sync/channel_life.rs",
        channel_wait "../../../src/rt/sync/channel_wait.rs",
        condvar "../../../src/rt/sync/condvar.rs",
        event "../../../src/rt/sync/event.rs",
        future "../../../src/rt/sync/future.rs",
        mutex "../../../src/rt/sync/mutex.rs",
        rwlock "../../../src/rt/sync/rwlock.rs",
        semaphore "../../../src/rt/sync/semaphore.rs",
        waitgroup "../../../src/rt/sync/waitgroup.rs",
    }
}

#[path = "."]
pub(crate) mod io {
    files! {
        direction "../../../src/rt/io/direction.rs",
        fd_entry "../../../src/rt/io/fd_entry.rs",
        fd_identity "../../../src/rt/io/fd_identity.rs",
        fd_ref "../../../src/rt/io/fd_ref.rs",
        fd_waiters "../../../src/rt/io/fd_waiters.rs",
        file_state "../../../src/rt/io/file_state.rs",
        own_fd "../../../src/rt/io/own_fd.rs",
        polling_threads "../../../src/rt/io/polling_threads.rs",
        readiness "../../../src/rt/io/readiness.rs",
        retry "../../../src/rt/io/retry.rs",
        thread_wait "../../../src/rt/io/thread_wait.rs",
    }

    /// No model checks a file's type.
    pub(crate) mod fd_type {
        use std::ffi::c_int;

        use super::fd_ref::FdRef;
        use crate::rt::os::Result;

        pub fn type_for_poll(_: &FdRef) -> Result<u32> {
            Ok(0)
        }

        pub fn poll(_: c_int, _: i16) -> Result<i16> {
            Ok(0)
        }
    }

    /// No file blocks.
    pub(crate) mod nonblock_state {
        use std::ffi::c_int;

        pub struct NonblockState;

        impl NonblockState {
            pub fn forget(&self) {}

            pub unsafe fn before_close(&self, _: c_int, _: bool) {}

            pub unsafe fn after_close(&self) -> Option<c_int> {
                None
            }
        }
    }

    /// The table of the model's few entries. The model `table` has the library's own.
    pub(crate) mod fd_table {
        use std::ffi::c_int;

        use super::fd_entry::FdEntry;
        use crate::rt::os::Result;
        use crate::rt::system;

        pub fn entry(fd: c_int) -> Result<*mut FdEntry> {
            let fd = usize::try_from(fd).map_err(|_| libc::EBADF)?;
            system::entries().get(fd).map(|entry| entry.raw()).ok_or(libc::EMFILE)
        }

        pub fn for_each(act: impl FnMut(*mut FdEntry)) {
            system::entries().iter().map(|entry| entry.raw()).for_each(act);
        }
    }
}

#[path = "."]
pub(crate) mod blocking {
    files! {
        job "../../../src/rt/blocking/job.rs",
        permits "../../../src/rt/blocking/permits.rs",
        pool "../../../src/rt/blocking/pool.rs",
        queue "../../../src/rt/blocking/queue.rs",
    }
}

#[path = "."]
pub(crate) mod select {
    files! {
        buffers "../../../src/rt/select/buffers.rs",
        call "../../../src/rt/select/call.rs",
        case "../../../src/rt/select/case.rs",
        operation "../../../src/rt/select/operation.rs",
        pass "../../../src/rt/select/pass.rs",
        wait "../../../src/rt/select/wait.rs",
    }

    /// No model has children or signals.
    pub(crate) mod opened {
        use std::ffi::c_int;

        use crate::rt::model::abi::acort_case_t;
        use crate::rt::os::Result;

        pub struct Opened;

        impl Opened {
            pub const NONE: Opened = Opened;

            pub unsafe fn open(&mut self, _: usize, _: &mut acort_case_t) -> Result<()> {
                Err(libc::EINVAL)
            }

            pub unsafe fn take(&self, _: usize, _: &mut acort_case_t) -> Result<bool> {
                Ok(true)
            }
        }

        pub fn is_opened(_: c_int) -> bool {
            false
        }
    }
}

#[path = "."]
pub(crate) mod sched {
    files! {
        finish "../../../src/rt/sched/finish.rs",
        group "../../../src/rt/sched/group.rs",
        group_deadline "../../../src/rt/sched/group_deadline.rs",
        group_next "../../../src/rt/sched/group_next.rs",
        join "../../../src/rt/sched/join.rs",
    }

    /// No task has any.
    pub(crate) mod cleanup {
        use crate::rt::model::task::Task;
        use crate::rt::model::worker::Worker;

        pub unsafe fn restart(_: *mut Worker, _: *mut Task) -> bool {
            false
        }
    }

    pub(crate) mod destructors {
        use crate::rt::model::task::Task;
        use crate::rt::model::worker::Worker;

        pub unsafe fn run(_: *mut Worker, _: *mut Task) {}
    }

    /// No task has a stack.
    pub(crate) mod task_stack {
        use crate::rt::model::task::Task;
        use crate::rt::model::worker::Worker;

        pub unsafe fn recycle(_: *mut Worker, _: *mut Task) {}

        pub unsafe fn destroy(_: *mut Worker, _: *mut Task) {}
    }
}
