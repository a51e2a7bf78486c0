//! Compiler options that keep frames off the coroutine's stack. The library refuses to run with them.
//!
//! * O1. All frames of a coroutine are on its share stack: a switch changes that stack alone, and a shared stack is
//!   copied. Every program with coroutines creates a main coroutine or a runtime, and both check here.
//!
//! * O2. The headers reject a file whose preprocessor shows the option (`aco_inline.h`, `acort.h`). The other options
//!   are found by a function that the compiler links into each such program.

use core::ptr;

use crate::abi::aco_t;
use crate::{arch, diag};

/// Returns the option that keeps frames off the stack in some file of this program. None: no such option was used.
fn off_stack_option() -> Option<&'static str> {
    // SAFETY: a weak symbol's address is only compared with NULL. Shared libraries can see both names, unlike
    // `__morestack`, which comes with the first one.
    let (split, unsafe_stack) = unsafe {
        (arch::weak_symbol!("__splitstack_find"), arch::weak_symbol!("__get_unsafe_stack_ptr"))
    };
    match () {
        () if !split.is_null() => Some("-fsplit-stack"),
        () if !unsafe_stack.is_null() => Some("-fsanitize=safe-stack"),
        () => None,
    }
}

/// Aborts if the program has frames off the stack (O1). The line names `function`.
#[inline]
pub(crate) fn abort_on_off_stack_frames(function: &str) {
    if let Some(option) = off_stack_option() {
        diag::fatal(
            function,
            ptr::null::<aco_t>(),
            format_args!("the program has code of {option}, whose frames are not all on the stack"),
            "compile all of it without that option",
        )
    }
}
