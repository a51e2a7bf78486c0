//! The overflow reporter: says which coroutine ran off its stack, before the fault takes its course.
//!
//! A function on a stack of its own (sigaltstack) looks at each SIGSEGV and SIGBUS. Where the fault or
//! the stack pointer lies in the guard of the stack that the current coroutine runs on, it prints a
//! line. Then the fault goes to whoever handled it before: to a function by a call, to the system by
//! doing it again. It takes no lock, allocates nothing and reads what is there for every switch.

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

/// Has the process asked for the reporter?
static IS_ON: AtomicBool = AtomicBool::new(false);

/// What SIGSEGV and SIGBUS did before; written once, before the handler is there.
static mut BEFORE: [MaybeUninit<libc::sigaction>; 2] = [const { MaybeUninit::uninit() }; 2];
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Turns the reporter on, for the process once and for this thread. False: `sys::errno` says why.
pub(crate) fn report() -> bool {
    if !IS_ON.swap(true, Ordering::SeqCst) {
        for (index, signal) in SIGNALS.into_iter().enumerate() {
            // SAFETY: `swap` lets one thread in; the entry is written before the handler can be called.
            let installed = unsafe {
                let before = (&raw mut BEFORE).cast::<libc::sigaction>().add(index);
                sys::signal_action(signal, None, before)
                    && sys::signal_action(signal, Some(on_fault), ptr::null_mut())
            };
            if !installed {
                IS_ON.store(false, Ordering::SeqCst);
                return false;
            }
        }
    }
    prepare_thread()
}

/// Gives this thread a signal stack, if the reporter is on and the thread has none.
pub(crate) fn prepare_thread() -> bool {
    if !IS_ON.load(Ordering::Relaxed) || sys::has_signal_stack() {
        return true;
    }
    if !thread_end::call(Part::SignalStack, give_back) {
        return false;
    }
    let size = signal_stack_size();
    sys::map(size).is_some_and(|memory| sys::set_signal_stack(memory.as_ptr(), size))
}

fn signal_stack_size() -> usize {
    (SIGNAL_STACK + sys::least_signal_stack()).next_multiple_of(sys::page_size())
}

/// The thread ends.
unsafe extern "C" fn give_back(_: *mut c_void) {
    thread_end::begin();
    let size = signal_stack_size();
    // SAFETY: the stack is taken off first. One of another size is the program's.
    unsafe {
        if let Some(memory) = sys::take_signal_stack_off(size) {
            sys::unmap(memory, size);
        }
    }
}

/// A fault: ours to look at, another's to handle.
unsafe extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own structs. The action before was recorded before this was called.
    unsafe {
        let (address, stack_pointer) = ((*info).si_addr() as usize, arch::interrupted(context));
        if let Some(co) = overflowing(address, stack_pointer) {
            let kib = (*(*co).share_stack).sz / 1024;
            let entry = (*co).fp.map_or(0, |fp| fp as usize);
            let (arg, low) = ((*co).arg, (*(*co).share_stack).ptr);
            diag::print(format_args!(
                "aco: fatal: coroutine {co:p} (entry {entry:#x}, arg {arg:p}) overflowed its {kib} KiB \
                 stack: fault at {address:#x}, sp {stack_pointer:#x}, stack from {low:p} (make it \
                 larger, or its frames smaller)\n"
            ));
        }
        let index = usize::from(signal == libc::SIGBUS);
        let before = (&raw const BEFORE).cast::<libc::sigaction>().add(index);
        match (*before).sa_sigaction {
            // Done again after this returns, and nobody is in the way.
            libc::SIG_DFL | libc::SIG_IGN => sys::restore_action(signal, before),
            handler if (*before).sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                    core::mem::transmute(handler);
                handler(signal, info, context);
            }
            handler => {
                let handler: unsafe extern "C" fn(c_int) = core::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}

/// The coroutine that ran off its stack, if a fault at `address` with this stack pointer means that.
unsafe fn overflowing(address: usize, stack_pointer: usize) -> Option<*mut aco_t> {
    let co = coroutine::running()?.as_ptr();
    // SAFETY: a running coroutine exists, and its stack.
    let low = unsafe { (*(*co).share_stack).ptr as usize };
    let below = |place: usize, reach: usize| low.wrapping_sub(place).wrapping_sub(1) < reach;
    let in_guard = below(address, stack::guard_size());
    (in_guard || below(stack_pointer, LARGEST_FRAME) && below(address, LARGEST_FRAME)).then_some(co)
}
