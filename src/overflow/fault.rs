//! Which fault is an overflow, and the line of one.

use core::ffi::c_void;
use core::mem;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::users::{Overflow, REPORTS_ALL, RUNTIME_COUNT, ReportTask, TASK_REPORTER};
use crate::abi::aco_t;
use crate::{arch, coroutine, diag, stack, tls};

/// A frame so large may be made in one step: the stack pointer is then this far below.
const MAX_FRAME: usize = 64 << 20;

/// Bytes below the stack pointer that code writes to: a call's return address, a red zone, what aarch64 stores as it
/// lowers the stack pointer.
const WRITE_REACH: usize = 1024;

/// The thread and the address of the last line.
#[unsafe(link_section = "aco_shared")]
static LAST_REPORT: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Prints a line if the fault is an overflow.
///
/// # Safety
/// As [`on_fault`](super::actions::on_fault).
pub(super) unsafe fn report_if_overflow(info: &libc::siginfo_t, context: *mut c_void) {
    // SAFETY: a fault has an address; a running coroutine exists, and its stack.
    unsafe {
        let (address, stack_pointer) =
            (info.si_addr() as usize, arch::interrupted_stack_pointer(context));
        let Some(co) = coroutine::current_from_signal() else { return };
        let reports_all = REPORTS_ALL.load(Ordering::Relaxed);
        if !is_overflow(co, address, stack_pointer, reports_all) {
            return;
        }
        if was_just_reported(address) {
            return;
        }
        let overflow = Overflow { co, address, stack_pointer };
        let report_task = TASK_REPORTER.load(Ordering::Relaxed);
        let is_reported = RUNTIME_COUNT.load(Ordering::Relaxed) != 0
            && !report_task.is_null()
            && mem::transmute::<*mut c_void, ReportTask>(report_task)(&overflow);
        if !is_reported && reports_all {
            print_line(&overflow);
        }
    }
}

/// Returns true if the last line was of this address, too, in this thread: its fault happens again before the action
/// before has it, since another thread has put the reporter back meanwhile.
fn was_just_reported(address: usize) -> bool {
    let thread = tls::thread_state().addr();
    let [last_thread, last_address] = &LAST_REPORT;
    let is_same = last_thread.load(Ordering::Relaxed) == thread
        && last_address.load(Ordering::Relaxed) == address;
    last_thread.store(thread, Ordering::Relaxed);
    last_address.store(address, Ordering::Relaxed);
    is_same
}

/// This thread goes on after a fault: the next one at the same address is another.
pub(super) fn clear_last_report() {
    let thread = tls::thread_state().addr();
    let [last_thread, _] = &LAST_REPORT;
    let _ = last_thread.compare_exchange(thread, 0, Ordering::Relaxed, Ordering::Relaxed);
}

/// Is a fault at `address` with this stack pointer an overflow of the stack of `co` (invariant 1)?
///
/// # Safety
/// `co` runs here.
unsafe fn is_overflow(
    co: NonNull<aco_t>,
    address: usize,
    stack_pointer: usize,
    reports_all: bool,
) -> bool {
    // SAFETY: `co` runs here, so it has a share stack.
    let (low, size) = unsafe {
        let stack = (*co.as_ptr()).share_stack;
        ((*stack).ptr.addr(), stack::below(stack))
    };
    let below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    // A frame that was made in one step: the stack pointer is below the stack, the fault between.
    let in_frame = below(stack_pointer, MAX_FRAME)
        && below(address, MAX_FRAME)
        && address >= stack_pointer.saturating_sub(WRITE_REACH);
    below(address, size) || reports_all && in_frame
}

/// The line of a coroutine.
fn print_line(overflow: &Overflow) {
    let Overflow { co, address, stack_pointer } = *overflow;
    // SAFETY: a running coroutine exists, and its stack.
    let (kib, entry, arg, low) = unsafe {
        let (co, stack) = (&*co.as_ptr(), &*(*co.as_ptr()).share_stack);
        (stack.sz / 1024, co.fp.map_or(0, |fp| fp as usize), co.arg, stack.ptr)
    };
    diag::print(format_args!(
        "aco: fatal: coroutine {co:p} (entry {entry:#x}, arg {arg:p}) overflowed its {kib} KiB stack: \
         fault at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it larger, or its frames \
         smaller)\n"
    ));
}
