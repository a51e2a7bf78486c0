//! Release of a thread's resources when it exits, by destructors of pthread keys.
//!
//! ```text
//!   bits of a thread's `exit_flags`       on_exit              a handler runs
//!   none                              registers, true      -
//!   the resource's                    true                 sets EXITING
//!   EXITING, with or without it       false                again, if its resource was registered
//! ```
//!
//! * TE1. Each resource has one pthread key and one handler in a process. The key's value in a thread is not NULL once
//!   the thread has registered the resource.
//! * TE2. Each handler but that of the main coroutine first calls [`mark_exiting`]. A thread that exits may still
//!   create and destroy coroutines, in its own destructors. The system may not call a handler again, so from then on
//!   the thread keeps no resource.
//! * TE3. When the library is unloaded, its handlers go away. [`on_unload`] deletes the keys and calls the handlers of
//!   its own thread. No other thread may call into the library then.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::{sys, tls};

/// A resource that the library keeps for a thread.
#[derive(Clone, Copy)]
pub(crate) enum Resource {
    /// The cache of stacks.
    StackCache,
    /// The heap.
    Heap,
    /// The signal stack of the overflow reporter.
    SignalStack,
    /// The state of the sanitizers' view of switches.
    Sanitizer,
    /// The main coroutine that the library created for the thread.
    MainCoroutine,
}

/// The number of resources.
const RESOURCES: usize = 5;

/// For each resource its key plus 1. 0: no key yet.
#[unsafe(link_section = "aco_shared")]
static KEYS: [AtomicU32; RESOURCES] = [const { AtomicU32::new(0) }; RESOURCES];
/// For each resource its handler. NULL: none yet.
#[unsafe(link_section = "aco_shared")]
static HANDLERS: [AtomicPtr<c_void>; RESOURCES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; RESOURCES];
/// The library is unloaded: no handler is registered any more (TE3).
#[unsafe(link_section = "aco_shared")]
static IS_UNLOADED: AtomicBool = AtomicBool::new(false);
/// The bit of a thread's `exit_flags` that says the thread exits. Bit `n` says that resource `n` is registered.
const EXITING: u32 = 1 << 31;

/// Registers `handler` for the exit of this thread. Each call for a resource has the same handler. Returns false if
/// that is not possible: the thread must not keep the resource.
#[inline(always)]
pub(crate) fn on_exit(resource: Resource, handler: unsafe extern "C" fn(*mut c_void)) -> bool {
    on_exit_with(resource, handler, NonNull::dangling())
}

/// Returns true if this thread has registered `resource`, and is not exiting.
#[inline(always)]
pub(crate) fn is_registered(resource: Resource) -> bool {
    // SAFETY: the state is this thread's.
    let exit_flags = unsafe { (*tls::thread_state()).exit_flags };
    exit_flags & (EXITING | 1 << resource as u32) == 1 << resource as u32
}

/// As [`on_exit`]. `handler` gets the `value` of the first call of this thread.
#[inline(always)]
pub(crate) fn on_exit_with(
    resource: Resource,
    handler: unsafe extern "C" fn(*mut c_void),
    value: NonNull<c_void>,
) -> bool {
    // SAFETY: the state is this thread's.
    let exit_flags = unsafe { (*tls::thread_state()).exit_flags };
    match exit_flags & (EXITING | 1 << resource as u32) {
        0 => register(resource, handler, value),
        exit_flags => exit_flags < EXITING,
    }
}

/// Registers a resource, with a new key if it has none. Returns false if the system has no key, or no memory.
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
        // SAFETY: the state is this thread's.
        unsafe { (*tls::thread_state()).exit_flags |= 1 << resource };
    }
    is_armed
}

/// Marks this thread as exiting (TE2).
pub(crate) fn mark_exiting() {
    // SAFETY: the state is this thread's.
    unsafe { (*tls::thread_state()).exit_flags |= EXITING };
}

/// Runs when the process ends, or when an object that contains the library is unloaded: a plugin with libaco.a (TE3).
extern "C" fn on_unload() {
    IS_UNLOADED.store(true, Ordering::Relaxed);
    mark_exiting();
    for (resource, (key_slot, handler_slot)) in KEYS.iter().zip(&HANDLERS).enumerate() {
        let key = key_slot.swap(0, Ordering::AcqRel);
        if key == 0 {
            continue;
        }
        // SAFETY: the state is this thread's.
        let is_armed = unsafe { (*tls::thread_state()).exit_flags & 1 << resource != 0 };
        let value = if is_armed { sys::thread_value(key - 1) } else { ptr::null_mut() };
        sys::delete_thread_key(key - 1);
        if !value.is_null() {
            // SAFETY: `register` stored a function of this type, and this value for it (TE1).
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
