//! A coroutine's life: create, destroy.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::abi::{
    ACO_REG_IDX_FPU, ACO_REG_IDX_RETADDR, ACO_REG_IDX_SP, aco_cofuncp_t, aco_share_stack_t, aco_t,
};
use crate::refusal::Refusal;
use crate::slab::{self, Class};
use crate::thread_end::{self, Part};
use crate::{arch, attention, diag, hooks, record, sanitizer, save, stack, state, thread, tls};

/// A coroutine control block, zeroed but for what a main coroutine has.
#[inline(always)]
fn allocate(class: Class, fp: aco_cofuncp_t, arg: *mut c_void) -> Result<*mut aco_t, Refusal> {
    let place = if sanitizer::is_present() { None } else { slab::take(class) };
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
        sanitizer::allocate(slab::allocate_outside)
    } else {
        slab::allocate_slowly(class, size_of::<aco_t>())
    }?;
    if slab::holds(place.as_ptr()) || record::enter(place) {
        return Some(place);
    }
    // SAFETY: just allocated, and nobody knows it.
    unsafe { slab::free(place.as_ptr(), block_size()) };
    None
}

/// A main coroutine: the thread's own stack.
pub(crate) fn create_main(fp: aco_cofuncp_t, arg: *mut c_void) -> Result<*mut aco_t, Refusal> {
    let co = allocate(Class::Alone, fp, arg)?;
    // SAFETY: a valid slot of a coroutine that nobody else knows. A switch that shares the
    // environment does not fill it, one that does not share may still load it.
    unsafe {
        aco_t::set_register(co, ACO_REG_IDX_FPU, thread::fp_environment());
        // By this its note is found, and the coroutine itself where all are listed.
        state::bind(co, state::binding(ptr::null_mut(), 0));
        if attention::is_due() {
            hooks::created(co);
        }
    }
    Ok(co)
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
        let control = stack::control_of(share_stack);
        (control, stack::is_vacant(control))
    };
    let co = allocate(if vacant { Class::Alone } else { Class::Sharing }, fp, arg)?;
    // Without a wish for its size the area waits for the first copy, which a coroutine with a
    // stack for itself never sees.
    let (area, size) = match save_stack_sz {
        0 => (ptr::null_mut(), save::DEFAULT_SIZE),
        size => match slab::allocate_area(size) {
            Some(area) => (area.as_ptr(), size),
            None => {
                record::forget(co);
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
        if attention::is_due() {
            hooks::created(co);
        }
    }
    Ok(co)
}

/// Writes the registers with which `co` begins when it is first resumed.
///
/// # Safety
/// `co` points to a coroutine without frames, on a live share stack.
unsafe fn begin(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        let entry = (*co).fp.map_or(0, |fp| fp as usize);
        let stack_pointer = (*(*co).share_stack).align_retptr as usize;
        // Profilers that walk frame pointers go on in the main coroutine.
        let record = (*co).main_co as usize + arch::FRAME_RECORD;
        aco_t::set_register(co, ACO_REG_IDX_RETADDR, entry);
        aco_t::set_register(co, ACO_REG_IDX_SP, stack_pointer);
        aco_t::set_register(co, ACO_REG_IDX_FPU, thread::fp_environment());
        aco_t::set_register(co, arch::FRAME_POINTER, record);
        aco_t::set_register(co, arch::FIRST_VALUE, 0);
    }
}

/// Has `co` no frames, or, if it runs, been left by nobody since it began?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_at_beginning(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_t::stack_pointer(co) == (*stack).align_retptr as usize
    }
}

/// Is `co` to begin with its entry function when it is first resumed?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_fresh(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        !state::is_dead(co)
            && (*co).is_end == 0
            && (*co).fp.is_some()
            && !is_running(co)
            && is_at_beginning(co)
    }
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
    thread_end::call_with(Part::Main, destroy_main, main_co.cast());
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
        let is_readable = main_co == tls::current() || slab::holds(main_co.cast());
        let is_ours = |fp: aco_cofuncp_t| {
            fp.is_some_and(|fp| fp as usize == the_librarys as *const () as usize)
        };
        if is_readable && !state::is_dead(main_co) && is_ours((*main_co).fp) {
            destroy(NonNull::new_unchecked(main_co));
        }
    }
}

