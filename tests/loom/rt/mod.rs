//! The runtime: the library's own files, and stand-ins for what they stand on.

macro_rules! files {
    ($($name:ident $path:literal),* $(,)?) => {
        $(#[path = $path] pub(crate) mod $name;)*
    };
}

files! {
    attempt "../../../src/rt/attempt.rs",
    cancel "../../../src/rt/cancel.rs",
    cases "../../../src/rt/cases.rs",
    channel "../../../src/rt/channel.rs",
    channel_life "../../../src/rt/channel_life.rs",
    condition "../../../src/rt/condition.rs",
    descriptors "../../../src/rt/descriptors.rs",
    ending "../../../src/rt/ending.rs",
    event "../../../src/rt/event.rs",
    fd_ref "../../../src/rt/fd_ref.rs",
    file_state "../../../src/rt/file_state.rs",
    fresh "../../../src/rt/fresh.rs",
    future "../../../src/rt/future.rs",
    grants "../../../src/rt/grants.rs",
    group "../../../src/rt/group.rs",
    inbox "../../../src/rt/inbox.rs",
    job "../../../src/rt/job.rs",
    jobs "../../../src/rt/jobs.rs",
    join "../../../src/rt/join.rs",
    lists "../../../src/rt/lists.rs",
    lock "../../../src/rt/lock.rs",
    mutex "../../../src/rt/mutex.rs",
    numbers "../../../src/rt/numbers.rs",
    parker "../../../src/rt/parker.rs",
    nesting "../../../src/rt/nesting.rs",
    patience "../../../src/rt/patience.rs",
    queue "../../../src/rt/queue.rs",
    runtime "../../../src/rt/runtime.rs",
    select "../../../src/rt/select.rs",
    select_pass "../../../src/rt/select_pass.rs",
    select_room "../../../src/rt/select_room.rs",
    select_wait "../../../src/rt/select_wait.rs",
    semaphore "../../../src/rt/semaphore.rs",
    own_fd "../../../src/rt/own_fd.rs",
    readiness "../../../src/rt/readiness.rs",
    thread_wait "../../../src/rt/thread_wait.rs",
    turn "../../../src/rt/turn.rs",
    wake "../../../src/rt/wake.rs",
    why "../../../src/rt/why.rs",
    worker "../../../src/rt/worker.rs",
}

pub(crate) use crate::atomics as atomic;
pub(crate) mod events;
pub(crate) mod system;
pub(crate) mod task;
pub(crate) mod wait;

pub(crate) type Outcome<T> = Result<T, std::ffi::c_int>;

/// No program has asked for any.
pub(crate) mod hooks {
    use super::task::Task;

    pub fn woken(_: *mut Task) {}
    pub fn ended(_: *mut Task) {}
}

/// The threads are loom's, and begin with nothing.
pub(crate) mod inherited {
    pub struct Inherited;
}

/// Time does not pass; whoever has a deadline may find it over at any moment.
pub(crate) mod os {
    use std::ptr::NonNull;

    use std::ffi::c_int;

    use super::atomic::AtomicU32;
    pub(crate) use super::events::{WakeFds, poll};
    pub(crate) use super::system::{close, close_and_keep_number};

    pub fn sleep_on(_: &AtomicU32, _: u32, _: i64) {
        super::events::tell_here();
        loom::thread::yield_now();
    }

    pub fn now() -> i64 {
        0
    }

    pub fn is_over(deadline: i64) -> bool {
        deadline >= 0
    }

    pub fn disable_cancellation() -> c_int {
        0
    }

    pub fn restore_cancellation(_: c_int) {}

    pub fn wake_one(_: *const AtomicU32) {}

    pub fn allocate_zeroed<T>() -> Option<NonNull<T>> {
        let place: NonNull<T> = crate::sys::allocate(size_of::<T>())?.cast();
        // SAFETY: so much was allocated.
        unsafe { place.as_ptr().write_bytes(0, 1) };
        Some(place)
    }

    pub fn thread_count() -> Option<usize> {
        None
    }
}

/// A worker's sleep: a flag that others set.
pub(crate) mod poller {
    use loom::sync::{Condvar, Mutex};

    use crate::ground::Own;

    pub struct Happened {
        pub mark: u64,
        pub is_readable: bool,
        pub is_writable: bool,
        pub is_over: bool,
    }

    pub struct Poller {
        has_come: Mutex<bool>,
        changed: Condvar,
        /// Its worker's memory: looked at by who rouses, written to when it goes.
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

        /// It is not closed, nor will be while the caller goes on.
        pub fn is_used(&self) {
            self.life.get();
        }

        pub fn rouse(&self) {
            self.is_used();
            *self.has_come.lock().expect("no panic") = true;
            self.changed.notify_one();
        }

        /// Sleeps until somebody rouses it.
        pub fn wait(&self) {
            let mut has_come = self.has_come.lock().expect("no panic");
            while !*has_come {
                has_come = self.changed.wait(has_come).expect("no panic");
            }
            *has_come = false;
        }
    }
}

/// What a file is no model asks.
pub(crate) mod kinds {
    use std::ffi::c_int;

    use super::Outcome;
    use super::fd_ref::FdRef;

    pub const KNOWN: u32 = 1;
    pub const LOOKED_AT: u32 = 1024;
    pub const KINDS: u32 = 31 | LOOKED_AT;

    pub fn kind_for_look(_: &FdRef) -> Outcome<u32> {
        Ok(0)
    }

    pub fn poll(_: c_int, _: i16) -> Outcome<i16> {
        Ok(0)
    }
}

/// No file blocks.
pub(crate) mod nonblock {
    use std::ffi::c_int;

    use super::descriptors::Entry;

    #[derive(Default)]
    pub struct Lent;

    impl Lent {
        pub fn forget(&self) {}

        pub unsafe fn before_close(_: *mut Entry, _: c_int, _: bool) {}

        pub unsafe fn after_close(_: *mut Entry) -> Option<c_int> {
            None
        }
    }
}

/// No call looks from time to time.
pub(crate) mod pause {
    pub fn until(_: i64) -> super::Outcome<()> {
        Ok(())
    }
}

/// The table of the model's few entries. The library's own is in `table`.
pub(crate) mod fd_table {
    use std::ffi::c_int;

    use super::descriptors::Entry;
    use super::{Outcome, system};

    pub fn entry(fd: c_int) -> Outcome<*mut Entry> {
        let fd = usize::try_from(fd).map_err(|_| libc::EBADF)?;
        system::entries().get(fd).map(|entry| entry.raw()).ok_or(libc::EMFILE)
    }

    pub fn each(act: impl FnMut(*mut Entry)) {
        system::entries().iter().map(|entry| entry.raw()).for_each(act);
    }
}

pub(crate) mod timers {
    use super::task::Task;

    pub struct Timers;

    impl Timers {
        pub unsafe fn remove(&mut self, _: *mut Task) {}
    }
}

/// No task has a stack.
pub(crate) mod vessel {
    use std::ffi::c_void;

    use super::task::Task;
    use super::worker::Worker;
    use crate::abi::aco_t;

    pub struct Vessels;

    pub fn is_on_moving_stack(_: *const c_void) -> bool {
        false
    }

    pub unsafe fn put(_: *mut Worker, _: *mut Task) {}

    pub unsafe fn destroy(_: *mut aco_t, _: bool) {}
}

pub(crate) mod local {
    use super::task::Task;
    use super::worker::Worker;

    pub unsafe fn has_any(_: *mut Task) -> bool {
        false
    }

    pub unsafe fn destroy_all(_: *mut Worker, _: *mut Task) {}
}

pub(crate) mod extra {
    use super::task::Task;

    pub unsafe fn scratch(_: *mut Task, _: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub unsafe fn room(_: *mut Task) -> *const u8 {
        std::ptr::null()
    }

    pub unsafe fn take_room(_: *mut Task, _: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub unsafe fn give_room_back(_: *mut Task) {}

    pub unsafe fn set_places(_: *mut Task, _: u32) {}

    /// They are in memory of the task.
    pub unsafe fn withdraw_places(task: *mut Task) {
        // SAFETY: the caller's promise: the task exists.
        unsafe { (*task).note(0) }
    }
}

/// Always the last of those that are left: the opposite of the order by rank, and the same in every run.
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

#[allow(non_camel_case_types)]
pub(crate) mod abi {
    use std::ffi::{c_int, c_void};

    pub const ACORT_LOCAL: u32 = 1;

    pub const ACORT_SEND: i32 = 1;
    pub const ACORT_RECV: i32 = 2;
    pub const ACORT_FD_READ: i32 = 3;
    pub const ACORT_FD_WRITE: i32 = 4;
    pub const ACORT_TASK: i32 = 5;
    pub const ACORT_EVENT: i32 = 6;
    pub const ACORT_FUTURE: i32 = 7;

    pub struct acort_opts_t {
        pub workers: u32,
    }

    pub struct acort_case_t {
        pub op: i32,
        pub fd: c_int,
        pub object: *mut c_void,
        pub data: *mut c_void,
        pub error: c_int,
    }
}

/// A task of a model, or a plain thread.
pub(crate) mod caller {
    use super::task::{self, Task};
    use crate::tls;

    #[derive(Clone, Copy)]
    pub struct Caller(*mut Task);

    impl Caller {
        pub fn current() -> Caller {
            Caller(task::here())
        }

        pub fn task(self) -> *mut Task {
            self.0
        }

        pub fn owner(self) -> usize {
            owner(self.0)
        }
    }

    pub fn owner(task: *mut Task) -> usize {
        if task.is_null() { tls::thread_state() as usize } else { task as usize }
    }
}

/// No model has a budget, and no task of one is cancelled before a call.
pub(crate) mod call {
    use super::Outcome;
    use super::caller::Caller;
    use super::task::Task;

    pub fn begin(_: Caller, deadline: i64) -> Outcome<i64> {
        Ok(deadline)
    }

    pub fn try_begin(_: *mut Task, _: i64) -> bool {
        true
    }
}
