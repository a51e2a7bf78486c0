//! The faults that are overflows, and their lines (V1).

use core::ffi::c_void;
use core::mem;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::users::{Overflow, REPORTS_ALL, RUNTIME_COUNT, ReportTask, TASK_REPORTER};
use crate::{coroutine, diag, stack, sys, tls};

/// The largest frame that a function may allocate in one step, in bytes: how far below the stack the stack pointer of
/// an overflow can be.
const MAX_FRAME: usize = 64 << 20;

/// Bytes below the stack pointer that code writes to: the return address of a call, a red zone, registers that aarch64
/// stores as it lowers the stack pointer.
const WRITE_REACH: usize = 1024;

/// The thread and the address of the last report.
#[unsafe(link_section = "aco_shared")]
static LAST_REPORT: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Prints a line if the fault is an overflow that has a user.
///
/// # Safety
/// The kernel has passed `info` and `context` to the handler, and the signal is a synchronous fault.
pub(super) unsafe fn report_if_overflow(info: &libc::siginfo_t, context: *mut c_void) {
    // SAFETY: a synchronous fault has an address. The current coroutine exists, and so does its resumer, which waits.
    // `TASK_REPORTER` is NULL or a `ReportTask`.
    unsafe {
        let (address, stack_pointer) =
            (info.si_addr() as usize, sys::interrupted_stack_pointer(context));
        let Some(current) = coroutine::current_from_signal() else { return };
        let co = coroutine::stack_holder(current.as_ptr());
        let stack = (*co).share_stack;
        if stack.is_null() {
            return;
        }
        let (low, guarded) = ((*stack).ptr.addr(), stack::guard_and_gap(stack));
        let reports_all = REPORTS_ALL.load(Ordering::Relaxed);
        if !is_overflow(low, guarded, address, stack_pointer, reports_all)
            || was_just_reported(address)
        {
            return;
        }
        let overflow = Overflow { co: NonNull::new_unchecked(co), address, stack_pointer };
        let report_task = TASK_REPORTER.load(Ordering::Relaxed);
        let is_reported = RUNTIME_COUNT.load(Ordering::Relaxed) != 0
            && !report_task.is_null()
            && mem::transmute::<*mut c_void, ReportTask>(report_task)(&overflow);
        if !is_reported && reports_all {
            print_line(&overflow);
        }
    }
}

/// Returns true if the last report was for this thread and this address. The fault happens again after restore (V2). If
/// another thread has installed the reporter in between, the reporter sees it twice.
fn was_just_reported(address: usize) -> bool {
    let thread = tls::thread_state().addr();
    let [last_thread, last_address] = &LAST_REPORT;
    let is_same = last_thread.load(Ordering::Relaxed) == thread
        && last_address.load(Ordering::Relaxed) == address;
    last_thread.store(thread, Ordering::Relaxed);
    last_address.store(address, Ordering::Relaxed);
    is_same
}

/// Forgets this thread's report: the thread has survived the fault, so the next one at that address is another fault.
pub(super) fn clear_last_report() {
    let thread = tls::thread_state().addr();
    let [last_thread, _] = &LAST_REPORT;
    let _ = last_thread.compare_exchange(thread, 0, Ordering::Relaxed, Ordering::Relaxed);
}

/// Returns true if a fault is an overflow of a stack that begins at `low` and has `guarded` bytes of guards and gap
/// below (V1). `reports_all`: the program wants all coroutines reported.
fn is_overflow(
    low: usize,
    guarded: usize,
    address: usize,
    stack_pointer: usize,
    reports_all: bool,
) -> bool {
    let is_below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    // A frame that was allocated in one step: the stack pointer is below the stack, and the fault is between.
    let is_in_frame = is_below(stack_pointer, MAX_FRAME)
        && is_below(address, MAX_FRAME)
        && address >= stack_pointer.saturating_sub(WRITE_REACH);
    is_below(address, guarded) || reports_all && is_in_frame
}

/// Prints the line of a coroutine.
fn print_line(overflow: &Overflow) {
    let Overflow { co, address, stack_pointer } = *overflow;
    // SAFETY: the current coroutine runs on the stack of `co`, so both exist.
    let (kib, entry, arg, low) = unsafe {
        let (co, stack) = (&*co.as_ptr(), &*(*co.as_ptr()).share_stack);
        (stack.sz / 1024, co.fp.map_or(0, |fp| fp as usize), co.arg, stack.ptr)
    };
    diag::print(format_args!(
        "aco: fatal: coroutine {co:p} (entry {entry:#x}, arg {arg:p}) overflowed its {kib} KiB stack: \
         fault at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it larger, or its frames \
         smaller)"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: usize = 1 << 32;
    const GUARDED: usize = 4096;

    fn is_reported(address: usize, stack_pointer: usize, reports_all: bool) -> bool {
        is_overflow(LOW, GUARDED, address, stack_pointer, reports_all)
    }

    #[test]
    fn a_fault_in_the_guard_is_an_overflow() {
        for reports_all in [false, true] {
            assert!(is_reported(LOW - 1, LOW + 100, reports_all));
            assert!(is_reported(LOW - GUARDED, LOW + 100, reports_all));
            assert!(!is_reported(LOW - GUARDED - 1, LOW + 100, reports_all));
            assert!(!is_reported(LOW, LOW + 100, reports_all));
            assert!(!is_reported(0, LOW + 100, reports_all));
        }
    }

    #[test]
    fn a_fault_between_the_stack_and_a_stack_pointer_below_is_one_on_demand() {
        let sp = LOW - (1 << 20);
        assert!(is_reported(sp + 8, sp, true) && !is_reported(sp + 8, sp, false));
        assert!(
            is_reported(sp - WRITE_REACH, sp, true) && !is_reported(sp - WRITE_REACH - 1, sp, true)
        );
        assert!(is_reported(LOW - MAX_FRAME, LOW - MAX_FRAME, true));
        assert!(!is_reported(LOW - MAX_FRAME - 1, LOW - MAX_FRAME - 1, true));
        assert!(!is_reported(LOW + 8, sp, true) && !is_reported(sp + 8, LOW + 8, true));
    }
}
