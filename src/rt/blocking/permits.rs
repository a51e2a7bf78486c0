//! Which job is granted a thread: rules 1 to 4 of [`jobs`](super::jobs), whose lock is held for all.

use core::ptr;

use super::job::{Class, Job, JobState};
use super::queue::JobQueue;
use crate::rt::base::atomic::{AtomicU32, Ordering};

/// So many threads of a class are not for the others.
const MAX_RESERVE: u32 = 4;

/// What a class has.
pub(super) struct ClassQueue {
    queue: JobQueue,
    max_threads: AtomicU32,
    pub(super) permits: AtomicU32,
}

impl ClassQueue {
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is one of its own")]
    const NEW: ClassQueue = ClassQueue {
        queue: JobQueue::NEW,
        max_threads: AtomicU32::new(0),
        permits: AtomicU32::new(0),
    };
}

/// The lists, and the counts of threads.
pub(super) struct Permits {
    resolve: ClassQueue,
    file: ClassQueue,
    user: ClassQueue,
    pub(super) ready: JobQueue,
    pub(super) threads: AtomicU32,
    pub(super) detached: AtomicU32,
    max_detached: u32,
    /// What free threads sleep on: it changes with each grant to one of them.
    pub(super) event_count: AtomicU32,
}

/// What the caller does once no lock is held.
#[must_use]
pub(crate) struct Actions {
    /// Free threads to wake.
    pub(crate) wake: u32,
    /// Threads to start, which are counted.
    pub(crate) spawn: u32,
    /// Jobs to end with EAGAIN, linked.
    pub(crate) rejected: *mut Job,
}

pub(super) fn load(count: &AtomicU32) -> u32 {
    count.load(Ordering::Relaxed)
}

/// Adds to a count whose lock is held.
pub(super) fn adjust(count: &AtomicU32, more: i32) -> u32 {
    let value = load(count).wrapping_add_signed(more);
    count.store(value, Ordering::Relaxed);
    value
}

impl Actions {
    pub(super) const NONE: Actions = Actions { wake: 0, spawn: 0, rejected: ptr::null_mut() };

    /// One more that is refused.
    ///
    /// # Safety
    /// The job is in no list.
    unsafe fn reject(&mut self, job: *mut Job) {
        // SAFETY: the caller's promise.
        unsafe { ((*job).state, (*job).next) = (JobState::Rejected, self.rejected) };
        self.rejected = job;
    }
}

impl Permits {
    /// No job, no thread.
    pub(super) const fn new(max_detached: u32) -> Permits {
        Permits {
            resolve: ClassQueue::NEW,
            file: ClassQueue::NEW,
            user: ClassQueue::NEW,
            ready: JobQueue::NEW,
            threads: AtomicU32::new(0),
            detached: AtomicU32::new(0),
            max_detached,
            event_count: AtomicU32::new(0),
        }
    }

    fn classes(&self) -> [&ClassQueue; 3] {
        [&self.resolve, &self.file, &self.user]
    }

    pub(super) fn class(&self, class: Class) -> &ClassQueue {
        match class {
            Class::Resolve => &self.resolve,
            Class::File => &self.file,
            Class::User => &self.user,
        }
    }

    /// Jobs that have a thread each, or will have.
    fn permits(&self) -> u32 {
        self.classes().iter().map(|class| load(&class.permits)).sum()
    }

    /// Is there a thread without a call, that no granted job is for?
    fn has_idle_thread(&self) -> bool {
        self.permits() < load(&self.threads)
    }

    /// Rules 1 and 2. The number of the arrival of the first job, where that can have a thread, or needs a new one.
    fn next_job_of(&self, class: &ClassQueue) -> Option<u64> {
        // SAFETY: a job in a list exists.
        let job = unsafe { class.queue.first().as_ref() }?;
        let (threads, max_threads) = (load(&self.threads), load(&class.max_threads));
        let limit = max_threads.max(threads);
        let reserve = (limit / 3).min(MAX_RESERVE);
        let taken: u32 = self.classes().iter().map(|one| load(&one.permits).max(reserve)).sum();
        let is_allowed = load(&class.permits) < reserve || taken < limit;
        (is_allowed && (threads < max_threads || self.has_idle_thread())).then_some(job.arrival)
    }

    /// Rule 3: the class whose first job is next.
    fn next_class(&self) -> Option<&ClassQueue> {
        let those = self.classes().into_iter();
        let those = those.filter_map(|class| Some((self.next_job_of(class)?, class)));
        those.min_by_key(|(number, _)| *number).map(|(_, class)| class)
    }

    /// Grants all that can be granted, and refuses what can have no thread.
    pub(super) fn grant_permits(&self) -> Actions {
        let mut actions = Actions::NONE;
        while let Some(class) = self.next_class() {
            let job = class.queue.first();
            // SAFETY: it is the first of the list, which is held.
            unsafe {
                class.queue.remove(job);
                if self.has_idle_thread() {
                    actions.wake += 1;
                    self.event_count.fetch_add(1, Ordering::SeqCst);
                } else if load(&self.detached) < self.max_detached {
                    actions.spawn += 1;
                    adjust(&self.threads, 1);
                } else {
                    actions.reject(job);
                    continue;
                }
                adjust(&class.permits, 1);
                (*job).state = JobState::Permitted;
                self.ready.push(job);
            }
        }
        actions
    }

    /// A job of the caller's waits: the last of its class, or the first.
    ///
    /// # Safety
    /// It is in no list.
    pub(super) unsafe fn enqueue(&self, job: *mut Job, at_back: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            let class = self.class((*job).class);
            let before = if class.queue.first().is_null() { 0 } else { load(&class.max_threads) };
            class.max_threads.store(before.max((*job).max_threads), Ordering::Relaxed);
            (*job).state = JobState::Queued;
            if at_back { class.queue.push(job) } else { class.queue.push_front(job) }
        }
    }

    /// Takes a job out that no thread has. False: one has it, or it is refused.
    ///
    /// # Safety
    /// It is put in, and not freed.
    pub(super) unsafe fn dequeue(&self, job: *mut Job) -> bool {
        // SAFETY: the caller's promise: the place says which list has it.
        unsafe {
            let class = self.class((*job).class);
            match (*job).state {
                JobState::Queued => class.queue.remove(job),
                JobState::Permitted => {
                    self.ready.remove(job);
                    adjust(&class.permits, -1);
                }
                JobState::Running | JobState::Rejected => return false,
            }
        }
        true
    }

    /// A thread that is counted does not come. The last job that was granted waits once more, unless there are enough
    /// others; without any other all that wait are refused.
    pub(super) fn spawn_failed(&self) -> Actions {
        let mut actions = Actions::NONE;
        let left = adjust(&self.threads, -1);
        // SAFETY: the jobs of the lists exist.
        unsafe {
            let last = self.ready.last();
            if self.permits() > left && !last.is_null() {
                self.dequeue(last);
                self.enqueue(last, false);
            }
            for class in self.classes().into_iter().filter(|_| left == 0) {
                while let Some(job) = class.queue.first().as_mut() {
                    class.queue.remove(job);
                    actions.reject(job);
                }
            }
        }
        actions
    }
}