/// Makes an ended coroutine, or one that has not begun, begin anew with another function. Nothing is
/// allocated; its counters go on. Aborts for every other.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        if let Some((what, rule)) = why_no_reset(co) {
            diag::fatal("aco_reset", co, format_args!("{what}"), rule)
        }
        if attention::is_due() {
            record::end_locals(co);
        }
        (*co).fp = fp;
        (*co).arg = arg;
        (*co).save_stack.valid_sz = 0;
        state::revive(co);
        stack::bind_anew(co);
        begin(co);
    }
}

/// What is wrong with resetting `co`, and the rule.
///
/// # Safety
/// As [`reset`].
unsafe fn why_no_reset(co: *mut aco_t) -> Option<(&'static str, &'static str)> {
    // SAFETY: as there.
    unsafe {
        let stack = (*co).share_stack;
        Some(if state::is_dead(co) {
            ("the coroutine is destroyed", "reset a coroutine before aco_destroy")
        } else if (*co).main_co.is_null() || stack.is_null() {
            ("it is a main coroutine", "reset coroutines that were created with a main_co")
        } else if stack::is_gone(co, stack::control_of(stack)) {
            ("its share stack is destroyed", "destroy a share stack after its last resume")
        } else if (*co).is_end == 0 && (is_running(co) || !is_at_beginning(co)) {
            ("the coroutine has begun", "reset a coroutine that has ended, or not begun")
        } else {
            return None;
        })
    }
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
        if attention::is_due() {
            take_leave(co);
        }
        if !(*co).share_stack.is_null() {
            if sanitizer::is_present() {
                sanitizer::discard(co);
            }
            stack::leave(co);
        }
        if !(*co).save_stack.ptr.is_null() {
            slab::free((*co).save_stack.ptr, (*co).save_stack.sz);
        }
        match slab::home_of(co.cast()) {
            Some(home) => {
                state::bury(co);
                slab::free_in(home, co.cast());
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
        record::end(co);
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

/// The deepest use of its stack by `co` that is known, in bytes: at its switches, and on a filled stack
/// in between, too, by whoever is on it.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn stack_used(co: *mut aco_t) -> usize {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        let copied = (*co).save_stack.max_cpsz;
        if stack.is_null() || (*stack).ptr.is_null() || stack::is_of_another_life(co) {
            return copied;
        }
        let top = (*stack).align_retptr as usize;
        let here = is_running(co) && aco_share_stack_t::contains(stack, arch::stack_pointer());
        let now = if here { arch::stack_pointer() } else { aco_t::stack_pointer(co) };
        let now = if aco_share_stack_t::contains(stack, now) { top.saturating_sub(now) } else { 0 };
        copied.max(now).max(stack::depth(stack))
    }
}

/// Gives the idle pages of its share stack back to the system; how many bytes that were. Nothing from where
/// it cannot be told which are idle: on another stack than the running coroutine's, a signal handler's.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn stack_trim(co: *mut aco_t) -> usize {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        if state::is_dead(co) {
            let rule = "trim the stack of a coroutine before aco_destroy";
            diag::fatal("aco_stack_trim", co, format_args!("the coroutine is destroyed"), rule)
        }
        let stack = (*co).share_stack;
        if stack.is_null() || stack::is_gone(co, stack::control_of(stack)) {
            return 0;
        }
        let is_beside = running().is_some_and(|running| {
            (*running.as_ptr()).share_stack == stack && !is_on_stack_of(running.as_ptr())
        });
        if is_beside { 0 } else { stack::trim(stack) }
    }
}

