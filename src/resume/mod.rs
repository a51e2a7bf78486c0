//! Resume, yield, exit and transfer: which coroutine runs, and whose frames are on a share stack.
//!
//! ```text
//! main coroutine                                    coroutine co
//! --------------                                    ------------
//! resume(co)
//!   unless co is ready: prepare(co)
//!   current = co, hint = main_co
//!   save main_co, resume co          ────────────>  ... runs ...
//!                                                   yield_back(co)
//!   current = main_co                <────────────    save co, resume main_co
//! returns the value, and co
//! ```
//!
//! | file | what it has |
//! |---|---|
//! | `switch` | the naked functions, in two forms: `resume`, `yield_back`, `switch`, `transfer`, `exit_to` |
//! | `forms` | their types |
//! | `prepare` | the slow path of a resume: checks, copies frames out and in |
//! | `exchange` | the same in a straight line, in the usual case |
//! | `returned` | the thread-local words after a resume returns |
//! | `instrumented` | switches with C++ exceptions, sanitizers and hooks |
//! | `transfer` | a switch to another coroutine of the same main coroutine |
//! | `exit` | yield and exit |
//! | `values`, `cancel` | values that travel with a switch; cancellation |
//! | `resumer` | the resumer of a coroutine that has no fixed main coroutine |
//! | `resume_with` | a resume that calls a function on top of the coroutine first |
//! | `on_resumer` | a call on the stack of the coroutine that waits in the resume |
//! | `misuse` | what is refused, and why |
//!
//! * R1. Only the resuming side writes the current coroutine: `resume` before its jump and after the jump back,
//!   `yield_to` before its jump. `yield_back` writes it where it executes the second half of `resume`. Hooks and forced
//!   unwinding write it, too (`instrumented`, `returned`). Old binaries yield by `acosw`, which does not write it.
//! * R2. When `resume` or `transfer` jumps to a coroutine, the coroutine owns its share stack, which is live. Its
//!   frames are at their addresses, and the word at `align_highptr` names it.
//! * R3. A resume stores the main coroutine's registers in `main_co`. So a main coroutine that waits in a resume must
//!   not resume again; `misuse::check_caller` refuses what it can see of that.
//! * R4. `resume` returns for the coroutine that switched back. After a transfer that is not the coroutine that was
//!   resumed, which may have been destroyed.

mod cancel;
mod exchange;
mod exit;
mod forms;
mod instrumented;
mod misuse;
mod on_resumer;
mod prepare;
mod resume_with;
mod resumer;
mod returned;
mod switch;
mod transfer;
mod values;

pub(crate) use cancel::{cancel, yield_checked};
pub(crate) use exit::{exit, result, return_exits};
pub(crate) use forms::{EntryPoint, Resume};
pub(crate) use on_resumer::on_resumer;
pub(crate) use resume_with::{Function, resume_with, resumed_with};
pub(crate) use resumer::set_resumer;
pub(crate) use returned::returned_via_acosw;
pub(crate) use switch::save_fpenv::{
    argument_entry, exit_to, last_word, resume, returning_entry, switch, transfer, yield_back,
};
pub(crate) use switch::share_fpenv;
pub(crate) use transfer::yield_to;
pub(crate) use values::{first_value, resume_value, yield_value};
