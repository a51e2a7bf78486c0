//! The thread-local words of the library: `aco_gtls_co` and two after it, and the thread's own state.
//!
//! | byte | word | what it is |
//! |---|---|---|
//! | 0 | `aco_gtls_co` | the current coroutine; NULL before the thread's first resume or `aco_gen_new` |
//! | 8 | hint | NULL, the coroutine that waits in a resume for the current one, or the current one itself |
//! | 16 | hook word | NULL, or a pointer to two words: a switch is instrumented unless both are 0 |
//! | 24 | pending call | NULL, or the call that a coroutine makes when it resumes (`resume::resume_with`) |
//!
//! ```text
//! event                                              current    hint
//! a resume of co, before its jump                    co         main_co
//! that resume, after the jump back                   main_co    NULL if main_co is a main coroutine, else main_co
//! `switch`, which is `acosw`                         unchanged  NULL
//! transfer to co (`resume::yield_to`)                co         main_co if W2 holds for it, else co
//! a resume that returns via `acosw`                  see `resume::returned_via_acosw`
//! a switch that the program's hooks must not see     NULL       NULL
//! aco_destroy of either coroutine                    NULL for that word
//! ```
//!
//! * W1. The words are read by inline code in programs, so their order is part of the ABI.
//! * W2. If the hint is not NULL and not the current coroutine, the coroutine that it names waits in a resume. The
//!   inline yield goes there if the hint is also `main_co`, without a load from the control block of the main
//!   coroutine.
//! * W3. The hint is the current coroutine after a resume in that coroutine has returned, and after a transfer to it.
//!   The coroutine that waits for it is then its `main_co`.
//! * W4. While the hint is not NULL both coroutines exist: `aco_destroy` clears the words that name its coroutine
//!   (`clear_references`). The current coroutine alone proves nothing: a program may have freed it or written the
//!   word.
//! * W5. The hook word points to the exception state of the C++ runtime (`exceptions`), to a pair of the sanitizers
//!   (`sanitizer`), to the first two of these words if the program has hooks (`hooks`), or to a pair that is not zero
//!   while a function runs on its resumer's stack (`resume::on_resumer`). The table of `exceptions` has the order.
//! * W6. No address of a thread-local word is kept across a switch: a coroutine that moves to another thread resumes in
//!   the middle of a function.
//!
//! Assembly defines the variable, because stable Rust has no exported `__thread` variables. C sees
//! `extern __thread aco_t *aco_gtls_co`. Access is initial-exec: an offset from the GOT and the thread pointer, no
//! call. The price is 128 bytes of the static TLS block if the library is loaded with dlopen(3).

use core::arch::{asm, global_asm};
use core::ffi::c_void;

use crate::abi::{aco_cofuncp_t, aco_t};

global_asm!(
    // All words start as 0: no coroutine, no last word function, no saved environment.
    ".pushsection .tbss.aco_gtls_co,\"awT\",%nobits",
    ".globl aco_gtls_co",
    ".type aco_gtls_co, %object",
    ".size aco_gtls_co, 8",
    ".p2align 3",
    "aco_gtls_co: .zero 8",
    ".zero 24", // the hint, the hook word, the pending call
    ".popsection",
    ".pushsection .tbss.aco_thread_state,\"awT\",%nobits",
    ".globl aco_thread_state",
    ".hidden aco_thread_state",
    ".type aco_thread_state, %object",
    ".size aco_thread_state, 64",
    ".p2align 4", // the fields of the stack cache are used together: one cache line
    "aco_thread_state: .zero 64",
    ".popsection",
);

#[cfg(feature = "rt")]
global_asm!(
    // The worker of the runtime (`rt`) on this thread, or 0; 1 on a thread of the blocking pool; the time of the
    // thread's virtual clock, or 0; and the deadline of the thread's scopes plus 1, or 0.
    ".pushsection .tbss.aco_worker,\"awT\",%nobits",
    ".globl aco_worker",
    ".hidden aco_worker",
    ".type aco_worker, %object",
    ".size aco_worker, 32",
    ".p2align 3",
    "aco_worker: .zero 32",
    ".popsection",
);

