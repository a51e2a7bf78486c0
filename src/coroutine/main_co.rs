//! Main coroutines: the thread's own stack.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::{allocate, destroy, refuse_frames_elsewhere};
use crate::abi::{ACO_REG_IDX_FPU, aco_cofuncp_t, aco_t};
use crate::refusal::Refusal;
use crate::slab::{self, Class};
use crate::thread_exit::{self, Resource};
use crate::{hooks, slow_path, state, thread, tls};

/// A main coroutine: the thread's own stack.
pub(crate) fn create_main(fp: aco_cofuncp_t, arg: *mut c_void) -> Result<*mut aco_t, Refusal> {
    refuse_frames_elsewhere("aco_create");
    let co = allocate(Class::Alone, fp, arg)?;
    // SAFETY: a valid slot of a coroutine that nobody else knows. A switch that shares the
    // environment does not fill it, one that does not share may still load it.
    unsafe {
        aco_t::set_register(co, ACO_REG_IDX_FPU, thread::fp_environment());
        // By this its note is found, and the coroutine itself where all are listed.
        state::bind(co, state::binding(ptr::null_mut(), 0));
        if slow_path::is_needed() {
            hooks::created(co);
        }
    }
    Ok(co)
}

/// The current coroutine; in a thread that has none, a main coroutine, which becomes that and is the
/// library's.
pub(crate) fn current_or_main() -> Result<NonNull<aco_t>, Refusal> {
    if let Some(current) = NonNull::new(tls::current()) {
        return Ok(current);
    }
    let main_co = create_main(Some(the_librarys), ptr::null_mut())?;
    // SAFETY: a constructor gives no NULL.
    let main_co = unsafe { NonNull::new_unchecked(main_co) };
    tls::set_current(main_co.as_ptr());
    thread_exit::on_exit_with(Resource::MainCoroutine, destroy_main, main_co.cast());
    Ok(main_co)
}

/// What a main coroutine that the library has made has for an entry function; nobody calls it.
unsafe extern "C" fn the_librarys() {}

/// The thread ends, and the main coroutine that the library has made for it.
unsafe extern "C" fn destroy_main(main_co: *mut c_void) {
    let main_co: *mut aco_t = main_co.cast();
    // SAFETY: what `current_or_main` made; nothing waits in it any more. The program may have destroyed
    // it, and made another coroutine there: then it is not the current one, and memory in a slab can be read.
    unsafe {
        let is_readable = main_co == tls::current() || slab::contains(main_co.cast());
        let is_ours = |fp: aco_cofuncp_t| {
            fp.is_some_and(|fp| fp as usize == the_librarys as *const () as usize)
        };
        if is_readable && !state::is_dead(main_co) && is_ours((*main_co).fp) {
            destroy(NonNull::new_unchecked(main_co));
        }
    }
}
