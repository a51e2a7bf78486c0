//! Which fault is an overflow, and the line of one.

use core::ffi::c_void;
use core::mem;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::users::{DESCRIBE, Describe, IS_ASKED, Overflow, RUNTIMES};
use crate::abi::aco_t;
use crate::{arch, coroutine, diag, stack, tls};

/// A frame so large may be made in one step: the stack pointer is then this far below.
const LARGEST_FRAME: usize = 64 << 20;

/// Bytes below the stack pointer that code writes to: a call's return address, a red zone, what aarch64 stores as it
/// lowers the stack pointer.
const REACH: usize = 1024;

/// The thread and the address of the last line.
#[unsafe(link_section = "aco_shared")]
static LAST: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Prints a line if the fault is an overflow.
///
/// # Safety
/// As [`on_fault`](super::actions::on_fault).
pub(super) unsafe fn look(info: &libc::siginfo_t, context: *mut c_void) {
    // SAFETY: a fault has an address; a running coroutine exists, and its stack.
    unsafe {
        let (address, stack_pointer) =
            (info.si_addr() as usize, arch::interrupted_stack_pointer(context));
        let Some(co) = coroutine::current_from_signal() else { return };
        let is_asked = IS_ASKED.load(Ordering::Relaxed);
        if !is_overflow(co, address, stack_pointer, is_asked) {
            return;
        }
        if is_repeated(address) {
            return;
        }
        let overflow = Overflow { co, address, stack_pointer };
        let describe = DESCRIBE.load(Ordering::Relaxed);
        let is_told = RUNTIMES.load(Ordering::Relaxed) != 0
            && !describe.is_null()
            && mem::transmute::<*mut c_void, Describe>(describe)(&overflow);
        if !is_told && is_asked {
            print(&overflow);
        }
    }
}

/// Returns true if the last line was of this address, too, in this thread: its fault happens again before the action
/// before has it, since another thread has put the reporter back meanwhile.
fn is_repeated(address: usize) -> bool {
    let thread = tls::thread_state().addr();
    let [last_thread, last_address] = &LAST;
    let is_same = last_thread.load(Ordering::Relaxed) == thread
        && last_address.load(Ordering::Relaxed) == address;
    last_thread.store(thread, Ordering::Relaxed);
    last_address.store(address, Ordering::Relaxed);
    is_same
}

/// This thread goes on after a fault: the next one at the same address is another.
pub(super) fn forget_last() {
    let thread = tls::thread_state().addr();
    let [last_thread, _] = &LAST;
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
    is_asked: bool,
) -> bool {
    // SAFETY: `co` runs here, so it has a share stack.
    let (low, size) = unsafe {
        let stack = (*co.as_ptr()).share_stack;
        ((*stack).ptr.addr(), stack::below(stack))
    };
    let below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    // A frame that was made in one step: the stack pointer is below the stack, the fault between.
    let in_frame = below(stack_pointer, LARGEST_FRAME)
        && below(address, LARGEST_FRAME)
        && address >= stack_pointer.saturating_sub(REACH);
    below(address, size) || is_asked && in_frame
}

/// The line of a coroutine.
fn print(overflow: &Overflow) {
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
