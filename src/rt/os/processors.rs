//! The processors that a thread may use, and how many the process can use at once.

use super::cgroup;
use super::result::Result;

/// As many processors as a kernel can be built for.
const MAX: usize = 8192;
const BITS: usize = usize::BITS as usize;
const WORDS: usize = MAX / BITS;

/// The processors that a thread may use. The empty set: the system does not say.
pub(crate) struct Processors([usize; WORDS]);

impl Processors {
    pub(crate) fn of_this_thread() -> Processors {
        let mut set = Processors([0; WORDS]);
        // SAFETY: so many bytes are writable; what the call does not write stays zero.
        unsafe { libc::sched_getaffinity(0, size_of::<Processors>(), set.0.as_mut_ptr().cast()) };
        set
    }

    /// This thread may use these processors, and no others, as far as the system still lets it.
    pub(crate) fn apply(&self) {
        if self.count() > 0 && Processors::of_this_thread().0 != self.0 {
            let words: *const usize = self.0.as_ptr();
            // SAFETY: so many bytes are readable.
            unsafe { libc::sched_setaffinity(0, size_of::<Processors>(), words.cast()) };
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The set of one processor: that of index `index` among these.
    fn only(&self, index: usize) -> Option<Processors> {
        let has =
            |&one: &usize| self.0.get(one / BITS).is_some_and(|word| word >> (one % BITS) & 1 != 0);
        let one = (0..MAX).filter(has).nth(index)?;
        let mut set = Processors([0; WORDS]);
        *set.0.get_mut(one / BITS)? = 1 << (one % BITS);
        Some(set)
    }
}

/// Ties this thread to one of the processors that it may use.
pub(crate) fn pin_to(index: usize) {
    let allowed = Processors::of_this_thread();
    if let Some(one) = allowed.only(index % allowed.count().max(1) as usize) {
        one.apply();
    }
}

/// How many processors the threads of this process can use at once: those that this thread may use, or as many as the
/// control groups give time of, where that is less. ENOMEM.
pub(crate) fn usable_processors() -> Result<u32> {
    let allowed = Processors::of_this_thread().count();
    let allowed = if allowed == 0 { online() } else { allowed };
    Ok(cgroup::limit(b"")?.map_or(allowed, |limit| limit.min(allowed)))
}

fn online() -> u32 {
    // SAFETY: sysconf has no preconditions.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32
}
