//! The C interface. Each function checks and converts its arguments, and calls the core. It has no logic of its own.
//!
//! The headers are generated from these items and their comments (`make header`). CONTRIBUTING.md has the form of the
//! comments. Each name is in `libaco.map`, and `tests/suite` compares. A panic aborts, so none reaches C.
//!
//! SAFETY comments cite the obligations of the C caller. `aco.h` and `acort.h` state them at the top:
//!
//! * F1: A pointer to an object is NULL, or points to a live object of its type.
//! * F2: A string is NULL, or ends with a NUL byte. A buffer is NULL, or valid for the size that the function names. An
//!   output pointer is NULL, or writable.
//! * F3: A callback is NULL, or can be called with the arguments that its comment names.
//! * F4: One thread at a time uses a coroutine, its main coroutine and its share stack. Objects of `acort.h` are free
//!   of this rule, unless their comment says otherwise.
//! * F5: A freed object is not used afterwards.
//! * F6: The section `# Safety` of the function's comment holds.

#![allow(clippy::missing_safety_doc, reason = "F1 to F5 hold for each function")]

mod arguments;
pub mod classic;
pub mod diagnose;
pub mod extension;
pub mod functions;
#[cfg(feature = "rt")]
pub mod rt;
pub mod version;

use arguments::{live_coroutine, non_null, status_of};
