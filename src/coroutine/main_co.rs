//! Main coroutines: each stands for the own stack of its thread (L1).

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::compilers::abort_on_off_stack_frames;
use super::control_block::allocate;
use super::destroy::destroy;
use crate::abi::{ACO_REG_IDX_FPU, aco_cofuncp_t, aco_t};
use crate::error::CreateError;
use crate::slab::{self, Class};
use crate::thread_exit::{self, Resource};
use crate::{hooks, slow_path, state, thread, tls};

/// Creates a main coroutine. `fp` and `arg` are kept, and not used.
pub(crate) fn create_main(fp: aco_cofuncp_t, arg: *mut c_void) -> Result<*mut aco_t, CreateError> {
    abort_on_off_stack_frames("aco_create");
    let co = allocate(Class::Alone, fp, arg)?;
    // SAFETY: `co` was just allocated, and the slot is one of `reg`. It is filled because a switch that shares the
    // floating-point environment stores none, and one that does not share it loads what is there.
    unsafe {
        aco_t::set_register(co, ACO_REG_IDX_FPU, thread::initial_fpenv());
        // The bound form makes the coroutine listed, and its sanitizer state found.
        state::bind(co, state::binding(ptr::null_mut(), 0));
        if slow_path::is_needed() {
            hooks::on_create(co);
        }
    }
    Ok(co)
}

/// Returns the current coroutine. In a thread that has none it creates a main coroutine, which becomes the current one
/// and is destroyed when the thread ends.
pub(crate) fn current_or_create_main() -> Result<NonNull<aco_t>, CreateError> {
    if let Some(current) = NonNull::new(tls::current()) {
        return Ok(current);
    }
    let main_co = create_main(Some(implicit_main_entry), ptr::null_mut())?;
    // SAFETY: a created coroutine is not NULL.
    let main_co = unsafe { NonNull::new_unchecked(main_co) };
    tls::set_current(main_co.as_ptr());
    thread_exit::on_exit_with(Resource::MainCoroutine, destroy_implicit_main, main_co.cast());
    Ok(main_co)
}

/// The mark of an implicit main coroutine: it is its entry function, which is never called.
unsafe extern "C" fn implicit_main_entry() {}

/// Destroys the implicit main coroutine of a thread that ends, unless the program has done so.
unsafe extern "C" fn destroy_implicit_main(main_co: *mut c_void) {
    let main_co: *mut aco_t = main_co.cast();
    // SAFETY: `current_or_create_main` created `main_co`, and the thread ends, so nothing waits in it. The program may
    // have destroyed it, and its memory may serve another coroutine. Memory in a slab can be read in any case. The
    // current coroutine exists.
    unsafe {
        let is_readable = main_co == tls::current() || slab::contains(main_co.cast());
        let is_implicit = |fp: aco_cofuncp_t| {
            fp.is_some_and(|fp| fp as usize == implicit_main_entry as *const () as usize)
        };
        if is_readable && !state::is_destroyed(main_co) && is_implicit((*main_co).fp) {
            destroy(NonNull::new_unchecked(main_co));
        }
    }
}
