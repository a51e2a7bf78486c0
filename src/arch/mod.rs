//! The machine: one file and one folder for each architecture, with the same items.
//!
//! | file | what it has |
//! |---|---|
//! | `x86_64.rs`, `aarch64.rs` | the layout of `reg` and of a suspended stack |
//! | `switch.rs` | saves one coroutine and resumes another; ends a coroutine (`exit_to`) |
//! | `resume.rs` | runs a coroutine until it switches back |
//! | `yield_back.rs` | switches to the main coroutine that waits in a resume |
//! | `transfer.rs` | switches to a coroutine other than the main coroutine |
//! | `on_top.rs` | calls on top of the frames of a suspended coroutine |
//! | `root.rs` | the two ends of a coroutine, and entry points before its entry function |
//! | `fpenv.rs` | the floating-point environment in a switch |
//! | `leaf.rs` | functions of a few instructions |
//! | `variadic.rs` | the arguments of a variadic function |
//! | `cfi.rs` | unwind information that code of several kinds has |
//! | `offsets.rs` | the numbers of the assembly are those of the structs |
//!
//! `elf.rs` has what depends on the format of object files, for all of them.
//!
//! | item | what it is |
//! |---|---|
//! | `RETURN_SLOT_SIZE` | bytes between `align_retptr` and `align_highptr` |
//! | `FRAME_POINTER_SLOT` | the slot of the frame pointer in `reg` |
//! | `FRAME_RECORD_OFFSET` | bytes from a main coroutine to the frame record that ends its coroutines' chains |
//! | `FIRST_VALUE_SLOT` | the slot of `reg` for the first value of an unstarted coroutine, and for its result |
//! | `CALLER_OFFSET` | bytes from a suspended context's stack pointer to its return address, in the library |
//! | `MIN_GUARD` | minimum bytes of the guard below a stack |
//! | `switch_body!` | body of a function that saves one coroutine and resumes another: `acosw` |
//! | `exit_to_body!` | body of a function that resumes another coroutine and saves no registers |
//! | `resume_body!` | body of a function that runs a coroutine until it switches back |
//! | `yield_back_body!` | body of a function that switches to the main coroutine that waits |
//! | `transfer_body!` | body of a function that switches to a coroutine of the same main coroutine |
//! | `call_with_frame_pointer` | calls one of these with the frame pointer of the first caller |
//! | `on_other_stack_body!` | body of a function that calls another one on another stack |
//! | `on_top_body!`, `first_on_top_body!` | bodies of functions that a coroutine calls before it goes on |
//! | `is_called_with_frame_pointer` | is a coroutine suspended in the library, in an instrumented switch? |
//! | `INLINE_MARK`, `INLINE_ENTRY_SIZE` | what is before the resume address of an inline yield that can make a call |
//! | `ended_body!` | body of the function in which an ended coroutine resumes |
//! | `set_first_entry`, `first_entry_body!` | an entry point that calls a function before the entry function |
//! | `returning_entry_body!` | an entry point around an entry function that may return |
//! | `argument_entry_body!` | an entry point around a function that takes an argument and has a result |
//! | `root_frame`, `root_return_address` | the return address of an entry function; unwinders continue there |
//! | `save_fpenv!`, `load_fpenv!` | the floating-point environment in a switch; also `read_` or `write_fpenv!` |
//! | `get_fpenv`, `set_fpenv` | stores or loads the floating-point environment of the thread, 8 bytes |
//! | `copy_frames` | copies the live part of a stack |
//! | `prefetch` | fetches a line into the cache |
//! | `prefetch_write` | asks for a cache line, for a write |
//! | `stack_pointer` | the caller's stack pointer |
//! | `weak_functions!` | functions that the program may not have |
//! | `valgrind_request` | a client request to Valgrind |
//! | `variadic_body!`, `VaArguments` | body of a variadic function; what a `va_list` is |
//!
//! ## The rule of a switch
//!
//! * M1. Code that switches away from a context saves the callee-saved registers, and stores a stack pointer and a
//!   resume address in `reg`. To resume the context is to load `reg` and to jump to that address.
//! * M2. A context is its `reg` and its stack, and nothing else. So a copy by value is whole, and a program starts a
//!   coroutine again by writing `reg[RETADDR] = fp` and `reg[SP] = align_retptr`.
//! * M3. A context that `switch` saved has ALL_REGS (`state`): the code that resumes it must load all callee-saved
//!   registers from `reg`. For every other context the stack, frame and base pointer are enough: the code at the
//!   resume address restores the rest.
//! * M4. `switch`, `resume` and `transfer` load all registers, so they resume any context; `resume` does not where
//!   inline code would not. Inline code and `yield_back` load only the few, so they resume an EXCLUSIVE coroutine
//!   without ALL_REGS (`state`, S3), or the coroutine of the hint (`tls`, W2).
//! * M5. A resumed context finds three values in the argument registers: the coroutine that switched here, its own
//!   address, and a value. The value is NULL if none was passed.
//! * M6. From the last store to `reg` on, unwinders find the old context through the register that points to its
//!   coroutine. Before that the frame is the caller's. The CFI says so at each instruction.
//!
//! An unstarted share stack, high addresses first:
//!
//! ```text
//! ptr + sz      +---------------------------+
//!               | unused, to 23 bytes       |
//!               | the coroutine's address   |  read by unwinders: whose frames are below
//! align_highptr +---------------------------+  16-byte aligned
//!               | RETURN_SLOT_SIZE bytes    |  first word: root_return_address()
//! align_retptr  +---------------------------+  <- the stack pointer at the entry of fp
//!               | frames of the coroutine   |  \
//!               ~            ...            ~   > a saved image: [stack pointer, align_retptr)
//!               |                           |  /
//! ptr           +---------------------------+
//!               | guard page                |
//! real_ptr      +---------------------------+
//! ```

use core::ffi::c_void;

mod elf;
pub(crate) use elf::*;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
use aarch64 as machine;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
use x86_64 as machine;

pub(crate) use machine::*;

/// Bytes below the stack pointer of a context that its code may use: the red zone of x86-64, and enough for aarch64.
pub(crate) const RED_ZONE: usize = 128;

/// The two registers in which a function returns. One that returns less leaves the others as they are.
#[repr(C)]
pub(crate) struct ReturnRegisters {
    pub(crate) first: *mut c_void,
    pub(crate) second: *mut c_void,
}

/// Defines functions that return a function of the program. None: the program does not have the symbol.
macro_rules! weak_functions {
    ($($(#[$doc:meta])* $vis:vis fn $name:ident($($argument:ty),*) $(-> $result:ty)? = $symbol:literal;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        $vis fn $name() -> Option<unsafe extern "C" fn($($argument),*) $(-> $result)?> {
            // SAFETY: the symbol is a function of this type, or NULL, which is None.
            unsafe { core::mem::transmute::<*const (), _>($crate::arch::weak_symbol!($symbol)) }
        }
    )* };
}

pub(crate) use weak_functions;
