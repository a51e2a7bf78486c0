//! The functions that switch, in two forms each.
//!
//! `for_both_fpenv!` defines the same items in two modules:
//!
//! | module | floating-point environment |
//! |---|---|
//! | `save_fpenv` | each context has its own: a switch saves the old one's and loads the new one's |
//! | `share_fpenv` | all contexts share one: a switch does not touch it |
//!
//! Those that a context may resume in are in the section `aco_switches` (`symbol::is_in_switch`).
//!
//! The naked bodies are those of `arch`. Each body checks the hook word (`tls`), and jumps to the `_slow` function if a
//! switch has more to do. That function calls the instrumented form, which calls the naked function again.

use core::ffi::c_void;

use super::exit::{end_with_result, exit_current};
use super::forms::Resumed;
use super::instrumented::{
    is_yield, resume_instrumented, switch_instrumented, transfer_instrumented,
};
use super::misuse::abort_yield;
use super::on_resumer::refuse_switch;
use super::prepare::prepare;
use super::returned::returned_via_acosw;
use super::transfer::prepare_transfer;
use crate::abi::aco_t;
use crate::{arch, hooks};

macro_rules! for_both_fpenv {
    ($($fpenv:ident)*) => { $(
        pub(crate) mod $fpenv {
            use super::*;

            /// Runs `co`, which is given `value`, until it yields or exits.
            ///
            /// # Safety
            /// As [`prepare`].
            #[unsafe(naked)]
            #[unsafe(link_section = "aco_switches")]
            pub(crate) unsafe extern "C" fn resume(co: *mut aco_t, value: *mut c_void) -> Resumed {
                arch::resume_body!($fpenv, prepare, resume_slow, returned_via_acosw)
            }

            #[cold]
            unsafe extern "C" fn resume_slow(
                co: *mut aco_t,
                value: *mut c_void,
                frame: usize,
            ) -> Resumed {
                // SAFETY: `resume` passes its arguments on, which are as `prepare` requires.
                unsafe { resume_instrumented(co, value, frame, resume) }
            }

            /// Saves the registers of `from` and resumes `to`, which is given `value`. Returns the value that `from`
            /// is given when something switches back to it.
            ///
            /// # Safety
            /// Both point to coroutines. `to` is suspended or unstarted, and its frames are on its stack.
            #[unsafe(naked)]
            #[unsafe(link_section = "aco_switches")]
            pub(crate) unsafe extern "C" fn switch(
                from: *mut aco_t,
                to: *mut aco_t,
                value: *mut c_void,
            ) -> *mut c_void {
                arch::switch_body!($fpenv, switch_slow)
            }

            #[cold]
            unsafe extern "C" fn switch_slow(
                from: *mut aco_t,
                to: *mut aco_t,
                value: *mut c_void,
                frame: usize,
            ) -> *mut c_void {
                refuse_switch("aco_yield", from);
                // SAFETY: `switch` passes its arguments on. The second switch is a tail call: the context that it
                // saves is the caller of the first one.
                unsafe {
                    if is_yield(from, to) && hooks::try_suppress() {
                        return switch(from, to, value);
                    }
                    switch_instrumented(from, to, value, frame, switch)
                }
            }

            /// Switches from `co` to its main coroutine, which is given `value`. Returns the value of the next resume.
            ///
            /// # Safety
            /// `co` is NULL or points to the running coroutine.
            #[unsafe(naked)]
            #[unsafe(link_section = "aco_switches")]
            pub(crate) unsafe extern "C" fn yield_back(
                value: *mut c_void,
                co: *mut aco_t,
            ) -> *mut c_void {
                arch::yield_back_body!($fpenv, switch, abort_yield)
            }

            /// Saves the registers of `from` and resumes `to`; returns when something switches back to `from`.
            /// `is_ready` is 1 if `to` is the current coroutine and its frames are on its stack. With 0
            /// [`prepare_transfer`] sees to both.
            ///
            /// # Safety
            /// `from` is running, `to` is suspended or unstarted, and `main_co`, the main coroutine of both, waits in
            /// a resume.
            #[unsafe(naked)]
            #[unsafe(link_section = "aco_switches")]
            pub(crate) unsafe extern "C" fn transfer(
                from: *mut aco_t,
                to: *mut aco_t,
                main_co: *mut aco_t,
                is_ready: usize,
            ) {
                arch::transfer_body!($fpenv, prepare_transfer, transfer_slow)
            }

            #[cold]
            unsafe extern "C" fn transfer_slow(
                from: *mut aco_t,
                to: *mut aco_t,
                main_co: *mut aco_t,
                is_ready: usize,
                frame: usize,
            ) {
                // SAFETY: `transfer` passes its arguments on.
                unsafe { transfer_instrumented(from, to, main_co, is_ready, frame, transfer) }
            }

            /// Resumes `to`, which is given `value`, and saves nothing of `from` but its floating-point environment.
            ///
            /// # Safety
            /// As [`switch`]; `from` has ended.
            #[unsafe(naked)]
            pub(crate) unsafe extern "C" fn exit_to(
                from: *mut aco_t,
                to: *mut aco_t,
                value: *mut c_void,
            ) -> ! {
                arch::exit_to_body!($fpenv)
            }

            /// Calls the function of the current coroutine with its argument, then ends the coroutine.
            ///
            /// # Safety
            /// Only a switch comes here.
            #[unsafe(naked)]
            pub(crate) unsafe extern "C" fn argument_entry() -> ! {
                arch::argument_entry_body!(end_with_result, exit_to)
            }

            /// Calls the entry function of the current coroutine, then ends the coroutine.
            ///
            /// # Safety
            /// Only a switch comes here.
            #[unsafe(naked)]
            pub(crate) unsafe extern "C" fn returning_entry() -> ! {
                arch::returning_entry_body!(entry_returned)
            }

            unsafe extern "C" fn entry_returned() -> ! {
                // SAFETY: `returning_entry` runs in the current coroutine.
                unsafe { exit_current(exit_to) }
            }

            /// The last word function of a thread whose entry functions may return: ends the coroutine.
            ///
            /// # Safety
            /// The current coroutine is the one that runs.
            pub(crate) unsafe extern "C" fn last_word() {
                // SAFETY: the caller runs in the current coroutine.
                unsafe { exit_current(exit_to) }
            }
        }
    )* };
}

for_both_fpenv!(save_fpenv share_fpenv);
