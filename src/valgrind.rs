//! Valgrind's client requests: stacks, and memory that threads share.
//!
//! Without the registration of a stack Valgrind treats a switch as a stack that grows. A client request is a few
//! instructions without an effect on a processor, so one library runs under Valgrind and without it.
//!
//! Statics that threads share are in a section of their own, `aco_shared`: race detectors are told of all of them at
//! once.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::arch;

/// A request of Helgrind's, `VALGRIND_HG_DISABLE_CHECKING`, and one of DRD's, `DRD_IGNORE_VAR`.
const HG_DISABLE_CHECKING: usize = 0x4847_0127;
const DRD_IGNORE_VAR: usize = 0x4452_0002;
/// A request of DRD's: the number of the thread, 0 for other tools.
const DRD_GET_THREAD_ID: usize = 0x4452_0001;
/// A request of Memcheck's: `VALGRIND_MAKE_MEM_UNDEFINED`. Other tools do not know it.
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
/// A request of Memcheck's: `VALGRIND_MAKE_MEM_DEFINED`.
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;
/// Requests of Valgrind's core: `RUNNING_ON_VALGRIND`, `VALGRIND_STACK_REGISTER` and
/// `VALGRIND_STACK_DEREGISTER`.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const STACK_REGISTER: usize = 0x1501;
const STACK_DEREGISTER: usize = 0x1502;

/// Valgrind's number of a stack; 0 without Valgrind.
pub(crate) type StackId = u32;

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

#[unsafe(link_section = "aco_shared")]
static RUNNING: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Returns true if the process runs under Valgrind. The request is made once: it costs as much as a switch.
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
    /// The bounds of the section of all statics that threads share, which the linker knows.
    #[link_name = "__start_aco_shared"]
    safe static __start_aco_shared: u8;
    #[link_name = "__stop_aco_shared"]
    safe static __stop_aco_shared: u8;
}

/// Reports that threads share `size` bytes at `address` by atomic operations, which Helgrind and DRD report as races.
pub(crate) fn mark_shared(address: usize, size: usize) {
    if is_running() {
        disable_race_checks(address, size);
    }
}

fn disable_race_checks(address: usize, size: usize) {
    arch::valgrind_request(&[HG_DISABLE_CHECKING, address, size, 0, 0, 0]);
    arch::valgrind_request(&[DRD_IGNORE_VAR, address, size, 0, 0, 0]);
}

/// Registers `size` bytes at `low` as a stack, except with DRD, which then loses the thread's own stack.
pub(crate) fn register_stack(low: usize, size: usize) -> StackId {
    if !is_running() || arch::valgrind_request(&[DRD_GET_THREAD_ID, 0, 0, 0, 0, 0]) != 0 {
        return 0;
    }
    arch::valgrind_request(&[STACK_REGISTER, low, low + size - 1, 0, 0, 0]) as StackId
}

/// Ends the registration of [`register_stack`].
pub(crate) fn deregister_stack(id: StackId) {
    if id != 0 {
        arch::valgrind_request(&[STACK_DEREGISTER, id as usize, 0, 0, 0, 0]);
    }
}

/// Returns `value`, marked as initialized. For a process under Valgrind.
#[cold]
#[inline(never)]
pub(crate) fn as_defined(mut value: usize) -> usize {
    let address = (&raw mut value).expose_provenance();
    arch::valgrind_request(&[MAKE_MEM_DEFINED, address, size_of::<usize>(), 0, 0, 0]);
    value
}

/// Marks `size` bytes at `low`, memory of a stack, as writable: bytes below an earlier stack pointer count as no
/// memory.
#[inline(always)]
pub(crate) fn make_undefined(low: usize, size: usize) {
    if is_running() {
        arch::valgrind_request(&[MAKE_MEM_UNDEFINED, low, size, 0, 0, 0]);
    }
}
