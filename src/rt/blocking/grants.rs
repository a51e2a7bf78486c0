//! Which job is granted a thread: rules 1 to 4 of [`jobs`](super::jobs), whose lock is held for all.

use core::ptr;

use super::job::{Class, Job, JobState, List};
use crate::rt::base::atomic::{AtomicU32, Ordering};

/// So many threads of a class are not for the others.
const RESERVE: u32 = 4;

/// What a class has.
pub(super) struct Share {
    waiting: List,
    widest: AtomicU32,
    pub(super) running: AtomicU32,
}

impl Share {
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is one of its own")]
    const NEW: Share =
        Share { waiting: List::NEW, widest: AtomicU32::new(0), running: AtomicU32::new(0) };
}

/// The lists, and the counts of threads.
pub(super) struct Grants {
    names: Share,
    files: Share,
    program: Share,
    pub(super) granted: List,
    pub(super) threads: AtomicU32,
    pub(super) hanging: AtomicU32,
    most_hanging: u32,
    /// What free threads sleep on: it changes with each grant to one of them.
    pub(super) given: AtomicU32,
}

/// What the caller does once no lock is held.
#[must_use]
pub(crate) struct Due {
    /// Free threads to wake.
    pub(crate) wakes: u32,
    /// Threads to start, which are counted.
    pub(crate) starts: u32,
    /// Jobs to end with EAGAIN, linked.
    pub(crate) refused: *mut Job,
}

pub(super) fn get(count: &AtomicU32) -> u32 {
    count.load(Ordering::Relaxed)
}

/// Adds to a count whose lock is held.
pub(super) fn add(count: &AtomicU32, more: i32) -> u32 {
    let value = get(count).wrapping_add_signed(more);
    count.store(value, Ordering::Relaxed);
    value
}

impl Due {
    pub(super) const NOTHING: Due = Due { wakes: 0, starts: 0, refused: ptr::null_mut() };

    /// One more that is refused.
    ///
    /// # Safety
    /// The job is in no list.
    unsafe fn refuse(&mut self, job: *mut Job) {
        // SAFETY: the caller's promise.
        unsafe { ((*job).state, (*job).next) = (JobState::Refused, self.refused) };
        self.refused = job;
    }
}

impl Grants {
    /// No job, no thread.
    pub(super) const fn new(most_hanging: u32) -> Grants {
        Grants {
            names: Share::NEW,
            files: Share::NEW,
            program: Share::NEW,
            granted: List::NEW,
            threads: AtomicU32::new(0),
            hanging: AtomicU32::new(0),
            most_hanging,
            given: AtomicU32::new(0),
        }
    }

    fn shares(&self) -> [&Share; 3] {
        [&self.names, &self.files, &self.program]
    }

    pub(super) fn share(&self, class: Class) -> &Share {
        match class {
            Class::Names => &self.names,
            Class::Files => &self.files,
            Class::Program => &self.program,
        }
    }

    /// Jobs that have a thread each, or will have.
    fn running(&self) -> u32 {
        self.shares().iter().map(|share| get(&share.running)).sum()
    }

    /// Is there a thread without a call, that no granted job is for?
    fn has_free_thread(&self) -> bool {
        self.running() < get(&self.threads)
    }

    /// Rules 1 and 2. The number of the arrival of the first job, where that can have a thread, or needs a new one.
    fn can_have_thread(&self, share: &Share) -> Option<u64> {
        // SAFETY: a job in a list exists.
        let job = unsafe { share.waiting.first().as_ref() }?;
        let (threads, widest) = (get(&self.threads), get(&share.widest));
        let limit = widest.max(threads);
        let reserve = (limit / 3).min(RESERVE);
        let taken: u32 = self.shares().iter().map(|one| get(&one.running).max(reserve)).sum();
        let is_its_turn = get(&share.running) < reserve || taken < limit;
        (is_its_turn && (threads < widest || self.has_free_thread())).then_some(job.number)
    }

    /// Rule 3: the class whose first job is next.
    fn next_share(&self) -> Option<&Share> {
        let those = self.shares().into_iter();
        let those = those.filter_map(|share| Some((self.can_have_thread(share)?, share)));
        those.min_by_key(|(number, _)| *number).map(|(_, share)| share)
    }

    /// Grants all that can be granted, and refuses what can have no thread.
    pub(super) fn settle(&self) -> Due {
        let mut due = Due::NOTHING;
        while let Some(share) = self.next_share() {
            let job = share.waiting.first();
            // SAFETY: it is the first of the list, which is held.
            unsafe {
                share.waiting.remove(job);
                if self.has_free_thread() {
                    due.wakes += 1;
                    self.given.fetch_add(1, Ordering::SeqCst);
                } else if get(&self.hanging) < self.most_hanging {
                    due.starts += 1;
                    add(&self.threads, 1);
                } else {
                    due.refuse(job);
                    continue;
                }
                add(&share.running, 1);
                (*job).state = JobState::Granted;
                self.granted.push(job);
            }
        }
        due
    }

    /// A job of the caller's waits: the last of its class, or the first.
    ///
    /// # Safety
    /// It is in no list.
    pub(super) unsafe fn wait(&self, job: *mut Job, is_last: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            let share = self.share((*job).class);
            let before = if share.waiting.first().is_null() { 0 } else { get(&share.widest) };
            share.widest.store(before.max((*job).most), Ordering::Relaxed);
            (*job).state = JobState::Waiting;
            if is_last { share.waiting.push(job) } else { share.waiting.push_front(job) }
        }
    }

    /// Takes a job out that no thread has. False: one has it, or it is refused.
    ///
    /// # Safety
    /// It is put in, and not freed.
    pub(super) unsafe fn remove(&self, job: *mut Job) -> bool {
        // SAFETY: the caller's promise: the place says which list has it.
        unsafe {
            let share = self.share((*job).class);
            match (*job).state {
                JobState::Waiting => share.waiting.remove(job),
                JobState::Granted => {
                    self.granted.remove(job);
                    add(&share.running, -1);
                }
                JobState::Called | JobState::Refused => return false,
            }
        }
        true
    }

    /// A thread that is counted does not come. The last job that was granted waits once more, unless there are enough
    /// others; without any other all that wait are refused.
    pub(super) fn lose_thread(&self) -> Due {
        let mut due = Due::NOTHING;
        let left = add(&self.threads, -1);
        // SAFETY: the jobs of the lists exist.
        unsafe {
            let last = self.granted.last();
            if self.running() > left && !last.is_null() {
                self.remove(last);
                self.wait(last, false);
            }
            for share in self.shares().into_iter().filter(|_| left == 0) {
                while let Some(job) = share.waiting.first().as_mut() {
                    share.waiting.remove(job);
                    due.refuse(job);
                }
            }
        }
        due
    }
}
