//! The synchronization objects. The program allocates them, 64 bytes each. All zero is an initialized one. The file
//! that implements one asserts that it fits.

#![allow(non_camel_case_types)]

/// acort_mutex_init(): the owner of the mutex may lock it again, and unlocks it as often.
pub const ACORT_RECURSIVE: u32 = 1;

/// A mutex. All zero: it is free. The program allocates it, at an address that does not change while the mutex is used.
/// On the stack that the worker's tasks share, every call with it fails with EFAULT and does nothing. The same holds
/// for all synchronization objects.
#[repr(C)]
pub struct acort_mutex_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A lock for many readers or one writer. All zero: it is free.
#[repr(C)]
pub struct acort_rwlock_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A condition variable. All zero: no call waits.
#[repr(C)]
pub struct acort_cond_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A control block of acort_once(). All zero: the function was not called.
#[repr(C)]
pub struct acort_once_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// An event. All zero is one that is not set.
#[repr(C)]
pub struct acort_event_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A semaphore. All zero: its count is 0.
#[repr(C)]
pub struct acort_sem_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A waitgroup. All zero: its count is 0.
#[repr(C)]
pub struct acort_waitgroup_t {
    /// Private to the library.
    pub words: [u64; 8],
}

/// A barrier. All zero: it cannot be used before acort_barrier_init().
#[repr(C)]
pub struct acort_barrier_t {
    /// Private to the library.
    pub words: [u64; 8],
}
