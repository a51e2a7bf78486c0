//! Release of a thread's resources when the thread exits, by destructors of pthread keys.
//!
//! * TE1. Each resource has one key and one handler. The first use of a resource in a thread sets the key.
//! * TE2. A thread may create coroutines in destructors that run after the library's, which may not be called again.
//!   So from the first handler on the thread keeps no resource: [`on_exit`] returns false.
//! * TE3. After the library is unloaded no handler is called.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::{sys, tls};

/// A resource that the library keeps for a thread.
#[derive(Clone, Copy)]
pub(crate) enum Resource {
    /// The stack cache.
    StackCache,
    /// The heap.
    Heap,
    /// The stack of the overflow reporter.
    SignalStack,
    /// The sanitizers' state of switches.
    Sanitizer,
    /// The main coroutine of a thread that has created none.
    MainCoroutine,
}

/// The number of resources.
const RESOURCES: usize = 5;

/// The keys plus 1; 0: there is none yet.
#[unsafe(link_section = "aco_shared")]
static KEYS: [AtomicU32; RESOURCES] = [const { AtomicU32::new(0) }; RESOURCES];
/// The handler of each resource.
#[unsafe(link_section = "aco_shared")]
static HANDLERS: [AtomicPtr<c_void>; RESOURCES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; RESOURCES];
/// The library is being unloaded (TE3).
#[unsafe(link_section = "aco_shared")]
static IS_UNLOADED: AtomicBool = AtomicBool::new(false);
/// Bits of a thread's `exit_flags`: the resources that it keeps, and whether it exits.
const EXITING: u32 = 1 << 31;

/// Registers `handler`, the one of `resource`, for the exit of this thread. Returns false if the thread must keep
/// nothing (TE2, TE3).
#[inline(always)]
pub(crate) fn on_exit(resource: Resource, handler: unsafe extern "C" fn(*mut c_void)) -> bool {
    on_exit_with(resource, handler, NonNull::dangling())
}

/// As [`on_exit`]. The handler is called with the first `value` of the thread.
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

/// Records that a handler runs: the thread exits (TE2).
pub(crate) fn mark_exiting() {
    // SAFETY: the thread's own state.
    unsafe { (*tls::thread_state()).exit_flags |= EXITING };
}

/// Runs when the library is unloaded (a plugin with libaco.a), or the process exits: no thread calls the library any
/// more. The thread that unloads it releases its resources here.
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
