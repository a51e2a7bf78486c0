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
mod returning;
mod switch;
mod transfer;
mod values;

pub(crate) use cancel::{cancel, is_cancelled, yield_checked};
pub(crate) use exit::{exit, yield_to_main};
pub(crate) use forms::Resume;
pub(crate) use misuse::resume_error;
pub(crate) use returning::{
    Entry, last_word, last_word_shared_fpenv, return_exits, returning_entry,
    returning_entry_shared_fpenv,
};
pub(crate) use switch::{
    resume, resume_shared_fpenv, returned_via_acosw, switch, switch_shared_fpenv,
};
pub(crate) use transfer::{transfer, transfer_shared_fpenv, yield_to};
pub(crate) use values::{first_value, resume_value, yield_value};
