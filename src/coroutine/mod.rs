//! A coroutine's life: create, destroy.

mod beginning;
mod compilers;
mod elsewhere;
mod here;
mod main_co;
mod on_stack;

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::{aco_cofuncp_t, aco_share_stack_t, aco_t};
use crate::refusal::Refusal;
use crate::slab::{self, Class};

pub(crate) use beginning::{is_at_beginning, is_fresh, reset};
pub(crate) use compilers::refuse_frames_elsewhere;
pub(crate) use elsewhere::{Use, runs_elsewhere, use_elsewhere};
pub(crate) use here::{inside, is_on_stack_of, is_running, running};
pub(crate) use main_co::{create_main, current_or_main};
pub(crate) use on_stack::{is_on_shared_stack, stack_remaining, stack_trim, stack_used};

use crate::{diag, hooks, record, sanitizer, save, slow_path, stack, state, tls};
use beginning::begin;

/// A coroutine control block, zeroed but for what a main coroutine has.
#[inline(always)]
fn allocate(class: Class, fp: aco_cofuncp_t, arg: *mut c_void) -> Result<*mut aco_t, Refusal> {
    let place = if sanitizer::is_present() { None } else { slab::allocate_fast(class) };
    let Some(co) = place.or_else(|| allocate_slowly(class)) else {
        return Err(Refusal::Coroutine { what: "a coroutine", size: size_of::<aco_t>() });
    };
    let co: *mut aco_t = co.as_ptr().cast();
    // SAFETY: freshly allocated, and all zero is a valid coroutine.
    unsafe {
        co.write_bytes(0, 1);
        (*co).fp = fp;
        (*co).arg = arg;
    }
    Ok(co)
}

/// Bytes of a control block from [`allocate`].
fn block_size() -> usize {
    if sanitizer::is_present() { sanitizer::BLOCK } else { size_of::<aco_t>() }
}

/// A place that may be in no slab: then the coroutine has a record.
#[cold]
#[inline(never)]
fn allocate_slowly(class: Class) -> Option<NonNull<c_void>> {
    let place = if sanitizer::is_present() {
        sanitizer::allocate(slab::allocate_fallback)
    } else {
        slab::allocate_slow(class, size_of::<aco_t>())
    }?;
    if slab::contains(place.as_ptr()) || record::register(place) {
        return Some(place);
    }
    // SAFETY: just allocated, and nobody knows it.
    unsafe { slab::free(place.as_ptr(), block_size()) };
    None
}

/// A coroutine that will run `fp` on `share_stack` when it is first resumed.
///
/// # Safety
/// `main_co` and `share_stack` point to a coroutine and to a share stack.
pub(crate) unsafe fn create(
    main_co: NonNull<aco_t>,
    share_stack: NonNull<aco_share_stack_t>,
    save_stack_sz: usize,
    fp: aco_cofuncp_t,
    arg: *mut c_void,
) -> Result<*mut aco_t, Refusal> {
    let share_stack = share_stack.as_ptr();
    // SAFETY: control blocks stay readable after their stack is destroyed.
    if unsafe { (*share_stack).ptr.is_null() } {
        return Err(Refusal::Destroyed(share_stack));
    }
    // SAFETY: as above.
    let (control, vacant) = unsafe {
        let control = stack::block_of(share_stack);
        (control, stack::has_no_users(control))
    };
    let co = allocate(if vacant { Class::Alone } else { Class::Sharing }, fp, arg)?;
    // Without a wish for its size the area waits for the first copy, which a coroutine with a
    // stack for itself never sees.
    let (area, size) = match save_stack_sz {
        0 => (ptr::null_mut(), save::DEFAULT_SIZE),
        size => match slab::allocate_save_area(size) {
            Some(area) => (area.as_ptr(), size),
            None => {
                record::remove(co);
                // SAFETY: just allocated, and nobody knows it.
                unsafe { slab::free(co.cast(), block_size()) };
                return Err(Refusal::Coroutine { what: "a save stack", size });
            }
        },
    };
    // SAFETY: `co` is fresh, and `share_stack` is live by the caller's promise.
    unsafe {
        (*co).main_co = main_co.as_ptr();
        (*co).save_stack.ptr = area;
        (*co).save_stack.sz = size;
        (*co).share_stack = share_stack;
        stack::bind(co, control);
        begin(co);
        if slow_path::is_needed() {
            hooks::created(co);
        }
    }
    Ok(co)
}

/// Frees a coroutine. Its frames are forgotten, not unwound. The running coroutine may be freed,
/// too: by exit(3) inside it, whose handlers free everything. It cannot yield or exit any more.
///
/// # Safety
/// `co` points to a coroutine that nothing uses from here on.
pub(crate) unsafe fn destroy(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    tls::forget(co);
    // SAFETY: the caller's promise; a main coroutine has neither stack nor save area.
    unsafe {
        if state::is_dead(co) {
            refuse_dead(co)
        }
        if slow_path::is_needed() {
            take_leave(co);
        }
        if !(*co).share_stack.is_null() {
            if sanitizer::is_present() {
                sanitizer::discard(co);
            }
            stack::detach(co);
        }
        if !(*co).save_stack.ptr.is_null() {
            slab::free((*co).save_stack.ptr, (*co).save_stack.sz);
        }
        match slab::slab_of(co.cast()) {
            Some(home) => {
                state::bury(co);
                slab::free_to(home, co.cast());
            }
            None => free_outside(co),
        }
    }
}

/// Frees a control block that does not lie in a slab.
///
/// # Safety
/// As [`destroy`].
#[cold]
#[inline(never)]
unsafe fn free_outside(co: *mut aco_t) {
    // SAFETY: the caller's promise. What the library did not make is a program's own, and has no note.
    unsafe {
        let size = if state::is_ours(co) { block_size() } else { size_of::<aco_t>() };
        state::bury(co);
        slab::free(co.cast(), size);
    }
}

/// Tells the program that `co` will be destroyed, and ends what it has of its own.
///
/// # Safety
/// As [`destroy`].
#[cold]
#[inline(never)]
unsafe fn take_leave(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        hooks::destroys(co);
        record::destroy(co);
        // By a hook, or by a destructor.
        if state::is_dead(co) {
            refuse_dead(co)
        }
    }
}

/// `co` was destroyed before: says so, and aborts.
#[cold]
#[inline(never)]
unsafe fn refuse_dead(co: *mut aco_t) -> ! {
    let rule = "destroy a coroutine once";
    diag::fatal("aco_destroy", co, format_args!("the coroutine is destroyed already"), rule)
}
