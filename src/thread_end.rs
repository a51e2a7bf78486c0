//! What the library keeps for a thread goes back when the thread ends: destructors of pthread keys.
//!
//! A thread that ends may still make and destroy coroutines, in destructors of its own that run
//! later, and nobody calls ours again for certain. So from the first one on the thread keeps nothing.

use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::{sys, tls};

/// Who keeps something.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// Stacks for the next ones.
    Stacks,
    /// The heap.
    Slabs,
    /// The stack of the overflow reporter.
    SignalStack,
    /// What the sanitizers are told of switches.
    Switches,
}

/// The keys plus 1; 0: none yet.
#[unsafe(link_section = "aco_shared")]
static KEYS: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];
/// In a thread's `ending`: the parts that are to be called, and whether it ends.
const ENDS: u32 = 1 << 31;

/// Has `at_end`, which is always the same for a part, called when this thread ends. False: it cannot
/// be; the thread must not keep anything.
#[inline(always)]
pub(crate) fn call(part: Part, at_end: unsafe extern "C" fn(*mut c_void)) -> bool {
    call_with(part, at_end, NonNull::dangling())
}

/// As [`call`]; the first `value` that is given in a thread is what `at_end` gets.
#[inline(always)]
pub(crate) fn call_with(
    part: Part,
    at_end: unsafe extern "C" fn(*mut c_void),
    value: NonNull<c_void>,
) -> bool {
    // SAFETY: the thread's own state.
    let ending = unsafe { (*tls::thread_state()).ending };
    match ending & (ENDS | 1 << part as u32) {
        0 => arm(part, at_end, value),
        ending => ending < ENDS,
    }
}

#[cold]
#[inline(never)]
fn arm(part: Part, at_end: unsafe extern "C" fn(*mut c_void), value: NonNull<c_void>) -> bool {
    let Some(entry) = KEYS.get(part as usize) else { return false };
    let mut key = entry.load(Ordering::Acquire);
    if key == 0 {
        let Some(new) = sys::thread_key(at_end) else { return false };
        match entry.compare_exchange(0, new + 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => key = new + 1,
            Err(first) => {
                sys::delete_thread_key(new);
                key = first;
            }
        }
    }
    let armed = sys::set_thread_value(key - 1, value.as_ptr());
    if armed {
        // SAFETY: the thread's own state.
        unsafe { (*tls::thread_state()).ending |= 1 << part as u32 };
    }
    armed
}

/// An `at_end` is called: the thread ends.
pub(crate) fn begin() {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).ending |= ENDS };
}

/// The library is unloaded, if it is inside something that can be (a plugin with libaco.a), or the
/// process ends: no thread may call into it any more.
extern "C" fn unload() {
    for entry in &KEYS {
        let key = entry.swap(0, Ordering::AcqRel);
        if key != 0 {
            sys::delete_thread_key(key - 1);
        }
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;
