//! `aco_gtls_co`, the coroutine that runs on this thread, and the thread's own state.
//!
//! The word after `aco_gtls_co` is the hint: the coroutine that the current one can yield to
//! without a look at the cold line of its control block, or NULL. It is set by every resume and
//! cleared by every `acosw`, so where it is not NULL that coroutine waits in a resume. A coroutine that
//! has resumed another one, which has come back, finds its own address: it runs inside something, and
//! how that waits is for the library to find out. A yield
//! compares it with `main_co`, which is the truth. The word after that points to the exceptions that
//! this thread handles (see `exceptions`), or to what a sanitizer wants (see `sanitizer`), or, where the
//! program wants to see switches (see `hooks`), to `aco_gtls_co` itself; or it is NULL. The header's
//! inline code uses both, so their place is part of the ABI.
//!
//! Stable Rust cannot define an exported `__thread` variable, so assembly does; C sees
//! `extern __thread aco_t *aco_gtls_co`. Access is initial-exec: an offset from the GOT and the
//! thread pointer, no call, at the price of 112 bytes of the static TLS block when the library is
//! loaded with dlopen. No address is kept: each access reads the thread pointer anew, because a
//! coroutine that is moved to another thread goes on in the middle of a function.

use core::arch::{asm, global_asm};
use core::ffi::c_void;

use crate::abi::{aco_cofuncp_t, aco_t};

global_asm!(
    // All start as zero: no coroutine, no last word, no environment taken.
    ".pushsection .tbss.aco_gtls_co,\"awT\",%nobits",
    ".globl aco_gtls_co",
    ".type aco_gtls_co, %object",
    ".size aco_gtls_co, 8",
    ".p2align 3",
    "aco_gtls_co: .zero 8",
    ".zero 16", // the hint, the exceptions
    ".popsection",
    ".pushsection .tbss.aco_thread_state,\"awT\",%nobits",
    ".globl aco_thread_state",
    ".hidden aco_thread_state",
    ".type aco_thread_state, %object",
    ".size aco_thread_state, 64",
    ".p2align 4", // the pool's fields are written and read together: in one line
    "aco_thread_state: .zero 64",
    ".popsection",
);

#[cfg(feature = "rt")]
global_asm!(
    // The worker of the runtime (`rt`) that this thread is, or zero; and whether it is one of the threads for calls
    // that block.
    ".pushsection .tbss.aco_worker,\"awT\",%nobits",
    ".globl aco_worker",
    ".hidden aco_worker",
    ".type aco_worker, %object",
    ".size aco_worker, 16",
    ".p2align 3",
    "aco_worker: .zero 16",
    ".popsection",
);

