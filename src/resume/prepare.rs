//! Makes a coroutine ready to be resumed.

use core::ptr::NonNull;

use super::misuse::{abort_null, abort_resume, abort_stack_in_use, check_caller};
use crate::abi::aco_t;
use crate::coroutine::is_running;
use crate::{exceptions, hooks, overflow, sanitizer, save, stack, state, tls};

/// Makes `co` ready to be gone on in. Aborts when it cannot be run from here.
///
/// # Safety
/// `co` is NULL or points to a coroutine, and its frames are sound.
pub(super) unsafe extern "C" fn prepare(co: *mut aco_t) {
    let Some(co) = NonNull::new(co) else { abort_null() };
    let co = co.as_ptr();
    // SAFETY: `co` is a suspended or fresh coroutine (checked), whose frames are on its stack
    // when it is the owner.
    unsafe {
        let main_co = (*co).main_co;
        if main_co.is_null() || (*co).is_end != 0 || aco_t::return_address(co) == 0 {
            abort_resume(co);
        }
        exceptions::find();
        overflow::reinstall_if_removed();
        if tls::current() != main_co {
            check_caller(co);
            hooks::first_resume(main_co);
        }
        let stack = (*co).share_stack;
        let control = stack::control_of(stack);
        if stack::is_gone(co, control) {
            abort_resume(co);
        }
        let owner = (*stack).owner;
        if owner != co {
            let has_sanitizer = sanitizer::is_present();
            if !owner.is_null() {
                if (*owner).share_stack != stack || is_running(owner) {
                    abort_stack_in_use(co, owner);
                }
                save::save_out(owner, stack, has_sanitizer);
            } else if has_sanitizer {
                sanitizer::unpoison_stack((*stack).ptr, (*stack).sz);
            }
            // Before `restore` names another owner.
            stack::evict_resident(stack, control);
            save::restore(co, stack, has_sanitizer);
        }
        stack::name(stack, co);
        stack::settle(co, control);
        state::mark_resumed(co);
    }
}
