//! The processors that a thread may use, and how many the process can use at once.

use core::ffi::c_int;

use super::cgroup;
use super::result::Result;

/// The most processors that a kernel can be built for.
const MAX_CPUS: usize = 8192;
const WORD_BITS: usize = usize::BITS as usize;
const WORDS: usize = MAX_CPUS / WORD_BITS;

/// A set of processors, as sched_getaffinity(2) has it. The empty set: the system does not tell.
#[derive(Clone)]
pub(crate) struct CpuSet([usize; WORDS]);

impl CpuSet {
    /// The processors that this thread may use.
    pub(crate) fn of_this_thread() -> CpuSet {
        let mut set = CpuSet([0; WORDS]);
        // SAFETY: so many bytes are writable. The words that the call does not write stay zero.
        unsafe { libc::sched_getaffinity(0, size_of::<CpuSet>(), set.0.as_mut_ptr().cast()) };
        set
    }

    /// Restricts this thread to these processors, as far as the system permits it.
    pub(crate) fn apply(&self) {
        if self.count() > 0 && CpuSet::of_this_thread().0 != self.0 {
            let words: *const usize = self.0.as_ptr();
            // SAFETY: so many bytes are readable.
            unsafe { libc::sched_setaffinity(0, size_of::<CpuSet>(), words.cast()) };
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The set that has only the processor of this index in `self`.
    fn only(&self, index: usize) -> Option<CpuSet> {
        let has = |&cpu: &usize| {
            self.0.get(cpu / WORD_BITS).is_some_and(|word| word >> (cpu % WORD_BITS) & 1 != 0)
        };
        let cpu = (0..MAX_CPUS).filter(has).nth(index)?;
        let mut set = CpuSet([0; WORDS]);
        *set.0.get_mut(cpu / WORD_BITS)? = 1 << (cpu % WORD_BITS);
        Some(set)
    }
}

/// Pins this thread to one of the processors that it may use: the one of this index, modulo their number.
pub(crate) fn pin_to_cpu(index: usize) {
    let allowed = CpuSet::of_this_thread();
    if let Some(cpu) = allowed.only(index % allowed.count().max(1) as usize) {
        cpu.apply();
    }
}

/// The number of processors that the process can use at once: those that this thread may use, or the limit of the
/// control groups if that is less. Errors: `ENOMEM`.
pub(crate) fn available_cpus() -> Result<u32> {
    let allowed = CpuSet::of_this_thread().count();
    let allowed = if allowed == 0 { online_cpus() } else { allowed };
    Ok(cgroup::cpu_limit(b"")?.map_or(allowed, |limit| limit.min(allowed)))
}

/// Returns true if two threads of the process can run at once for long: this thread may use several processors, and
/// no control group limits it to less than one. Errors: `ENOMEM`.
pub(crate) fn has_parallelism() -> Result<bool> {
    Ok(CpuSet::of_this_thread().count() != 1
        && cgroup::cpu_quota(b"")?.is_none_or(|quota| quota >= cgroup::PROCESSOR))
}

/// The processor on which this thread runs; negative: the system does not tell.
pub(crate) fn current_cpu() -> c_int {
    // SAFETY: sched_getcpu has no preconditions.
    unsafe { libc::sched_getcpu() }
}

fn online_cpus() -> u32 {
    // SAFETY: sysconf has no preconditions.
    unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_one_is_found_by_its_index() {
        let mut set = CpuSet([0; WORDS]);
        for cpu in [3, 63, 64, 8191] {
            set.0[cpu / WORD_BITS] |= 1 << (cpu % WORD_BITS);
        }
        for (index, cpu) in [3, 63, 64, 8191].into_iter().enumerate() {
            let one = set.only(index).unwrap();
            assert_eq!(one.count(), 1);
            assert_eq!(one.0[cpu / WORD_BITS], 1 << (cpu % WORD_BITS));
        }
        assert!(set.count() == 4 && set.only(4).is_none());
    }
}
