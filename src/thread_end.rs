//! What the library keeps for a thread goes back when the thread ends: destructors of pthread keys.
//!
//! A thread that ends may still make and destroy coroutines, in destructors of its own that run
//! later, and nobody calls ours again for certain. So from the first one on the thread keeps nothing.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

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
    /// The main coroutine of a thread that has made none.
    Main,
}

/// How many parts there are.
const PARTS: usize = 5;

/// The keys plus 1; 0: none yet.
#[unsafe(link_section = "aco_shared")]
static KEYS: [AtomicU32; PARTS] = [const { AtomicU32::new(0) }; PARTS];
/// What each part wants called.
#[unsafe(link_section = "aco_shared")]
static ENDINGS: [AtomicPtr<c_void>; PARTS] = [const { AtomicPtr::new(ptr::null_mut()) }; PARTS];
/// The library is being unloaded: nothing is armed any more.
#[unsafe(link_section = "aco_shared")]
static IS_UNLOADED: AtomicBool = AtomicBool::new(false);
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
    if IS_UNLOADED.load(Ordering::Relaxed) {
        return false;
    }
    let part = part as usize;
    let (Some(entry), Some(ending)) = (KEYS.get(part), ENDINGS.get(part)) else { return false };
    ending.store(at_end as *mut c_void, Ordering::Relaxed);
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
        unsafe { (*tls::thread_state()).ending |= 1 << part };
    }
    armed
}

/// An `at_end` is called: the thread ends.
pub(crate) fn begin() {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).ending |= ENDS };
}

/// The library is unloaded, if it is inside something that can be (a plugin with libaco.a), or the
/// process ends: no thread may call into it any more. For the thread that unloads it this is the end.
extern "C" fn unload() {
    IS_UNLOADED.store(true, Ordering::Relaxed);
    begin();
    for (part, (entry, ending)) in KEYS.iter().zip(&ENDINGS).enumerate() {
        let key = entry.swap(0, Ordering::AcqRel);
        if key == 0 {
            continue;
        }
        // SAFETY: the thread's own state.
        let is_armed = unsafe { (*tls::thread_state()).ending & 1 << part != 0 };
        let value = if is_armed { sys::thread_value(key - 1) } else { ptr::null_mut() };
        sys::delete_thread_key(key - 1);
        if !value.is_null() {
            // SAFETY: `arm` stored a function of this type there, for this value.
            unsafe {
                let at_end: unsafe extern "C" fn(*mut c_void) =
                    core::mem::transmute(ending.load(Ordering::Relaxed));
                at_end(value);
            }
        }
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;
