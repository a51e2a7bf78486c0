//! What other threads run: the current coroutine and the hint of each thread that has a heap.
//!
//! * K1. A thread publishes the address of its two words when it acquires a heap until it exits. It withdraws the
//!   address under [`READERS`] before it exits. So a thread that holds the lock can read each published address.
//! * K2. A child of fork(2) has none of the other threads, and no memory for their words. The kernel zeroes
//!   [`FORK_MARK`] in the child. The first use there withdraws all words but the caller's, and releases the lock.
//! * K3. A search reads the two words, and nothing that they point to. Its answer may be out of date at once.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::heap::{Heap, Words, any_heap};
use crate::abi::aco_t;
use crate::lock::Lock;
use crate::{sys, tls, valgrind};

/// Held by a thread that reads the words of other threads, and by a thread that withdraws its own.
#[unsafe(link_section = "aco_shared")]
static READERS: Lock = Lock::NEW;

/// The number of threads that have published their words.
#[unsafe(link_section = "aco_shared")]
static PUBLISHED_THREADS: AtomicUsize = AtomicUsize::new(0);

/// A word that is 1, in memory that reads as 0 in a child of fork(2) (K2). NULL: not created, or no such memory.
#[unsafe(link_section = "aco_shared")]
static FORK_MARK: AtomicPtr<AtomicUsize> = AtomicPtr::new(ptr::null_mut());

/// Publishes this thread's words in `words`, which belong to its heap. Does nothing without a fork mark.
pub(super) fn publish(words: &Words) {
    create_fork_mark();
    if FORK_MARK.load(Ordering::Relaxed).is_null() {
        return; // A child of fork(2) would not notice (K2).
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
    let _guard = READERS.guard();
    if !words.swap(ptr::null_mut(), Ordering::Relaxed).is_null() {
        PUBLISHED_THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns true if `predicate` is true of the current coroutine and the hint of some other thread (K3). None: another
/// thread searches, and `wait` is false.
pub(crate) fn any_other_thread(
    wait: bool,
    mut predicate: impl FnMut(*mut aco_t, *mut aco_t) -> bool,
) -> Option<bool> {
    detect_fork();
    // SAFETY: the state is this thread's; heaps are never freed (H4).
    let has_own = unsafe {
        let heap: *mut Heap = (*tls::thread_state()).heap.cast();
        !heap.is_null() && !(*heap).words.load(Ordering::Relaxed).is_null()
    };
    if PUBLISHED_THREADS.load(Ordering::Relaxed) == usize::from(has_own) {
        return Some(false);
    }
    let own = tls::current_words();
    let _guard = if wait { READERS.guard() } else { READERS.try_guard()? };
    Some(any_heap(|words| {
        let words = words.load(Ordering::Acquire);
        // SAFETY: READERS is locked, so each published address can be read (K1). Those of a parent process were
        // withdrawn (K2).
        !words.is_null()
            && words != own
            && unsafe { predicate(words.read_volatile(), words.add(1).read_volatile()) }
    }))
}

/// Creates the fork mark, once in a process.
fn create_fork_mark() {
    if !FORK_MARK.load(Ordering::Relaxed).is_null() {
        return;
    }
    let Some(page) = sys::map_wiped_on_fork() else { return };
    let new: *mut AtomicUsize = page.cast().as_ptr();
    valgrind::mark_shared(new.addr(), size_of::<AtomicUsize>());
    // SAFETY: the page was mapped above.
    unsafe { (*new).store(1, Ordering::Relaxed) };
    if FORK_MARK
        .compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Relaxed)
        .is_err()
    {
        // SAFETY: no other thread has seen the page.
        unsafe { sys::unmap(page.as_ptr(), sys::page_size()) };
    }
}

/// Withdraws the words of the parent's other threads if this is a child of fork(2) (K2).
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
/// Withdraws all words but those of this thread, which is the first to use them in a child of fork(2).
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
