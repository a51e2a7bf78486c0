//! The options of a runtime: what 0 means, and what is refused.

use crate::rt::model::abi::{ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT, ACORT_PIN_CPUS, acort_opts_t};
use crate::rt::os::{self, Result};
use crate::sys;

/// Bytes of a task's own stack.
const TASK_STACK_SIZE: usize = 256 * 1024;
/// Bytes of a main task's, at least.
const MAIN_STACK_SIZE: usize = 1 << 20;
/// Bytes of the stack that the shared tasks of a worker share.
const SHARED_STACK_SIZE: usize = 2 << 20;

/// Unused bytes below a task's stack, as far as the address space has room for them: a limit of
/// it has room for so many gaps, and less than a sixteenth of it goes to the gaps of a thousand tasks.
fn default_gap() -> usize {
    const MAX: usize = if usize::BITS < 64 { 64 * 1024 } else { 1 << 20 };
    const GAPS: usize = 16 * 1024;
    sys::address_space_limit().map_or(MAX, |limit| MAX.min(limit / GAPS))
}

const MAX_WORKERS: u32 = 1024;

/// What an option of 0 means.
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
};

pub(crate) fn with_defaults(options: &acort_opts_t) -> Result<acort_opts_t> {
    let or = |value: usize, default: usize| if value == 0 { default } else { value };
    let is_loop = options.flags & ACORT_LOOP != 0;
    let workers = match options.workers {
        0 if is_loop => 1,
        0 => os::available_cpus()?.min(MAX_WORKERS),
        workers => workers,
    };
    const TYPE_KNOWN: u32 = ACORT_PIN_CPUS | ACORT_LOOP | ACORT_NO_OVERFLOW_REPORT;
    let is_known = options.flags & !TYPE_KNOWN == 0 && options.reserved == 0;
    if workers > MAX_WORKERS || is_loop && workers != 1 || !is_known {
        return Err(libc::EINVAL);
    }
    let stack_size = or(options.stack_size, DEFAULTS.stack_size);
    Ok(acort_opts_t {
        workers,
        stack_size,
        shared_stack_size: or(options.shared_stack_size, DEFAULTS.shared_stack_size),
        blocking_threads: match options.blocking_threads {
            0 => DEFAULTS.blocking_threads,
            most => most,
        },
        main_stack_size: or(options.main_stack_size, MAIN_STACK_SIZE.max(stack_size)),
        stack_gap: or(options.stack_gap, default_gap()),
        ..*options
    })
}
