//! The published words of threads: the current coroutine and the hint of each thread with a heap.
//!
//! * K1. A thread publishes the address of its two words when it takes a heap for itself, and withdraws it under
//!   [`READERS`] before it ends: under that lock each published address can be read.
//! * K2. In a child of fork(2) the other threads are gone, with the memory of their words. The kernel wipes
//!   [`FORK_MARK`] in the child, and the first use there withdraws all words but the caller's, and frees the lock.
//! * K3. A look reads the two words, and nothing that they point to: it may be out of date when it is over.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::heap::{Heap, Words, any_heap};
use crate::abi::aco_t;
use crate::lock::Lock;
use crate::{sys, tls, valgrind};

/// Locked by a thread that reads the words of others, or withdraws its own.
#[unsafe(link_section = "aco_shared")]
static READERS: Lock = Lock::new();

/// The number of threads with published words.
#[unsafe(link_section = "aco_shared")]
static PUBLISHED_THREADS: AtomicUsize = AtomicUsize::new(0);

/// A word of 1 in memory that the kernel zeroes in a child of fork(2); NULL if the system has no such memory.
#[unsafe(link_section = "aco_shared")]
static FORK_MARK: AtomicPtr<AtomicUsize> = AtomicPtr::new(ptr::null_mut());

/// Publishes the words of this thread in `words`, those of its heap.
pub(super) fn publish(words: &Words) {
    create_fork_mark();
    if FORK_MARK.load(Ordering::Relaxed).is_null() {
        return; // Without the mark a child could not tell (K2).
    }
    detect_fork();
    let own = tls::current_words();
    valgrind::mark_shared(own.addr(), 2 * size_of::<*mut aco_t>());
    if words.swap(own, Ordering::Release).is_null() {
        PUBLISHED_THREADS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Withdraws the words of this thread, which exits.
pub(super) fn withdraw(words: &Words) {
    detect_fork();
    let _guard = READERS.lock_guard();
    if !words.swap(ptr::null_mut(), Ordering::Relaxed).is_null() {
        PUBLISHED_THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns true if `predicate` holds for the current coroutine and the hint of another thread. They may change
/// meanwhile. Returns None if another thread reads the words at the moment, and `wait` is false.
pub(crate) fn any_other_thread(
    wait: bool,
    predicate: impl Fn(*mut aco_t, *mut aco_t) -> bool,
) -> Option<bool> {
    detect_fork();
    // SAFETY: the thread's own state and heap.
    let has_own = unsafe {
        let heap: *mut Heap = (*tls::thread_state()).heap.cast();
        !heap.is_null() && !(*heap).words.load(Ordering::Relaxed).is_null()
    };
    if PUBLISHED_THREADS.load(Ordering::Relaxed) == usize::from(has_own) {
        return Some(false);
    }
    let own = tls::current_words();
    let _guard = if wait { READERS.lock_guard() } else { READERS.try_lock_guard()? };
    Some(any_heap(|words| {
        let words = words.load(Ordering::Acquire);
        // SAFETY: K1, K2.
        !words.is_null()
            && words != own
            && unsafe { predicate(words.read_volatile(), words.add(1).read_volatile()) }
    }))
}

/// Creates the mark, once.
fn create_fork_mark() {
    if !FORK_MARK.load(Ordering::Relaxed).is_null() {
        return;
    }
    let Some(page) = sys::map_wiped_on_fork() else { return };
    let new: *mut AtomicUsize = page.cast().as_ptr();
    valgrind::mark_shared(new.addr(), size_of::<AtomicUsize>());
    // SAFETY: a new page.
    unsafe { (*new).store(1, Ordering::Relaxed) };
    if FORK_MARK
        .compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Relaxed)
        .is_err()
    {
        // SAFETY: no other thread knows the page.
        unsafe { sys::unmap(page.as_ptr(), sys::page_size()) };
    }
}

/// Applies K2 if this is a child of fork(2).
#[inline(always)]
fn detect_fork() {
    // SAFETY: the mark is never unmapped.
    let mark = unsafe { FORK_MARK.load(Ordering::Acquire).as_ref() };
    if let Some(mark) = mark
        && mark.load(Ordering::Relaxed) == 0
    {
        withdraw_others(mark);
    }
}

#[cold]
#[inline(never)]
fn withdraw_others(mark: &AtomicUsize) {
    let own = tls::current_words();
    let mut published = 0;
    any_heap(|words| {
        if words.load(Ordering::Relaxed) == own {
            published = 1;
        } else {
            words.store(ptr::null_mut(), Ordering::Relaxed);
        }
        false
    });
    PUBLISHED_THREADS.store(published, Ordering::Relaxed);
    READERS.reset_after_fork();
    mark.store(1, Ordering::Release);
}
