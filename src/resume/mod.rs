//! Resume, yield, exit: who runs, and whose share stack it is.
//!
//! ```text
//!            main coroutine                        coroutine co
//!            --------------                        ------------
//!            resume(co)
//!              ready? else prepare(co)   check it; save the owner out, restore co; settle it
//!              current = co, hint = main_co
//!              leave main_co, go on in co ────────>  ... runs ...
//!                                                    yield_to_main(co)
//!              current = main_co          <────────    leave co, go on in main_co
//! ```
//!
//! `aco_gtls_co` changes on the resuming side only: old binaries yield by calling `acosw`.

mod cancel;
mod exit;
mod forms;
mod instrumented;
mod misuse;
mod prepare;
mod returned;
mod switch;
mod transfer;
mod values;

pub(crate) use cancel::{cancel, is_cancelled, yield_checked};
pub(crate) use exit::{exit, return_exits, yield_to_main};
pub(crate) use forms::{EntryPoint, Resume};
pub(crate) use misuse::resume_error;
pub(crate) use returned::returned_via_acosw;
pub(crate) use switch::save_fpenv::{
    exit_to, last_word, resume, returning_entry, switch, transfer,
};
pub(crate) use switch::share_fpenv::{
    exit_to as exit_to_shared_fpenv, last_word as last_word_shared_fpenv,
    resume as resume_shared_fpenv, returning_entry as returning_entry_shared_fpenv,
    switch as switch_shared_fpenv, transfer as transfer_shared_fpenv,
};
pub(crate) use transfer::yield_to;
pub(crate) use values::{first_value, resume_value, yield_value};
