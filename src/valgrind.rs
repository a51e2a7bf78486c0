//! Client requests to Valgrind: which memory is a stack, which memory threads share.
//!
//! Without them Valgrind would treat a switch as a growing stack. A client request is a few instructions that have no
//! effect on a processor. So the library needs no header of Valgrind, and works with and without it.
//!
//! Statics that threads share are in the section `aco_shared`. One request describes them all to Helgrind and DRD,
//! which report races. Large ones are not: the zeros of that section take space in the file. `mark_shared` describes
//! those.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::arch;

/// Requests to Helgrind and to DRD: ignore races on a range.
const HG_DISABLE_CHECKING: usize = 0x4847_0127;
const DRD_IGNORE_VAR: usize = 0x4452_0002;
/// A request to DRD: the id of the thread; 0 from other tools.
const DRD_GET_THREAD_ID: usize = 0x4452_0001;
/// Requests to Memcheck; other tools ignore them.
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;
/// Requests to the core of Valgrind.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const STACK_REGISTER: usize = 0x1501;
const STACK_DEREGISTER: usize = 0x1502;
const CHANGE_ERR_DISABLEMENT: usize = 0x1801;

/// Valgrind's id of a stack; 0 without Valgrind.
pub(crate) type StackId = u32;

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

#[unsafe(link_section = "aco_shared")]
static RUNNING: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Returns true if the process runs under Valgrind. Asks once, because a request costs as much as a switch.
#[inline(always)]
pub(crate) fn is_running() -> bool {
    match RUNNING.load(Ordering::Relaxed) {
        UNKNOWN => detect(),
        known => known == YES,
    }
}

#[cold]
#[inline(never)]
fn detect() -> bool {
    let running = arch::valgrind_request(&[RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0]) != 0;
    if running {
        let (start, end) = (&raw const __start_aco_shared, &raw const __stop_aco_shared);
        disable_race_checks(start.addr(), end.addr() - start.addr());
    }
    RUNNING.store(if running { YES } else { NO }, Ordering::Relaxed);
    running
}

unsafe extern "C" {
    /// The bounds of the section `aco_shared`, which the linker defines.
    #[link_name = "__start_aco_shared"]
    safe static __start_aco_shared: u8;
    #[link_name = "__stop_aco_shared"]
    safe static __stop_aco_shared: u8;
}

/// Tells Helgrind and DRD to ignore `size` bytes at `address`: they report atomic operations as races.
pub(crate) fn mark_shared(address: usize, size: usize) {
    if is_running() {
        disable_race_checks(address, size);
    }
}

fn disable_race_checks(address: usize, size: usize) {
    arch::valgrind_request(&[HG_DISABLE_CHECKING, address, size, 0, 0, 0]);
    arch::valgrind_request(&[DRD_IGNORE_VAR, address, size, 0, 0, 0]);
}

/// Registers `size` bytes at `low` as a stack. Does nothing under DRD, which would lose the bounds of the thread's
/// stack.
pub(crate) fn register_stack(low: usize, size: usize) -> StackId {
    if !is_running() || arch::valgrind_request(&[DRD_GET_THREAD_ID, 0, 0, 0, 0, 0]) != 0 {
        return 0;
    }
    arch::valgrind_request(&[STACK_REGISTER, low, low + size - 1, 0, 0, 0]) as StackId
}

/// Removes a stack of [`register_stack`].
pub(crate) fn deregister_stack(id: StackId) {
    if id != 0 {
        arch::valgrind_request(&[STACK_DEREGISTER, id as usize, 0, 0, 0, 0]);
    }
}

/// Returns `value`, marked as defined: the caller branches on a word that perhaps was never written. The process runs
/// under Valgrind.
#[cold]
#[inline(never)]
pub(crate) fn as_defined(mut value: usize) -> usize {
    let address = (&raw mut value).expose_provenance();
    arch::valgrind_request(&[MAKE_MEM_DEFINED, address, size_of::<usize>(), 0, 0, 0]);
    value
}

/// Marks `size` bytes at `low`, which are or were a stack, as writable: Memcheck treats memory below a stack pointer as
/// freed.
#[inline(always)]
pub(crate) fn make_undefined(low: usize, size: usize) {
    if is_running() {
        arch::valgrind_request(&[MAKE_MEM_UNDEFINED, low, size, 0, 0, 0]);
    }
}

/// Calls `access` without reports: it reads or writes a stack below the stack pointer, which Memcheck treats as freed.
#[inline(always)]
pub(crate) fn without_reports<T>(access: impl FnOnce() -> T) -> T {
    change_reports(1);
    let result = access();
    change_reports(usize::MAX);
    result
}

/// Suspends the reports of this thread (1), or resumes them (-1).
#[inline(always)]
fn change_reports(change: usize) {
    arch::valgrind_request(&[CHANGE_ERR_DISABLEMENT, change, 0, 0, 0, 0]);
}
