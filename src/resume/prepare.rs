//! Makes a coroutine ready to be resumed.

use core::ptr::NonNull;

use super::refuse::{check_caller, refuse, refuse_null, refuse_stack};
use crate::abi::aco_t;
use crate::coroutine::is_running;
use crate::{exceptions, hooks, overflow, sanitizer, save, stack, state, tls};

/// Makes `co` ready to be gone on in. Aborts when it cannot be run from here.
///
/// # Safety
/// `co` is NULL or points to a coroutine, and its frames are sound.
pub(super) unsafe extern "C" fn prepare(co: *mut aco_t) {
    let Some(co) = NonNull::new(co) else { refuse_null() };
    let co = co.as_ptr();
    // SAFETY: `co` is a suspended or fresh coroutine (checked), whose frames are on its stack
    // when it is the owner.
    unsafe {
        let main_co = (*co).main_co;
        if main_co.is_null() || (*co).is_end != 0 || aco_t::return_address(co) == 0 {
            refuse(co);
        }
        exceptions::find();
        overflow::return_to_duty();
        if tls::current() != main_co {
            check_caller(co);
            hooks::first_resume(main_co);
        }
        let stack = (*co).share_stack;
        let control = stack::control_of(stack);
        if stack::is_gone(co, control) {
            refuse(co);
        }
        let owner = (*stack).owner;
        if owner != co {
            let is_watched = sanitizer::is_present();
            if !owner.is_null() {
                if (*owner).share_stack != stack || is_running(owner) {
                    refuse_stack(co, owner);
                }
                save::save_out(owner, stack, is_watched);
            } else if is_watched {
                sanitizer::forgotten((*stack).ptr, (*stack).sz);
            }
            // Before `restore` names another owner.
            stack::evict_resident(stack, control);
            save::restore(co, stack, is_watched);
        }
        stack::name(stack, co);
        stack::settle(co, control);
        state::mark_resumed(co);
    }
}
