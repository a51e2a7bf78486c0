//! The overflow reporter: says what ran off its stack, before the fault takes its course.
//!
//! A handler on its own stack (sigaltstack) looks at each SIGSEGV and SIGBUS, prints a line where it is
//! an overflow, and hands the signal on. It is on while a runtime that wants it exists, for tasks, and for
//! all coroutines once the program has asked for it. Invariants:
//!
//! 1. It speaks of an address in a guard or gap of the stack that runs here, and of no other fault. Asked
//!    for, it speaks also of a stack pointer that has left the stack, with the fault between the two. It speaks
//!    of each fault once.
//! 2. Each signal goes on to the action before, as if the reporter were not there: that action is put back
//!    and the fault happens again, or the signal that was sent is sent again with all that came with it.
//!    So a handler of the program's runs with its flags, on its stack. Survives the program that, then the
//!    next coroutine that is made ready puts the reporter before what handles the signal now.
//! 3. The action before is put back only where the present one is the reporter's. Where a later handler
//!    calls the reporter, as the one that was there before, nothing is put back: the action before is called.
//! 4. The reporter is in a chain of handlers once at most: it is put before another action only after it has
//!    put its own action before back (`IS_PLACED`). So no chain of handlers is a circle.
//! 5. The handler takes no lock, allocates nothing, keeps errno, and reads what each switch reads.

mod actions;
mod signal_stack;

use core::ffi::{c_int, c_void};
use core::mem;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use actions::{change, hand_on, install, put_back, remove};

use crate::abi::aco_t;
use crate::{arch, coroutine, diag, stack, sys, tls};

/// A frame so large may be made in one step: the stack pointer is then this far below.
const LARGEST_FRAME: usize = 64 << 20;
/// Bytes below the stack pointer that code writes to: a call's return address, a red zone, what aarch64 stores as it
/// lowers the stack pointer.
const REACH: usize = 1024;

/// The program has asked for the reporter.
#[unsafe(link_section = "aco_shared")]
static IS_ASKED: AtomicBool = AtomicBool::new(false);
/// Runtimes that want it.
#[unsafe(link_section = "aco_shared")]
static RUNTIMES: AtomicU32 = AtomicU32::new(0);
/// Says of a coroutine what it knows: the runtime's [`Describe`], or NULL.
#[unsafe(link_section = "aco_shared")]
static DESCRIBE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// Is it to be put back?
#[unsafe(link_section = "aco_shared")]
static IS_OFF_DUTY: AtomicBool = AtomicBool::new(false);

/// The thread and the address of the last line.
#[unsafe(link_section = "aco_shared")]
static LAST: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// An overflow, for who prints the line.
pub(crate) struct Overflow {
    pub(crate) co: NonNull<aco_t>,
    /// Where the fault is, and where the stack pointer is.
    pub(crate) address: usize,
    pub(crate) stack_pointer: usize,
}

/// Prints a line of a coroutine that is a task. False: it is none.
pub(crate) type Describe = fn(&Overflow) -> bool;

fn is_wanted() -> bool {
    IS_ASKED.load(Ordering::SeqCst) || RUNTIMES.load(Ordering::SeqCst) != 0
}

/// Turns the reporter on, for the process once and for this thread. False: `sys::errno` says why.
pub(crate) fn report() -> bool {
    let is_on = change(|| {
        let is_on = install();
        if is_on {
            IS_ASKED.store(true, Ordering::SeqCst);
        }
        is_on
    });
    is_on && prepare_thread()
}

/// A runtime begins that wants the reporter; what it knows of a coroutine comes from `describe`. Without the
/// reporter it runs as well.
#[cfg(feature = "rt")]
pub(crate) fn runtime_begins(describe: Describe) {
    DESCRIBE.store(describe as *mut c_void, Ordering::SeqCst);
    change(|| {
        RUNTIMES.fetch_add(1, Ordering::SeqCst);
        install();
    });
}

/// One that had begun is over.
#[cfg(feature = "rt")]
pub(crate) fn runtime_is_over() {
    change(|| {
        RUNTIMES.fetch_sub(1, Ordering::SeqCst);
        if !is_wanted() {
            remove();
        }
    });
}

/// Puts the reporter back after a fault that the program has survived.
#[inline(always)]
pub(crate) fn return_to_duty() {
    if IS_OFF_DUTY.load(Ordering::Relaxed) {
        go_back();
    }
}

#[cold]
#[inline(never)]
fn go_back() {
    forget_last();
    if IS_OFF_DUTY.swap(false, Ordering::SeqCst) {
        change(|| is_wanted() && install());
    }
}

/// The library is unloaded, or the process ends: the signals are again what they were.
extern "C" fn unload() {
    remove();
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;

/// Gives this thread a signal stack, if the reporter is on and the thread has none.
pub(crate) fn prepare_thread() -> bool {
    !is_wanted() || signal_stack::give()
}

/// A signal: ours to look at, another's to handle.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let errno = sys::errno();
    // SAFETY: the kernel's own structs. The action before was recorded before this was called.
    unsafe {
        let comes_again = comes_again(signal, (*info).si_code);
        if comes_again {
            look(&*info, context);
        }
        if put_back(signal) {
            IS_OFF_DUTY.store(true, Ordering::SeqCst);
            if !comes_again {
                sys::resend_signal(signal, info); // delivered when this returns
            }
        } else {
            hand_on(signal, info, context, comes_again);
        }
    }
    sys::set_errno(errno);
}

/// Returns true for a signal of an instruction, which does the same when it runs again. The others are sent,
/// or tell of something that has happened elsewhere.
fn comes_again(signal: c_int, code: c_int) -> bool {
    const BUS_MCEERR_AO: c_int = 5;
    const SEGV_MTEAERR: c_int = 8;
    let elsewhere = if signal == libc::SIGBUS { BUS_MCEERR_AO } else { SEGV_MTEAERR };
    code > 0 && code != elsewhere
}

/// Prints a line if the fault is an overflow.
///
/// # Safety
/// As [`on_fault`].
unsafe fn look(info: &libc::siginfo_t, context: *mut c_void) {
    // SAFETY: a fault has an address; a running coroutine exists, and its stack.
    unsafe {
        let (address, stack_pointer) = (info.si_addr() as usize, arch::interrupted(context));
        let Some(co) = coroutine::running() else { return };
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
fn forget_last() {
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
        ((*stack).ptr.addr(), stack::guard_and_gap(stack))
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