/// What a thread sets up for its coroutines. All zero in a thread that has set up nothing.
#[repr(C)]
pub(crate) struct ThreadState {
    /// Called when an entry function returns; None is the default last word.
    pub(crate) last_word: aco_cofuncp_t,
    /// The floating-point environment that fresh coroutines start with.
    pub(crate) fp_environment: usize,
    /// The thread's heap (`slab`), NULL before it needs one.
    pub(crate) heap: *mut c_void,
    /// Whether `fp_environment` was taken.
    pub(crate) fp_environment_is_set: u32,
    /// What is called when the thread ends, and whether it does (`thread_exit`).
    pub(crate) ending: u32,
    /// Stacks kept for the thread's next ones: the first of a list, NULL at its end.
    pub(crate) kept_stacks: *mut c_void,
    /// Bytes of them.
    pub(crate) kept_bytes: u32,
    /// How many they are.
    pub(crate) kept_count: u16,
    /// How many were given back since the thread last made a stack.
    pub(crate) unwanted: u16,
    /// What the program wants called (`hooks`), NULL: nothing.
    pub(crate) hooks: *const c_void,
    /// The thread's number among those that need one (`record`); 0: none yet.
    pub(crate) number: u32,
    /// A resume that was seen is on its way (`hooks`).
    pub(crate) is_passing: u32,
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

/// This thread's current coroutine: NULL before the first resume, the main coroutine after it.
#[inline(always)]
pub(crate) fn current() -> *mut aco_t {
    // SAFETY: the address is that of the thread's `aco_gtls_co`, which is always initialised.
    unsafe { *(address_of!("aco_gtls_co") as *const *mut aco_t) }
}

/// [`current`], and the hint: who waits in a resume for the current coroutine, or NULL. The current
/// coroutine itself where that has resumed another one, which has come back.
#[inline(always)]
pub(crate) fn current_and_hint() -> (*mut aco_t, *mut aco_t) {
    // SAFETY: the thread's `aco_gtls_co` and the word after it.
    unsafe {
        let words = address_of!("aco_gtls_co") as *const *mut aco_t;
        (*words, *words.add(1))
    }
}

/// The address of both: good until the thread ends, for who is to look at them from another.
pub(crate) fn words() -> *mut *mut aco_t {
    // SAFETY: reads the thread pointer and the variable's offset from it.
    unsafe { address_of!("aco_gtls_co") as *mut *mut aco_t }
}

/// Two words that are not 0 where a switch has more to see to: the C++ runtime's, the sanitizers', or
/// [`own_words`]; NULL: none of them.
#[inline(always)]
pub(crate) fn exceptions() -> *mut c_void {
    // SAFETY: two words after `aco_gtls_co`.
    unsafe { *(address_of!("aco_gtls_co") as *const *mut c_void).add(2) }
}

/// Sets what [`exceptions`] gives.
pub(crate) fn set_exceptions(globals: *mut c_void) {
    // SAFETY: as there.
    unsafe { *(address_of!("aco_gtls_co") as *mut *mut c_void).add(2) = globals }
}

/// The thread's first two words, for a pair that is 0 only while [`set_current`] says that nothing runs.
pub(crate) fn own_words() -> *mut c_void {
    // SAFETY: reads the thread pointer and the variable's offset from it.
    unsafe { address_of!("aco_gtls_co") as *mut c_void }
}

/// Makes `co` the current coroutine, of which is not known who waits for it.
pub(crate) fn set_current(co: *mut aco_t) {
    // SAFETY: the thread's two words; no reference to them exists.
    unsafe {
        let words = address_of!("aco_gtls_co") as *mut *mut aco_t;
        *words = co;
        *words.add(1) = core::ptr::null_mut();
    }
}

/// Makes `co` the current coroutine, for which `waiting` waits in a resume.
pub(crate) fn set_current_and_hint(co: *mut aco_t, waiting: *mut aco_t) {
    // SAFETY: the thread's two words; no reference to them exists.
    unsafe {
        let words = address_of!("aco_gtls_co") as *mut *mut aco_t;
        *words = co;
        *words.add(1) = waiting;
    }
}

/// `co` goes out of use: nobody is to look for it here.
pub(crate) fn forget(co: *mut aco_t) {
    // SAFETY: the thread's two words; no reference to them exists.
    unsafe {
        let words = address_of!("aco_gtls_co") as *mut *mut aco_t;
        for word in [words, words.add(1)] {
            if *word == co {
                *word = core::ptr::null_mut();
            }
        }
    }
}

/// This thread's state. Good until the next switch.
#[inline(always)]
pub(crate) fn thread_state() -> *mut ThreadState {
    // SAFETY: reads the thread pointer and the variable's offset from it.
    unsafe { address_of!("aco_thread_state") as *mut ThreadState }
}

/// The worker that this thread is; NULL: none.
#[cfg(feature = "rt")]
#[inline(always)]
pub(crate) fn worker() -> *mut c_void {
    // SAFETY: the thread's own word.
    unsafe { *(address_of!("aco_worker") as *const *mut c_void) }
}

/// Is this thread one for calls that block?
#[cfg(feature = "rt")]
pub(crate) fn is_helper() -> bool {
    // SAFETY: the thread's own word.
    unsafe { *(address_of!("aco_worker") as *const usize).add(1) != 0 }
}

/// Sets what [`is_helper`] gives.
#[cfg(feature = "rt")]
pub(crate) fn set_is_helper(is: bool) {
    // SAFETY: the thread's own word.
    unsafe { *(address_of!("aco_worker") as *mut usize).add(1) = usize::from(is) }
}

/// Sets what [`worker`] gives.
#[cfg(feature = "rt")]
pub(crate) fn set_worker(worker: *mut c_void) {
    // SAFETY: the thread's own word.
    unsafe { *(address_of!("aco_worker") as *mut *mut c_void) = worker }
}