/// Bytes left on the stack that the caller is on; `thread_stack` gives the lowest address of the thread's.
pub(crate) fn stack_remaining(thread_stack: fn() -> Option<usize>) -> usize {
    let here = arch::stack_pointer();
    let low = match stack_here() {
        // SAFETY: the stack that the caller is on is live.
        Some(stack) => Some(unsafe { (*stack).ptr.addr() }),
        None => thread_stack(),
    };
    low.map_or(0, |low| here.saturating_sub(low))
}

/// Does `place` lie on the caller's stack, and is that shared?
pub(crate) fn is_on_shared_stack(place: *const c_void) -> bool {
    // SAFETY: the stack that the caller is on is live.
    stack_here().is_some_and(|stack| unsafe {
        aco_share_stack_t::contains(stack, place.addr()) && stack::is_shared(stack)
    })
}

/// The share stack of the current coroutine, if the caller is on it.
fn stack_here() -> Option<*mut aco_share_stack_t> {
    let co = tls::current();
    // SAFETY: the current coroutine, where there is one, exists.
    unsafe { (!co.is_null() && is_on_stack_of(co)).then(|| (*co).share_stack) }
}

/// The coroutine that the caller runs in, where that is certain: it is the current one, somebody
/// waits in a resume for it, and this is its stack.
///
/// `aco_gtls_co` alone does not tell. A program may have left a coroutine by longjmp, freed what
/// `aco_gtls_co` points to, or written it by hand. Only what a resume has set together with the
/// hint, and nothing has touched since, is looked at: that coroutine exists. Where the two are the
/// same, it has resumed another one, which has come back.
#[inline(always)]
pub(crate) fn inside() -> Option<NonNull<aco_t>> {
    let (current, waiting) = tls::current_and_hint();
    if waiting.is_null() {
        return None;
    }
    let current = NonNull::new(current)?;
    let co = current.as_ptr();
    // SAFETY: destroying a coroutine takes it out of both words.
    let here = unsafe {
        let waits = (*co).main_co == waiting || co == waiting && !(*co).main_co.is_null();
        waits && is_on_stack_of(co)
    };
    here.then_some(current)
}

/// As [`inside`], for who is on another stack: a signal handler. Whether the coroutine's stack is the
/// one that was left for it is the caller's to judge.
pub(crate) fn running() -> Option<NonNull<aco_t>> {
    let (current, waiting) = tls::current_and_hint();
    let current = NonNull::new(current)?;
    let co = current.as_ptr();
    // SAFETY: as in `inside`.
    let waits = unsafe {
        let main_co = (*co).main_co;
        !main_co.is_null() && (main_co == waiting || co == waiting) && !(*co).share_stack.is_null()
    };
    (!waiting.is_null() && waits).then_some(current)
}

/// Is `co` the coroutine that the caller runs in, or waiting in a resume for it, at any distance?
#[inline(always)]
pub(crate) fn is_running(co: *mut aco_t) -> bool {
    inside().is_some_and(|here| waits_for(here.as_ptr(), co))
}

/// Is `co` the coroutine `here`, or waiting in a resume for it, at any distance?
#[cold]
#[inline(never)]
pub(crate) fn waits_for(here: *mut aco_t, co: *mut aco_t) -> bool {
    let mut running = here;
    // Programs that write `main_co` can make a ring of it: who comes again ends the walk (Brent's way, each
    // place to come back to is twice as far as the one before).
    let (mut seen, mut steps, mut most) = (running, 0_usize, 1_usize);
    while running != co && !running.is_null() {
        // SAFETY: who waits for a running coroutine exists.
        running = unsafe { (*running).main_co };
        steps += 1;
        if running == seen {
            break;
        }
        if steps == most {
            (seen, steps, most) = (running, 0, most * 2);
        }
    }
    running == co
}

/// Is the caller on the share stack of `co`?
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn is_on_stack_of(co: *mut aco_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let stack = (*co).share_stack;
        !stack.is_null() && aco_share_stack_t::contains(stack, arch::stack_pointer())
    }
}
