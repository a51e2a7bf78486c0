//! Resumes a coroutine that calls a function first, on top of the frames in which it is suspended (`aco_resume_with`).
//!
//! ```text
//! stack of the resumer                 stack of co
//! --------------------                 -----------
//! ... resume_with(co, function)        ... yield
//!       resume(co)          ──────>          function     called as if by the yield
//!                                          yield returns  the result of the function
//! ```
//!
//! The thread's word `pending call` (`tls`) points to the [`Call`], which is in the frame of `resume_with`.
//!
//! * RW1. [`resumed_with`] makes the call, in `co`. It runs once for each `resume_with`, before any other code of `co`.
//!   What calls it depends on where `co` is suspended:
//!
//! | `co` is | the call is made by |
//! |---|---|
//! | suspended in an instrumented switch | that switch, as its last step ([`call_pending`]) |
//! | suspended in an inline yield with `INLINE_MARK` | the program's code beside it: to compilers a call may throw |
//! | suspended elsewhere | [`on_top`]: a frame between the two, which an exception may pass |
//! | unstarted | [`first_on_top`] |
//!
//! * RW2. An exception that the function throws leaves nothing undone: the instrumented switch has put the exception
//!   state of `co` back, and told the sanitizers.
//! * RW3. For the last three the resume address of `co` is replaced. Its stack changes only when it runs.
//! * RW4. Once the function runs, nothing reads the frame of `resume_with`: the function may yield. So `on_top` keeps
//!   the resume address on the stack of `co`.
//! * RW5. `prepare` comes first, and then `resume`, which still sees whether it loads all registers (`state`, S4).
//! * RW6. A hook does not switch. So the code of `co` that runs next takes the call: the word is NULL at every other
//!   moment.

use core::ffi::c_void;
use core::ptr;

use super::forms::{Resume, Resumed};
use super::on_resumer::refuse_switch;
use super::prepare::prepare_in_full;
use crate::abi::aco_t;
use crate::{arch, coroutine, tls};

/// A function and its argument.
pub(crate) type Function = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// The call that a coroutine makes when it resumes.
#[repr(C)]
struct Call {
    /// Where `co` goes on after the call. The first word, which assembly reads.
    resume_address: usize,
    function: Function,
    arg: *mut c_void,
}

/// Runs `co`, which calls `function(arg)` first and is given the result, until it switches back. Returns the value that
/// it yields, as `resume_value` does.
///
/// # Safety
/// As [`prepare`], and `function` can be called with `arg`.
#[cold]
#[inline(never)]
pub(crate) unsafe fn resume_with(
    co: *mut aco_t,
    function: Function,
    arg: *mut c_void,
    resume: Resume,
) -> *mut c_void {
    refuse_switch("aco_resume", co);
    // SAFETY: `co` is as `prepare` requires. After that it is suspended or unstarted, with its frames in their place.
    unsafe {
        prepare_in_full(co);
        let call = Call { resume_address: aco_t::return_address(co), function, arg };
        if coroutine::has_no_frames(co) {
            aco_t::set_register(co, arch::FIRST_VALUE_SLOT, 0);
            aco_t::set_return_address(co, first_on_top as *const () as usize);
        } else if !arch::is_called_with_frame_pointer(co) {
            let entry = inline_entry(call.resume_address);
            aco_t::set_return_address(co, entry.unwrap_or(on_top as *const () as usize));
        }
        let call = (&raw const call).cast_mut().cast();
        tls::replace_pending_call(call);
        resume(co, call).value
    }
}

/// The address at which a coroutine resumes to call `aco_resumed_with`, if it is suspended in an inline yield, at
/// `resume_address`, that can do so.
///
/// # Safety
/// `resume_address` is the resume address of a coroutine.
unsafe fn inline_entry(resume_address: usize) -> Option<usize> {
    let mark = resume_address - arch::INLINE_MARK.len();
    // SAFETY: code is readable. Bytes are read backward while they match, so none before the code is.
    let is_marked = arch::INLINE_MARK.iter().enumerate().rev().all(|(offset, byte)| unsafe {
        ptr::with_exposed_provenance::<u8>(mark + offset).read() == *byte
    });
    is_marked.then_some(mark - arch::INLINE_ENTRY_SIZE)
}

/// Makes the pending call, and returns the coroutine, which may have moved meanwhile, and the result.
///
/// # Safety
/// The call is pending for the running coroutine.
#[inline(never)]
pub(crate) unsafe extern "C" fn resumed_with() -> Resumed {
    let call: *const Call = tls::replace_pending_call(ptr::null_mut()).cast();
    // SAFETY: the call is in the frame of `resume_with`, which waits (RW4). The current coroutine runs.
    unsafe {
        let value = ((*call).function)((*call).arg);
        let co = tls::current();
        if coroutine::has_no_frames(co) {
            aco_t::set_register(co, arch::FIRST_VALUE_SLOT, value as usize);
        }
        Resumed { value, from: co }
    }
}

/// The end of an instrumented switch to the running coroutine, which is given `value`: makes the pending call if there
/// is one (RW1), and returns its result.
pub(super) fn call_pending(value: *mut c_void) -> *mut c_void {
    // SAFETY: a pending call is that of the running coroutine (RW4).
    if !tls::pending_call().is_null() { unsafe { resumed_with().value } } else { value }
}

/// Where a coroutine resumes that is suspended, and makes the pending call.
///
/// # Safety
/// Only a switch comes here, with the pending call as the value.
#[unsafe(naked)]
unsafe extern "C" fn on_top() {
    arch::on_top_body!(resumed_with)
}

/// As [`on_top`], if the coroutine is unstarted.
///
/// # Safety
/// As [`on_top`].
#[unsafe(naked)]
unsafe extern "C" fn first_on_top() {
    arch::first_on_top_body!(resumed_with)
}
