//! The options of a runtime: their defaults and their limits.

use crate::rt::model::abi::{
    ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT, ACORT_PIN_CPUS, ACORT_TEST, ACORT_TEST_OUTSIDE,
    acort_opts_t,
};
use crate::rt::os::{self, Result};
use crate::sys;

/// Bytes of a task's own stack.
const TASK_STACK_SIZE: usize = 256 * 1024;
/// Bytes of a main task's stack, at least.
const MAIN_STACK_SIZE: usize = 1 << 20;
/// Bytes of the stack that the shared tasks of a worker use.
const SHARED_STACK_SIZE: usize = 2 << 20;

const MAX_WORKERS: u32 = 1024;

/// The options of acort_opts_init(). A 0 among them has a default that [`with_defaults`] finds out.
pub(crate) const DEFAULTS: acort_opts_t = acort_opts_t {
    size: size_of::<acort_opts_t>(),
    workers: 0,
    flags: 0,
    stack_size: TASK_STACK_SIZE,
    shared_stack_size: SHARED_STACK_SIZE,
    blocking_threads: 64,
    reserved: 0,
    main_stack_size: 0,
    stack_gap: 0,
    test_seed: 0,
};

/// Unused bytes below a task's stack: 1 MiB, or less if the address space is limited. The limit has space for 16384
/// gaps, so the gaps of a thousand tasks take less than a sixteenth of it.
fn default_gap() -> usize {
    const MAX: usize = if usize::BITS < 64 { 64 * 1024 } else { 1 << 20 };
    const GAPS: usize = 16 * 1024;
    sys::address_space_limit().map_or(MAX, |limit| MAX.min(limit / GAPS))
}

/// Replaces each 0 by its default. Errors: `EINVAL` for options that do not exist or do not fit together; `ENOMEM`.
pub(crate) fn with_defaults(options: &acort_opts_t) -> Result<acort_opts_t> {
    const KNOWN_FLAGS: u32 =
        ACORT_PIN_CPUS | ACORT_LOOP | ACORT_NO_OVERFLOW_REPORT | ACORT_TEST | ACORT_TEST_OUTSIDE;
    let or = |value: usize, default: usize| if value == 0 { default } else { value };
    let is_loop = options.flags & ACORT_LOOP != 0;
    let workers = match options.workers {
        0 if is_loop => 1,
        0 => os::available_cpus()?.min(MAX_WORKERS),
        workers => workers,
    };
    let is_known = options.flags & !KNOWN_FLAGS == 0 && options.reserved == 0;
    let is_test = options.flags & ACORT_TEST != 0;
    let is_for_tests = options.flags & ACORT_TEST_OUTSIDE != 0 || options.test_seed != 0;
    if workers > MAX_WORKERS || is_loop && workers != 1 || !is_known || is_for_tests && !is_test {
        return Err(libc::EINVAL);
    }
    let stack_size = or(options.stack_size, DEFAULTS.stack_size);
    Ok(acort_opts_t {
        workers,
        stack_size,
        shared_stack_size: or(options.shared_stack_size, DEFAULTS.shared_stack_size),
        blocking_threads: match options.blocking_threads {
            0 => DEFAULTS.blocking_threads,
            threads => threads,
        },
        main_stack_size: or(options.main_stack_size, MAIN_STACK_SIZE.max(stack_size)),
        stack_gap: or(options.stack_gap, default_gap()),
        ..*options
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_means_the_default() {
        let all_zero =
            acort_opts_t { stack_size: 0, shared_stack_size: 0, blocking_threads: 0, ..DEFAULTS };
        let options = with_defaults(&all_zero).unwrap_or(all_zero);
        assert!(options.workers >= 1 && options.stack_gap > 0);
        assert_eq!((options.stack_size, options.shared_stack_size), (256 << 10, 2 << 20));
        assert_eq!((options.main_stack_size, options.blocking_threads), (1 << 20, 64));
        let large = with_defaults(&acort_opts_t { stack_size: 4 << 20, workers: 3, ..DEFAULTS });
        let large = large.unwrap_or(DEFAULTS);
        assert_eq!((large.main_stack_size, large.workers), (4 << 20, 3));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let refused = [
            acort_opts_t { flags: 1 << 31, ..DEFAULTS },
            acort_opts_t { reserved: 1, ..DEFAULTS },
            acort_opts_t { workers: MAX_WORKERS + 1, ..DEFAULTS },
            acort_opts_t { workers: 2, flags: ACORT_LOOP, ..DEFAULTS },
            acort_opts_t { flags: ACORT_TEST_OUTSIDE, ..DEFAULTS },
            acort_opts_t { test_seed: 1, ..DEFAULTS },
        ];
        for options in refused {
            assert_eq!(with_defaults(&options).map(drop), Err(libc::EINVAL));
        }
        let one = with_defaults(&acort_opts_t { flags: ACORT_LOOP, ..DEFAULTS });
        assert_eq!(one.map(|options| options.workers), Ok(1));
    }
}
