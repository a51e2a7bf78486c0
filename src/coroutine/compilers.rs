//! What some compilers keep of a frame beside the stack.
//!
//! C1. A coroutine's frames lie on its own stack, as a whole: a switch changes that stack alone, and a shared one
//!     is copied. A program with frames elsewhere has no coroutine, since each coroutine has a main coroutine and
//!     each runtime a maker, and both ask here.
//! C2. Where the preprocessor knows the option, the headers refuse the file (`aco_inline.h`, `acort.h`). The rest is
//!     known by a function that the compiler links into each such program.

use core::ptr;

use crate::abi::aco_t;
use crate::{arch, diag};

/// The option that has put frames elsewhere, in some file of this program.
fn off_stack_option() -> Option<&'static str> {
    // SAFETY: addresses alone, or NULL; nothing is called. Both names are visible to shared libraries, unlike
    // `__morestack`, with which the first one is linked.
    let (split, unsafe_stack) = unsafe {
        (arch::weak_symbol!("__splitstack_find"), arch::weak_symbol!("__get_unsafe_stack_ptr"))
    };
    match () {
        () if !split.is_null() => Some("-fsplit-stack"),
        () if !unsafe_stack.is_null() => Some("-fsanitize=safe-stack"),
        () => None,
    }
}

/// Says it in the name of `function` and aborts, unless frames lie on their stacks.
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
