//! Moves a coroutine to another main coroutine, of this thread or of another one.

use core::ptr::NonNull;

use crate::abi::aco_t;
use crate::{coroutine, diag, frame_chain, record, slab, state};

const FUNCTION: &str = "aco_attach";

/// Makes `main_co`, of this thread, the resumer of `co`. Aborts if `co` visibly is not suspended, has no resumer, or
/// there is no memory.
///
/// # Safety
/// Both point to coroutines. No other thread uses `co`, its share stack, or what is on that.
pub(crate) unsafe fn attach(co: NonNull<aco_t>, main_co: NonNull<aco_t>) {
    let (co, main_co) = (co.as_ptr(), main_co.as_ptr());
    slab::publish_thread();
    // SAFETY: both are coroutines, and control blocks of stacks are never unmapped (CB1 of `control_block`).
    unsafe {
        if let Some((what, rule)) = attach_error(co, main_co) {
            diag::fatal(FUNCTION, co, format_args!("{what}"), rule)
        }
        let owner = (*(*co).share_stack).owner;
        if !owner.is_null() && owner != co && coroutine::runs_on_other_thread(owner) {
            diag::fatal(
                FUNCTION,
                co,
                format_args!("its share stack belongs to {owner:p}, which runs in another thread"),
                "all coroutines of a share stack go together",
            )
        }
        if !record::move_to_this_thread(co) {
            diag::out_of_memory(FUNCTION, co, "a record", record::RECORD_SIZE)
        }
        frame_chain::redirect(co, main_co);
    }
}

/// Returns why `co` cannot be attached to `main_co`, and the rule, or None.
///
/// # Safety
/// Both point to coroutines.
unsafe fn attach_error(
    co: *mut aco_t,
    main_co: *mut aco_t,
) -> Option<(&'static str, &'static str)> {
    // SAFETY: both are coroutines, destroyed ones still readable. A share stack can be read (L7 of `coroutine`).
    unsafe {
        Some(if state::is_destroyed(co) {
            ("the coroutine is destroyed", "attach a coroutine before aco_destroy")
        } else if (*co).main_co.is_null() || (*co).share_stack.is_null() {
            ("it is a main coroutine", "attach coroutines that were created with a main_co")
        } else if state::is_destroyed(main_co) {
            ("the main_co is destroyed", "attach to a coroutine before aco_destroy")
        } else if main_co == co {
            ("the main_co is the coroutine itself", "a coroutine does not wait for itself")
        } else if coroutine::is_running(co) {
            ("the coroutine is running", "attach a coroutine after it has yielded")
        } else if coroutine::runs_on_other_thread(co) {
            (
                "the coroutine runs in another thread",
                "attach a coroutine after it has yielded there",
            )
        } else {
            return None;
        })
    }
}
