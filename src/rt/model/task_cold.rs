//! What few tasks need: a name, values under keys, a copy of the argument, and room for what waits for
//! several things or is handed over while the task's stack is elsewhere.

use core::ffi::{c_char, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::task::Task;
use crate::record::Values;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::os;
use crate::sys;

/// Bytes of room that need no memory of their own.
const SMALL: usize = 16;

/// Once a task has it, it stays where it is until the task is freed.
#[repr(C)]
pub(crate) struct TaskCold {
    small: [u8; SMALL],
    /// SelectBuffers for more, from malloc, or NULL.
    large: *mut u8,
    /// From malloc, or NULL. Who replaces it holds the group.
    name: AtomicPtr<c_char>,
    /// Bytes of `large`.
    size: u32,
    /// How many places stand at the start of the room: the task waits for several things.
    places: u32,
    /// A call has the room for itself: see [`acquire_scratch`].
    is_taken: bool,
    /// Its values under keys (see `locals`).
    values: Values,
}

impl TaskCold {
    /// Frees it.
    ///
    /// # Safety
    /// It is a task's, or NULL, and not used from here on.
    #[inline(always)]
    pub(crate) unsafe fn free(extra: *mut TaskCold) {
        // SAFETY: the caller's promise: all are from malloc.
        unsafe {
            if let Some(this) = extra.as_ref() {
                sys::free(this.name.load(Ordering::Relaxed).cast());
                sys::free(this.large.cast());
                sys::free(extra.cast());
            }
        }
    }
}

/// The task's; a new one if it has none yet. NULL: there is no memory.
///
/// # Safety
/// The task's group is held, or nobody else knows it.
unsafe fn of(task: *mut Task) -> *mut TaskCold {
    // SAFETY: the caller's promise.
    unsafe {
        let extra = (*task).cold.load(Ordering::Relaxed);
        if !extra.is_null() {
            return extra;
        }
        let new = os::allocate_zeroed::<TaskCold>().map_or(ptr::null_mut(), ptr::NonNull::as_ptr);
        (*task).cold.store(new, Ordering::Release);
        new
    }
}

/// Copies the `size` bytes at `argument` behind the task's new extra part, aligned as malloc does: they are
/// there until the task is freed. NULL: there is no memory.
///
/// # Safety
/// Nobody else knows the task, which has no extra part; the bytes are there.
pub(crate) unsafe fn copy_argument(
    task: *mut Task,
    argument: *const c_void,
    size: usize,
) -> *mut c_void {
    const START: usize = size_of::<TaskCold>().next_multiple_of(16);
    let whole = size.checked_add(START);
    let Some(place) = whole.and_then(os::allocate_array::<u8>) else { return ptr::null_mut() };
    // SAFETY: so much was allocated, all zero: an extra part; the caller's promise.
    unsafe {
        let copy: *mut c_void = place.as_ptr().add(START).cast();
        ptr::copy_nonoverlapping(argument.cast::<u8>(), copy.cast(), size);
        (*task).cold.store(place.as_ptr().cast(), Ordering::Release);
        copy
    }
}

/// The task's values; NULL: it has no extra part.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn values(task: *mut Task) -> *mut Values {
    // SAFETY: the caller's promise: its extra part stays as long.
    unsafe {
        match (*task).cold.load(Ordering::Relaxed) {
            extra if extra.is_null() => ptr::null_mut(),
            extra => &raw mut (*extra).values,
        }
    }
}

/// As [`values`], with a new extra part if it has none. NULL: there is no memory.
///
/// # Safety
/// `task` runs here.
pub(crate) unsafe fn ensure_values(task: *mut Task) -> *mut Values {
    // SAFETY: the caller's promise.
    unsafe {
        if (*task).cold.load(Ordering::Relaxed).is_null() {
            let _guard = (*(*task).group).lock.guard();
            of(task);
        }
        values(task)
    }
}

