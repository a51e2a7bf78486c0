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
pub(crate) enum Resource {
    /// Stacks for the next ones.
    StackCache,
    /// The heap.
    Heap,
    /// The stack of the overflow reporter.
    SignalStack,
    /// What the sanitizers are told of switches.
    Sanitizer,
    /// The main coroutine of a thread that has made none.
    MainCoroutine,
}

/// How many parts there are.
const RESOURCES: usize = 5;

/// The keys plus 1; 0: none yet.
#[unsafe(link_section = "aco_shared")]
static KEYS: [AtomicU32; RESOURCES] = [const { AtomicU32::new(0) }; RESOURCES];
/// What each part wants called.
#[unsafe(link_section = "aco_shared")]
static HANDLERS: [AtomicPtr<c_void>; RESOURCES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; RESOURCES];
/// The library is being unloaded: nothing is armed any more.
#[unsafe(link_section = "aco_shared")]
static IS_UNLOADED: AtomicBool = AtomicBool::new(false);
/// In a thread's `exit_flags`: the parts that are to be called, and whether it ends.
const EXITING: u32 = 1 << 31;

/// Has `handler`, which is always the same for a part, called when this thread ends. False: it cannot
/// be; the thread must not keep anything.
#[inline(always)]
pub(crate) fn on_exit(resource: Resource, handler: unsafe extern "C" fn(*mut c_void)) -> bool {
    on_exit_with(resource, handler, NonNull::dangling())
}

/// As [`on_exit`]; the first `value` that is given in a thread is what `handler` gets.
#[inline(always)]
pub(crate) fn on_exit_with(
    resource: Resource,
    handler: unsafe extern "C" fn(*mut c_void),
    value: NonNull<c_void>,
) -> bool {
    // SAFETY: the thread's own state.
    let exit_flags = unsafe { (*tls::thread_state()).exit_flags };
    match exit_flags & (EXITING | 1 << resource as u32) {
        0 => register(resource, handler, value),
        exit_flags => exit_flags < EXITING,
    }
}

#[cold]
#[inline(never)]
fn register(
    resource: Resource,
    handler: unsafe extern "C" fn(*mut c_void),
    value: NonNull<c_void>,
) -> bool {
    if IS_UNLOADED.load(Ordering::Relaxed) {
        return false;
    }
    let resource = resource as usize;
    let (Some(key_slot), Some(handler_slot)) = (KEYS.get(resource), HANDLERS.get(resource)) else {
        return false;
    };
    handler_slot.store(handler as *mut c_void, Ordering::Relaxed);
    let mut key = key_slot.load(Ordering::Acquire);
    if key == 0 {
        let Some(new) = sys::create_thread_key(handler) else { return false };
        match key_slot.compare_exchange(0, new + 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => key = new + 1,
            Err(winner) => {
                sys::delete_thread_key(new);
                key = winner;
            }
        }
    }
    let is_armed = sys::set_thread_value(key - 1, value.as_ptr());
    if is_armed {
        // SAFETY: the thread's own state.
        unsafe { (*tls::thread_state()).exit_flags |= 1 << resource };
    }
    is_armed
}

/// A `handler` is called: the thread ends.
pub(crate) fn mark_exiting() {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).exit_flags |= EXITING };
}

/// The library is unloaded, if it is inside something that can be (a plugin with libaco.a), or the
/// process ends: no thread may call into it any more. For the thread that unloads it this is the end.
extern "C" fn on_unload() {
    IS_UNLOADED.store(true, Ordering::Relaxed);
    mark_exiting();
    for (resource, (key_slot, handler_slot)) in KEYS.iter().zip(&HANDLERS).enumerate() {
        let key = key_slot.swap(0, Ordering::AcqRel);
        if key == 0 {
            continue;
        }
        // SAFETY: the thread's own state.
        let is_armed = unsafe { (*tls::thread_state()).exit_flags & 1 << resource != 0 };
        let value = if is_armed { sys::thread_value(key - 1) } else { ptr::null_mut() };
        sys::delete_thread_key(key - 1);
        if !value.is_null() {
            // SAFETY: `register` stored a function of this type there, for this value.
            unsafe {
                let handler: unsafe extern "C" fn(*mut c_void) =
                    core::mem::transmute(handler_slot.load(Ordering::Relaxed));
                handler(value);
            }
        }
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static ON_UNLOAD: extern "C" fn() = on_unload;
