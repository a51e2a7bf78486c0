//! Values of tasks: each under a key, in an array of the task's own that grows.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::lock::Lock;
use super::task::{self, Task};
use super::worker::Worker;
use super::{Outcome, extra, os};
use crate::{sanitizer, sys};

/// The most keys of the process.
const MOST: u32 = 256;
/// So often values that destructors have set are destroyed, too.
const ROUNDS: u32 = 4;

/// Is called with a value when its task ends.
pub(crate) type Destructor = Option<unsafe extern "C" fn(*mut c_void)>;

#[unsafe(link_section = "aco_shared")]
static LOCK: Lock = Lock::NEW;
/// How many keys there are.
#[unsafe(link_section = "aco_shared")]
static COUNT: AtomicU32 = AtomicU32::new(0);
/// The destructor of each, or NULL.
#[unsafe(link_section = "aco_shared")]
static DESTRUCTORS: [AtomicPtr<c_void>; MOST as usize] =
    [const { AtomicPtr::new(ptr::null_mut()) }; MOST as usize];

/// Makes a key, and writes it to `made`. EAGAIN: there are as many as can be.
pub(crate) fn create_key(made: &mut u32, destructor: Destructor) -> Outcome<()> {
    let _held = LOCK.hold();
    let key = COUNT.load(Ordering::Relaxed);
    let place = DESTRUCTORS.get(key as usize).ok_or(libc::EAGAIN)?;
    let destructor = destructor.map_or(ptr::null_mut(), |function| function as *mut c_void);
    place.store(destructor, Ordering::Relaxed);
    COUNT.store(key + 1, Ordering::Release);
    *made = key;
    sanitizer::is_written(ptr::from_mut(made).cast(), size_of::<u32>());
    Ok(())
}

/// The running task's value; NULL: it has none, or this is a plain thread.
pub(crate) fn get(key: u32) -> *mut c_void {
    // SAFETY: the task that runs here; so many values are there.
    unsafe {
        let task = task::here();
        let values = if task.is_null() { ptr::null_mut() } else { extra::values(task) };
        match values.as_ref() {
            Some(values) if key < values.count => *values.first.add(key as usize),
            _ => ptr::null_mut(),
        }
    }
}

/// Sets the running task's value. EPERM: there is none; EINVAL: no such key; ENOMEM.
pub(crate) fn set(key: u32, value: *mut c_void) -> Outcome<()> {
    // SAFETY: the task that runs here; its array grows where it is too small.
    unsafe {
        let task = task::here();
        if task.is_null() {
            return Err(libc::EPERM);
        }
        if key >= COUNT.load(Ordering::Acquire) {
            return Err(libc::EINVAL);
        }
        let values = extra::make_values(task).as_mut().ok_or(libc::ENOMEM)?;
        if key >= values.count {
            let count = (key + 1).next_power_of_two().max(8);
            let grown = os::grow(values.first, count as usize).ok_or(libc::ENOMEM)?.as_ptr();
            let old = values.count as usize;
            grown.add(old).write_bytes(0, count as usize - old);
            (values.first, values.count) = (grown, count);
        }
        *values.first.add(key as usize) = value;
    }
    Ok(())
}

/// Has the task values?
///
/// # Safety
/// It exists.
#[inline(always)]
pub(crate) unsafe fn has_any(task: *mut Task) -> bool {
    // SAFETY: the caller's promise.
    unsafe { extra::values(task).as_ref().is_some_and(|values| !values.first.is_null()) }
}

/// A task has run to its end: destroys its values. It is the running task meanwhile, on the scheduler's
/// stack.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; the task is its own, and has values.
#[cold]
#[inline(never)]
pub(crate) unsafe fn destroy_all(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        (*worker).current = task;
        for _ in 0..ROUNDS {
            if !destroy_each(task) {
                break;
            }
        }
        (*worker).current = ptr::null_mut();
        let values = extra::values(task);
        sys::free((*values).first.cast());
        ((*values).first, (*values).count) = (ptr::null_mut(), 0);
    }
}

/// Calls each destructor. False: there was nothing to destroy.
unsafe fn destroy_each(task: *mut Task) -> bool {
    let mut found = false;
    for (key, place) in DESTRUCTORS.iter().enumerate() {
        // SAFETY: the caller's promise; destructors may set values, which moves the array.
        unsafe {
            let values = extra::values(task);
            if key >= (*values).count as usize {
                break;
            }
            let value = (*values).first.add(key).replace(ptr::null_mut());
            let destructor = place.load(Ordering::Relaxed);
            if !value.is_null() && !destructor.is_null() {
                found = true;
                let destructor = core::mem::transmute::<*mut c_void, Destructor>(destructor);
                if let Some(destructor) = destructor {
                    destructor(value);
                }
            }
        }
    }
    found
}