/// SelectBuffers of the task's own for `size` bytes, aligned to 8; what was in it is lost. NULL: there is no
/// memory.
///
/// # Safety
/// `task` runs here, and waits for nothing.
pub(crate) unsafe fn reserve_scratch(task: *mut Task, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise: its own thread alone uses the room.
    unsafe {
        if (*task).cold.load(Ordering::Relaxed).is_null() {
            let _guard = (*(*task).group).lock.guard();
            if of(task).is_null() {
                return ptr::null_mut();
            }
        }
        let extra = (*task).cold.load(Ordering::Relaxed);
        let has = if (*extra).large.is_null() { SMALL } else { (*extra).size as usize };
        if has < size && !grow(extra, size) {
            return ptr::null_mut();
        }
        room(task)
    }
}

/// As [`scratch`], for a call that keeps the room while hooks run, until [`release_scratch`]. A hook's call is made by the
/// same task: it has NULL while another call keeps the room, and while a hook is told of a wait, which may use the room.
///
/// # Safety
/// `task` runs here.
pub(crate) unsafe fn acquire_scratch(task: *mut Task, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise: its own thread alone uses the room.
    unsafe {
        let extra = (*task).cold.load(Ordering::Relaxed);
        let is_taken = extra.as_ref().is_some_and(|extra| extra.is_taken);
        if is_taken || (*(*task).parker.worker()).in_block_hook {
            return ptr::null_mut();
        }
        let place = reserve_scratch(task, size);
        if !place.is_null() {
            (*(*task).cold.load(Ordering::Relaxed)).is_taken = true;
        }
        place
    }
}

/// The room of [`acquire_scratch`] is for other calls again.
///
/// # Safety
/// The caller has taken it.
pub(crate) unsafe fn release_scratch(task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe { (*(*task).cold.load(Ordering::Relaxed)).is_taken = false }
}

/// A larger room. False: there is no memory.
#[cold]
#[inline(never)]
unsafe fn grow(extra: *mut TaskCold, size: usize) -> bool {
    let whole = size.checked_next_power_of_two().unwrap_or(usize::MAX);
    let Ok(bytes) = u32::try_from(whole.max(64)) else { return false };
    let Some(place) = sys::allocate(bytes as usize) else { return false };
    // SAFETY: the caller's promise.
    unsafe {
        sys::free((*extra).large.cast());
        (*extra).large = place.as_ptr().cast();
        (*extra).size = bytes;
    }
    true
}

/// The room that [`scratch`] has given.
///
/// # Safety
/// The task has an extra part.
pub(crate) unsafe fn room(task: *mut Task) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let extra = (*task).cold.load(Ordering::Relaxed);
        let large = (*extra).large;
        if large.is_null() { (&raw mut (*extra).small).cast() } else { large }
    }
}

/// The task waits for so many things, whose places stand in its room.
///
/// # Safety
/// It has that room, and runs here.
pub(crate) unsafe fn set_select_waiters(task: *mut Task, count: u32) {
    // SAFETY: the caller's promise.
    unsafe { (*(*task).cold.load(Ordering::Relaxed)).places = count }
}

/// Takes the places of a task that waits for several things out of their queues.
///
/// # Safety
/// The objects are there; the wait has ended.
pub(crate) unsafe fn dequeue_select_waiters(task: *mut Task) {
    // SAFETY: the caller's promise: so many places stand at the start of its room.
    unsafe {
        let Some(extra) = (*task).cold.load(Ordering::Relaxed).as_mut() else { return };
        let places: *mut Waiter = room(task).cast();
        for index in 0..extra.places as usize {
            Waiter::dequeue(places.add(index));
        }
        extra.places = 0;
    }
}

/// The task's name; NULL: none.
///
/// # Safety
/// The task exists.
pub(crate) unsafe fn name(task: *mut Task) -> *mut c_char {
    // SAFETY: the caller's promise: its extra part stays as long.
    unsafe { (*task).cold.load(Ordering::Acquire).as_ref() }
        .map_or(ptr::null_mut(), |extra| extra.name.load(Ordering::Acquire))
}

/// Gives the task a name from malloc, or NULL, in place of the one it has, which is freed. False: there is
/// no memory.
///
/// # Safety
/// The task's group is held, or nobody else knows it.
pub(crate) unsafe fn set_name(task: *mut Task, name: *mut c_char) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if name.is_null() && (*task).cold.load(Ordering::Relaxed).is_null() {
            return true;
        }
        let Some(extra) = of(task).as_ref() else { return false };
        sys::free(extra.name.swap(name, Ordering::AcqRel).cast());
    }
    true
}
