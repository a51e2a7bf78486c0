//! Admission to the blocking pool: which job may have a thread (J1 to J4 of [`pool`](super::pool)).
//!
//! The pool's lock is held for every call. It orders the counts, which are atomics so that the pool can be a static.

use core::ptr;

use super::job::{Class, Job, JobState};
use super::queue::JobQueue;
use crate::rt::base::atomic::{AtomicU32, Ordering};

/// The most threads that are reserved for each class.
const MAX_RESERVE: u32 = 4;

/// The jobs of one class that wait for a permit, and the permits that the class has.
pub(super) struct ClassQueue {
    queue: JobQueue,
    /// The greatest `max_threads` of the jobs that came since the queue was empty.
    max_threads: AtomicU32,
    pub(super) permits: AtomicU32,
}

impl ClassQueue {
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a separate queue")]
    const NEW: ClassQueue = ClassQueue {
        queue: JobQueue::NEW,
        max_threads: AtomicU32::new(0),
        permits: AtomicU32::new(0),
    };
}

/// The queues of the pool, and its counts of threads.
pub(super) struct Permits {
    resolve: ClassQueue,
    file: ClassQueue,
    user: ClassQueue,
    /// Jobs with a permit that no thread has taken yet.
    pub(super) ready: JobQueue,
    pub(super) threads: AtomicU32,
    pub(super) detached: AtomicU32,
    max_detached: u32,
    /// The word that idle threads sleep on (J5).
    pub(super) event_count: AtomicU32,
}

/// What a change of the pool asks its caller to do, once no lock is held.
#[must_use]
pub(crate) struct Actions {
    /// Idle threads to wake.
    pub(crate) wake: u32,
    /// Threads to start. `threads` counts them already.
    pub(crate) spawn: u32,
    /// Rejected jobs to finish, linked through `next`.
    pub(crate) rejected: *mut Job,
}

/// Reads a count.
pub(super) fn load(count: &AtomicU32) -> u32 {
    count.load(Ordering::Relaxed)
}

/// Adds `delta` to a count. Returns the sum.
pub(super) fn adjust(count: &AtomicU32, delta: i32) -> u32 {
    let value = load(count).wrapping_add_signed(delta);
    count.store(value, Ordering::Relaxed);
    value
}

impl Actions {
    pub(super) const NONE: Actions = Actions { wake: 0, spawn: 0, rejected: ptr::null_mut() };

    /// Rejects a job.
    ///
    /// # Safety
    /// The job is in no queue.
    unsafe fn reject(&mut self, job: *mut Job) {
        // SAFETY: the job exists until it is finished, and no queue uses its links.
        unsafe { ((*job).state, (*job).next) = (JobState::Rejected, self.rejected) };
        self.rejected = job;
    }
}

impl Permits {
    /// No job, and no thread.
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

    /// The permits of all classes.
    fn permits(&self) -> u32 {
        self.classes().iter().map(|class| load(&class.permits)).sum()
    }

    /// Returns true if a thread has no call, and no permit stands for it.
    fn has_idle_thread(&self) -> bool {
        self.permits() < load(&self.threads)
    }

    /// The first job of a class, as its arrival, if J1 and J2 let it have a permit now.
    fn eligible_job(&self, class: &ClassQueue) -> Option<u64> {
        // SAFETY: a job in a queue exists.
        let job = unsafe { class.queue.first().as_ref() }?;
        let (threads, max_threads) = (load(&self.threads), load(&class.max_threads));
        let limit = max_threads.max(threads);
        let reserve = (limit / 3).min(MAX_RESERVE);
        let taken: u32 = self.classes().iter().map(|one| load(&one.permits).max(reserve)).sum();
        let is_admitted = load(&class.permits) < reserve || taken < limit;
        (is_admitted && (threads < max_threads || self.has_idle_thread())).then_some(job.arrival)
    }

    /// The class whose first job is next (J3). None: no job is eligible.
    fn next_class(&self) -> Option<&ClassQueue> {
        let classes = self.classes().into_iter();
        let eligible = classes.filter_map(|class| Some((self.eligible_job(class)?, class)));
        eligible.min_by_key(|(arrival, _)| *arrival).map(|(_, class)| class)
    }

    /// Grants permits until no job is eligible (J4), and rejects the jobs that need a thread when none may start (J2).
    pub(super) fn grant_permits(&self) -> Actions {
        let mut actions = Actions::NONE;
        while let Some(class) = self.next_class() {
            let job = class.queue.first();
            // SAFETY: the job is the first one of that queue.
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

    /// Adds a job to the queue of its class: at the end, or before all others.
    ///
    /// # Safety
    /// The job is in no queue.
    pub(super) unsafe fn enqueue(&self, job: *mut Job, at_end: bool) {
        // SAFETY: the job is in no queue, and exists until it is finished or dequeued.
        unsafe {
            let class = self.class((*job).class);
            let before = if class.queue.first().is_null() { 0 } else { load(&class.max_threads) };
            class.max_threads.store(before.max((*job).max_threads), Ordering::Relaxed);
            (*job).state = JobState::Queued;
            if at_end { class.queue.push(job) } else { class.queue.push_front(job) }
        }
    }

    /// Removes a job that no thread has taken. Returns false if a thread has it, or if it is rejected.
    ///
    /// # Safety
    /// The job was enqueued, and is not freed.
    pub(super) unsafe fn dequeue(&self, job: *mut Job) -> bool {
        // SAFETY: the job exists; its state says which queue has it.
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

    /// Takes back a thread that could not be started. The last permitted job is queued again, unless the other threads
    /// suffice. Without another thread all queued jobs are rejected.
    pub(super) fn spawn_failed(&self) -> Actions {
        let mut actions = Actions::NONE;
        let left = adjust(&self.threads, -1);
        // SAFETY: a job in a queue exists.
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