/// The per-thread state of the library. All zero in a thread that has set up nothing.
#[repr(C)]
pub(crate) struct ThreadState {
    /// Called when an entry function returns. None: the default last word function.
    pub(crate) last_word: aco_cofuncp_t,
    /// The floating-point environment that new coroutines start with.
    pub(crate) initial_fpenv: usize,
    /// The thread's heap (`slab`). NULL before the thread needs one.
    pub(crate) heap: *mut c_void,
    /// 1 if `initial_fpenv` is set.
    pub(crate) has_initial_fpenv: u32,
    /// The resources to free when the thread exits, and whether it is exiting (`thread_exit`).
    pub(crate) exit_flags: u32,
    /// The thread's cached stacks (`stack`): the first of a list, which ends in NULL.
    pub(crate) cached_stacks: *mut c_void,
    /// Bytes of the cached stacks.
    pub(crate) cached_bytes: u32,
    /// The number of cached stacks.
    pub(crate) cached_count: u16,
    /// Cached stacks that were released for newer ones since the thread last allocated a stack.
    pub(crate) unused_releases: u16,
    /// The program's hooks (`hooks`). NULL: none.
    pub(crate) hooks: *const c_void,
    /// The thread's id for records (`record`). 0: none yet.
    pub(crate) thread_id: u32,
    /// 1 while a resume whose hooks were called is on its way (`hooks`).
    pub(crate) is_suppressed: u16,
    /// 1 while the running coroutine calls a function on its resumer's stack (`resume::on_resumer`).
    pub(crate) is_on_resumer: u16,
}

const _: () = assert!(size_of::<ThreadState>() == 64);

/// The address of this thread's copy of a TLS variable.
macro_rules! address_of {
    ($variable:literal) => {{
        let address: usize;
        #[cfg(target_arch = "x86_64")]
        asm!(
            "mov {address}, qword ptr fs:[0]",
            concat!("add {address}, qword ptr [rip + ", $variable, "@GOTTPOFF]"),
            address = out(reg) address,
            options(nostack, readonly),
        );
        #[cfg(target_arch = "aarch64")]
        asm!(
            concat!("adrp {offset}, :gottprel:", $variable),
            concat!("ldr {offset}, [{offset}, :gottprel_lo12:", $variable, "]"),
            "mrs {address}, tpidr_el0",
            "add {address}, {address}, {offset}",
            address = out(reg) address,
            offset = out(reg) _,
            options(nostack, readonly, preserves_flags),
        );
        address
    }};
}

/// The current coroutine of this thread.
#[inline(always)]
pub(crate) fn current() -> *mut aco_t {
    // SAFETY: the thread's `aco_gtls_co`, which is always initialized.
    unsafe { *(address_of!("aco_gtls_co") as *const *mut aco_t) }
}

/// The current coroutine and the hint (W2, W3).
#[inline(always)]
pub(crate) fn current_and_hint() -> (*mut aco_t, *mut aco_t) {
    // SAFETY: the thread's `aco_gtls_co` and the word after it, which are always initialized.
    unsafe {
        let words = address_of!("aco_gtls_co") as *const *mut aco_t;
        (*words, *words.add(1))
    }
}

/// The address of the current coroutine and the hint. Valid until the thread exits, from other threads too.
pub(crate) fn current_words() -> *mut *mut aco_t {
    // SAFETY: reads the thread pointer and the variable's offset from it.
    unsafe { address_of!("aco_gtls_co") as *mut *mut aco_t }
}

/// The hook word (W5).
#[inline(always)]
pub(crate) fn hook_word() -> *mut c_void {
    // SAFETY: the word 16 bytes after the thread's `aco_gtls_co`.
    unsafe { *(address_of!("aco_gtls_co") as *const *mut c_void).add(2) }
}

/// Sets the hook word (W5).
pub(crate) fn set_hook_word(pair: *mut c_void) {
    // SAFETY: the word 16 bytes after the thread's `aco_gtls_co`.
    unsafe { *(address_of!("aco_gtls_co") as *mut *mut c_void).add(2) = pair }
}

