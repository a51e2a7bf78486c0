//! The overflow reporter: says which coroutine ran off its stack, before the fault takes its course.
//!
//! A function on a stack of its own (sigaltstack) looks at each SIGSEGV and SIGBUS. Where the fault or
//! the stack pointer lies in the guard of the stack that the current coroutine runs on, it prints a
//! line. Then what was done before is done again: the action from before is put back and the fault
//! happens once more, so that a handler of the program's runs as it would have, on its stack, with its
//! flags. If the program goes on after that, the next coroutine that is made ready puts the reporter
//! back. The function takes no lock, allocates nothing and reads what is there for every switch.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::abi::aco_t;
use crate::thread_end::{self, Part};
use crate::{arch, coroutine, diag, stack, sys};

/// Bytes of a signal stack, beside what the processor's registers take in a signal frame.
const SIGNAL_STACK: usize = 48 * 1024;
/// A frame so large may be made in one step: the stack pointer is then this far below.
const LARGEST_FRAME: usize = 64 << 20;
/// Bytes below the stack pointer that code writes to: a call's return address, a red zone.
const REACH: usize = 256;

/// Has the process asked for the reporter?
#[unsafe(link_section = "aco_shared")]
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Is it to be put back?
#[unsafe(link_section = "aco_shared")]
static IS_OFF_DUTY: AtomicBool = AtomicBool::new(false);

/// What SIGSEGV and SIGBUS did before; written while the reporter is not there.
static mut BEFORE: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::uninit() }; 2];
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// The action before, of a signal.
fn before(signal: c_int) -> *mut libc::sigaction {
    let index = usize::from(signal == libc::SIGBUS);
    (&raw mut BEFORE).cast::<libc::sigaction>().wrapping_add(index)
}

/// Turns the reporter on, for the process once and for this thread. False: `sys::errno` says why.
pub(crate) fn report() -> bool {
    if !IS_ON.swap(true, Ordering::SeqCst) && !install() {
        IS_ON.store(false, Ordering::SeqCst);
        return false;
    }
    prepare_thread()
}

/// Puts the reporter before whatever handles the signals now.
fn install() -> bool {
    SIGNALS.into_iter().all(|signal| {
        let mut now = MaybeUninit::uninit();
        // SAFETY: `now` is written by the first call. The entry is written before the handler can be
        // called, and only where that is not there already.
        unsafe {
            if !sys::signal_action(signal, None, now.as_mut_ptr()) {
                return false;
            }
            let now = now.assume_init();
            if now.sa_sigaction == on_fault as *const () as usize {
                return true;
            }
            before(signal).write(now);
            sys::signal_action(signal, Some(on_fault), ptr::null_mut())
        }
    })
}

/// Puts the reporter back after a fault that the program has survived.
#[inline(always)]
pub(crate) fn return_to_duty() {
    if IS_OFF_DUTY.load(Ordering::Relaxed) && IS_OFF_DUTY.swap(false, Ordering::SeqCst) {
        install();
    }
}

/// The library is unloaded, or the process ends: the signals are again what they were.
extern "C" fn unload() {
    for signal in SIGNALS {
        let mut now = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: `now` is written; the action before was recorded when ours was installed.
        unsafe {
            if IS_ON.load(Ordering::SeqCst)
                && sys::signal_action(signal, None, now.as_mut_ptr())
                && now.assume_init().sa_sigaction == on_fault as *const () as usize
            {
                sys::restore_action(signal, before(signal));
            }
        }
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;

/// Gives this thread a signal stack, if the reporter is on and the thread has none.
pub(crate) fn prepare_thread() -> bool {
    if !IS_ON.load(Ordering::Relaxed) || sys::has_signal_stack() {
        return true;
    }
    let size = signal_stack_size();
    let Some(memory) = sys::map(size) else { return false };
    // SAFETY: just mapped.
    unsafe {
        if thread_end::call_with(Part::SignalStack, give_back, memory)
            && sys::set_signal_stack(memory.as_ptr(), size)
        {
            return true;
        }
        sys::unmap(memory.as_ptr(), size);
    }
    false
}

fn signal_stack_size() -> usize {
    (SIGNAL_STACK + sys::least_signal_stack()).next_multiple_of(sys::page_size())
}

/// The thread ends.
unsafe extern "C" fn give_back(memory: *mut c_void) {
    thread_end::begin();
    // SAFETY: the memory was mapped for this thread; nothing is on it once it is no signal stack.
    unsafe {
        if sys::take_signal_stack_off(memory) {
            sys::unmap(memory, signal_stack_size());
        }
    }
}

/// A fault: ours to look at, another's to handle.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own structs. The action before was recorded before this was called.
    unsafe {
        // Only the kernel's own have an address; others are sent.
        let is_sent = (*info).si_code <= 0;
        let (address, stack_pointer) = ((*info).si_addr() as usize, arch::interrupted(context));
        if !is_sent && let Some(co) = overflowing(address, stack_pointer) {
            let kib = (*(*co).share_stack).sz / 1024;
            let entry = (*co).fp.map_or(0, |fp| fp as usize);
            let (arg, low) = ((*co).arg, (*(*co).share_stack).ptr);
            diag::print(format_args!(
                "aco: fatal: coroutine {co:p} (entry {entry:#x}, arg {arg:p}) overflowed its {kib} KiB \
                 stack: fault at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it \
                 larger, or its frames smaller)\n"
            ));
        }
        sys::restore_action(signal, before(signal));
        IS_OFF_DUTY.store(true, Ordering::SeqCst);
        if is_sent {
            sys::raise(signal); // delivered when this returns
        }
    }
}

/// The coroutine that ran off its stack, if a fault at `address` with this stack pointer means that.
fn overflowing(address: usize, stack_pointer: usize) -> Option<*mut aco_t> {
    let co = coroutine::running()?.as_ptr();
    // SAFETY: a running coroutine exists, and its stack.
    let low = unsafe { (*(*co).share_stack).ptr as usize };
    let below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    let in_guard = below(address, stack::guard_size());
    // A frame that was made in one step: the stack pointer is below the stack, the fault between.
    let in_frame = below(stack_pointer, LARGEST_FRAME)
        && below(address, LARGEST_FRAME)
        && address >= stack_pointer.saturating_sub(REACH);
    (in_guard || in_frame).then_some(co)
}