/// The pending call of this thread, or NULL.
pub(crate) fn pending_call() -> *mut c_void {
    // SAFETY: the word 24 bytes after the thread's `aco_gtls_co`.
    unsafe { *(address_of!("aco_gtls_co") as *const *mut c_void).add(3) }
}

/// Sets the pending call (`resume::resume_with`), and returns the one before. NULL: none.
pub(crate) fn replace_pending_call(call: *mut c_void) -> *mut c_void {
    // SAFETY: the word 24 bytes after the thread's `aco_gtls_co`. No reference to it exists.
    unsafe { (address_of!("aco_gtls_co") as *mut *mut c_void).add(3).replace(call) }
}

/// Makes `co` the current coroutine, and clears the hint.
pub(crate) fn set_current(co: *mut aco_t) {
    set_current_and_hint(co, core::ptr::null_mut());
}

/// Makes `co` the current coroutine, and sets the hint.
pub(crate) fn set_current_and_hint(co: *mut aco_t, hint: *mut aco_t) {
    // SAFETY: the thread's own two words. No reference to them exists.
    unsafe {
        let words = address_of!("aco_gtls_co") as *mut *mut aco_t;
        *words = co;
        *words.add(1) = hint;
    }
}

/// Returns true while the running coroutine calls a function on its resumer's stack.
#[inline(always)]
pub(crate) fn is_on_resumer() -> bool {
    // SAFETY: the state is this thread's.
    unsafe { (*thread_state()).is_on_resumer != 0 }
}

/// Says whether the running coroutine calls a function on its resumer's stack.
pub(crate) fn set_is_on_resumer(is: bool) {
    // SAFETY: the state is this thread's.
    unsafe { (*thread_state()).is_on_resumer = u16::from(is) }
}

/// Returns true if one of the two words names `co`.
#[inline(always)]
pub(crate) fn is_named(co: *mut aco_t) -> bool {
    let (current, hint) = current_and_hint();
    current == co || hint == co
}

/// Clears the words that name `co`, which is being destroyed (W4).
pub(crate) fn clear_references(co: *mut aco_t) {
    // SAFETY: the thread's own two words. No reference to them exists.
    unsafe {
        let words = address_of!("aco_gtls_co") as *mut *mut aco_t;
        for word in [words, words.add(1)] {
            if *word == co {
                *word = core::ptr::null_mut();
            }
        }
    }
}

/// This thread's state. The pointer is valid until the next switch (W6).
#[inline(always)]
pub(crate) fn thread_state() -> *mut ThreadState {
    // SAFETY: reads the thread pointer and the variable's offset from it.
    unsafe { address_of!("aco_thread_state") as *mut ThreadState }
}

/// The worker of this thread. NULL: none.
#[inline(always)]
pub(crate) fn worker() -> *mut c_void {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *const *mut c_void) }
}

/// Returns true if this thread is one of the blocking pool.
pub(crate) fn is_blocking_thread() -> bool {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *const usize).add(1) != 0 }
}

/// Says whether this thread is one of the blocking pool.
pub(crate) fn set_is_blocking_thread(is: bool) {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *mut usize).add(1) = usize::from(is) }
}

/// The time of this thread's virtual clock. 0: the thread has none.
#[inline(always)]
pub(crate) fn virtual_time() -> i64 {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *const i64).add(2) }
}

/// Sets the time of this thread's virtual clock. 0: the thread has none.
pub(crate) fn set_virtual_time(time: i64) {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *mut i64).add(2) = time }
}

/// The deadline that bounds the waits of this thread outside of tasks (`rt/park/scope`); -1: none.
#[inline(always)]
pub(crate) fn thread_deadline() -> i64 {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { (*(address_of!("aco_worker") as *const i64).add(3)).wrapping_sub(1) }
}

/// Sets that deadline.
pub(crate) fn set_thread_deadline(deadline: i64) {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *mut i64).add(3) = deadline.wrapping_add(1) }
}

/// Sets the worker of this thread. NULL: none.
pub(crate) fn set_worker(worker: *mut c_void) {
    // SAFETY: the thread's own word. No reference to it exists.
    unsafe { *(address_of!("aco_worker") as *mut *mut c_void) = worker }
}
