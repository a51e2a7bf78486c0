//! Switches, as the sanitizers are told of them.
//!
//! ```text
//!   leave(from, to, departure)       tells which stack is next; from here on no more reports
//!   the switch itself
//!   arrive(departure)                in the context that goes on: it is there
//!   arrive_first()                   in one that begins
//! ```
//!
//! So that every switch comes through here, from inline code and old binaries, too, the thread's word
//! after the hint (see `tls`) points to a [`Watch`], which begins as if there were always C++ exceptions
//! to be put aside, but for the time of the switch itself.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::notes::Note;
use super::{frames, hooks, notes, watches_switches};
use crate::abi::{aco_share_stack_t, aco_t};
use crate::thread_exit::{self, Resource};
use crate::{arch, diag, sys, tls};

/// What a thread keeps.
#[repr(C)]
struct Watch {
    /// Not 0 but during a switch.
    business: [usize; 2],
    /// The main coroutine that leaves: the runtimes know the bounds of its stack. NULL: another leaves.
    main_co: *mut aco_t,
    /// The runtimes wait to hear that the next context is there.
    is_leaving: bool,
}

/// What the library does at a switch that is seen.
const SEEN: [usize; 2] = [1, 1];
const UNSEEN: [usize; 2] = [0, 0];

/// A context that was left, on its own stack until it goes on: AddressSanitizer's frames off the stack.
pub(crate) struct Departure {
    fake: *mut c_void,
}

impl Departure {
    pub(crate) const fn new() -> Departure {
        Departure { fake: ptr::null_mut() }
    }
}

/// This thread's, if switches are watched: the word is then NULL or what `attach` gave.
fn watch() -> Option<NonNull<Watch>> {
    if watches_switches() { NonNull::new(tls::exceptions().cast()) } else { None }
}

/// Does this thread tell of its switches?
pub(crate) fn is_watched() -> bool {
    watch().is_some()
}

/// A thread's first, for its word: a mapping, which is nobody's leak. None: there is no memory. A thread
/// that ends may get one more, which nobody takes back.
pub(crate) fn attach() -> Option<NonNull<c_void>> {
    let place = sys::map(size_of::<Watch>())?;
    thread_exit::on_exit_with(Resource::Sanitizer, detach, place);
    let watch = Watch { business: SEEN, main_co: ptr::null_mut(), is_leaving: false };
    // SAFETY: just mapped, for one.
    unsafe { place.cast().write(watch) };
    Some(place)
}

/// The thread ends.
unsafe extern "C" fn detach(place: *mut c_void) {
    thread_exit::mark_exiting();
    tls::set_exceptions(ptr::null_mut());
    // SAFETY: what `attach` gave, and the word was the last to know it.
    unsafe { sys::unmap(place, size_of::<Watch>()) };
}

/// Tells that `from` leaves and `to` is next. If `to` is fresh, it will tell that it has arrived.
///
/// # Safety
/// Both point to coroutines, and the switch follows. `departure` stays until `from` goes on.
pub(crate) unsafe fn leave(from: *mut aco_t, to: *mut aco_t, departure: &mut Departure) {
    if !is_watched() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let ends = (*from).is_end != 0;
        if ends {
            forget_frames(from, true);
        }
        tell(from, to, if ends { ptr::null_mut() } else { &raw mut departure.fake });
        if let Some(note) = notes::of(from) {
            (*note.as_ptr()).fake = departure.fake;
        }
        // From here on they are its departure's alone.
        if let Some(note) = notes::of(to) {
            (*note.as_ptr()).fake = ptr::null_mut();
        }
    }
}

/// As [`leave`], by a coroutine that ends.
///
/// # Safety
/// As there.
pub(crate) unsafe fn leave_for_ever(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; a coroutine that does not come back leaves nothing in `departure`.
    unsafe { leave(from, to, &mut Departure::new()) }
}

/// Where a context is: its stack, and its fiber.
struct Place {
    low: *const c_void,
    size: usize,
    fiber: *mut c_void,
}

/// Tells the runtimes that `from` leaves and `to` is next.
///
/// # Safety
/// As [`leave`].
unsafe fn tell(from: *mut aco_t, to: *mut aco_t, fake: *mut *mut c_void) {
    let Some(watch) = watch() else { return };
    // SAFETY: the caller's promise.
    unsafe {
        let is_main = (*from).share_stack.is_null();
        (*watch.as_ptr()).main_co = if is_main { from } else { ptr::null_mut() };
        if is_main && let Some(note) = notes::of(from) {
            let fiber = hooks::tsan_current().map_or(ptr::null_mut(), |current| current());
            (*note.as_ptr()).fiber = fiber;
        }
        let Place { low, size, fiber } = place_of(to);
        if let Some(start) = hooks::start_switch() {
            start(fake, low, size);
        }
        if let Some(start) = hooks::msan_start_switch() {
            start(low, size);
        }
        if let Some(switch) = hooks::tsan_switch_to()
            && let Some(current) = hooks::tsan_current()
            && !fiber.is_null()
            && fiber != current()
        {
            switch(fiber, 0);
        }
        (*watch.as_ptr()).is_leaving = true;
        (*watch.as_ptr()).business = UNSEEN;
    }
}

/// Where `to` is. A fresh coroutine is made to begin in the library.
///
/// # Safety
/// As [`leave`].
unsafe fn place_of(to: *mut aco_t) -> Place {
    // SAFETY: the caller's promise.
    unsafe {
        let (stack, note) = ((*to).share_stack, notes::of(to));
        if stack.is_null() {
            // The bounds of a main coroutine that a program made are not known.
            return note.map_or(
                Place { low: ptr::null(), size: 0, fiber: ptr::null_mut() },
                |note| {
                    let note = note.as_ref();
                    Place { low: note.low, size: note.size, fiber: note.fiber }
                },
            );
        }
        let is_fresh = aco_t::stack_pointer(to) == (*stack).align_retptr as usize;
        if is_fresh && (*to).is_end == 0 {
            // A program that starts a coroutine again by hand has left its frames there, and off it. Those
            // of another owner will be copied out.
            if (*stack).owner == to || (*stack).owner.is_null() {
                frames::forgotten((*stack).ptr, (*stack).sz);
            }
            if let Some(note) = note {
                free_fake(note);
            }
            arch::begin_in(to, first_entry as *const () as usize);
        }
        let fiber = note.map_or(ptr::null_mut(), fiber_of);
        Place { low: (*stack).ptr, size: (*stack).sz, fiber }
    }
}

/// In who goes on: it is there.
pub(crate) fn arrive(departure: &Departure) {
    // SAFETY: the frames are those of who goes on.
    unsafe { finish(departure.fake) }
}

/// The frames of `from` are unwound by force, and now come those of `to`, which waits in a resume.
///
/// # Safety
/// Both point to coroutines.
pub(crate) unsafe fn unwind(from: *mut aco_t, to: *mut aco_t) {
    // SAFETY: the caller's promise; `from` runs for the last time.
    unsafe {
        tell(from, to, &mut ptr::null_mut());
        let fake = notes::of(to).map_or(ptr::null_mut(), |note| (*note.as_ptr()).fake);
        finish(fake);
    }
}

/// In who begins: it is there.
pub(crate) extern "C" fn arrive_first() {
    // SAFETY: it has nothing yet.
    unsafe { finish(ptr::null_mut()) }
}

/// Tells the runtimes that the next context is there; learns the bounds of the one that was left.
///
/// # Safety
/// `fake` is its own, or NULL.
unsafe fn finish(fake: *mut c_void) {
    let Some(watch) = watch().map(NonNull::as_ptr) else { return };
    let (mut low, mut size) = (ptr::null(), 0);
    // SAFETY: the thread's own; the runtimes' functions, where a switch was begun. Who leaves exists.
    unsafe {
        (*watch).business = SEEN;
        if !core::mem::take(&mut (*watch).is_leaving) {
            return;
        }
        if let Some(finish) = hooks::finish_switch() {
            finish(fake, &mut low, &mut size);
        }
        if let Some(finish) = hooks::msan_finish_switch() {
            finish(&mut low, &mut size);
        }
        let main_co = (*watch).main_co;
        if !main_co.is_null()
            && let Some(note) = notes::of(main_co)
        {
            ((*note.as_ptr()).low, (*note.as_ptr()).size) = (low, size);
        }
    }
}

/// The first instructions of every coroutine.
///
/// # Safety
/// Reached by a switch alone.
#[unsafe(naked)]
unsafe extern "C" fn first_entry() {
    arch::first_entry_body!(arrive_first)
}

/// Coroutines that have a fiber.
#[unsafe(link_section = "aco_shared")]
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The fiber of a coroutine, made when it is first needed: ThreadSanitizer has few.
fn fiber_of(note: NonNull<Note>) -> *mut c_void {
    /// gcc 12's allows 8128 threads and fibers at once, and ends the program then.
    const MANY: usize = 8000;
    #[unsafe(link_section = "aco_shared")]
    static SAID: AtomicBool = AtomicBool::new(false);
    // SAFETY: the note of a coroutine that exists; nobody else looks at it now.
    let fiber = unsafe { &mut (*note.as_ptr()).fiber };
    if let Some(create) = hooks::tsan_create()
        && fiber.is_null()
    {
        if LIVE.fetch_add(1, Ordering::Relaxed) >= MANY {
            diag::warn_once(
                &SAID,
                format_args!("more than {MANY} coroutines live under ThreadSanitizer"),
                "that of gcc 12 ends the program at 8128: destroy some, or compile with clang",
            );
        }
        // SAFETY: the runtime's function.
        *fiber = unsafe { create(0) };
    }
    *fiber
}

/// Gives up the fiber of a coroutine that may have ended, in who goes on after it.
///
/// # Safety
/// `co` points to a coroutine.
pub(crate) unsafe fn retire(co: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*co).is_end != 0
            && !(*co).share_stack.is_null()
            && let Some(note) = notes::of(co)
        {
            give_up_fiber(note);
        }
    }
}

/// Gives up what the runtimes hold for a coroutine that is being destroyed: its fiber, and its frames off
/// the stack.
///
/// # Safety
/// `co` points to a coroutine that is not used from here on, and `note` is its note.
pub(super) unsafe fn discard(co: *mut aco_t, note: NonNull<Note>) {
    // SAFETY: the caller's promise.
    unsafe {
        give_up_fiber(note);
        // Not where a copy by value goes on with them.
        let stack = (*co).share_stack;
        let is_taken_over =
            !(*stack).ptr.is_null() && (*stack).owner != co && (*co).save_stack.ptr.is_null();
        if !is_taken_over {
            free_fake(note);
        }
    }
}

/// Frees a coroutine's frames off the stack. AddressSanitizer does that for who leaves for ever: so the
/// coroutine is gone on in, as far as that knows, and left.
///
/// # Safety
/// Nobody goes on with them; no switch is on its way.
unsafe fn free_fake(note: NonNull<Note>) {
    // SAFETY: the caller's promise; nobody else looks at the note now.
    unsafe {
        let fake = core::mem::replace(&mut (*note.as_ptr()).fake, ptr::null_mut());
        if let (Some(start), Some(finish)) = (hooks::start_switch(), hooks::finish_switch())
            && !fake.is_null()
        {
            let (mut own, mut low, mut size) = (ptr::null_mut(), ptr::null(), 0);
            start(&mut own, ptr::null(), 0);
            finish(fake, &mut low, &mut size);
            start(ptr::null_mut(), low, size);
            finish(own, ptr::null_mut(), ptr::null_mut());
        }
    }
}

/// Gives the fiber back, unless it is the one that runs.
///
/// # Safety
/// `note` is that of a coroutine, not of a main one.
unsafe fn give_up_fiber(note: NonNull<Note>) {
    // SAFETY: the caller's promise; nobody else looks at it now.
    let fiber = unsafe { core::mem::replace(&mut (*note.as_ptr()).fiber, ptr::null_mut()) };
    if let (Some(destroy), Some(current)) = (hooks::tsan_destroy(), hooks::tsan_current())
        && !fiber.is_null()
    {
        // SAFETY: the runtime's functions; nobody switches to the fiber any more.
        unsafe {
            if fiber != current() {
                destroy(fiber);
                LIVE.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

/// The frames of `co`, if they are on its stack, are nobody's. `runs`: it is the one that runs here.
///
/// # Safety
/// `co` points to a coroutine with a share stack, live or destroyed. It has ended, or is destroyed.
pub(super) unsafe fn forget_frames(co: *mut aco_t, runs: bool) {
    // SAFETY: the caller's promise; control blocks stay readable.
    unsafe {
        let stack = (*co).share_stack;
        let here = arch::stack_pointer();
        if !runs && (*stack).owner != co {
            return;
        }
        // Its owner, destroyed by itself, runs too.
        let is_here = aco_share_stack_t::contains(stack, here);
        let low = if is_here { here } else { aco_t::stack_pointer(co) };
        if aco_share_stack_t::contains(stack, low) {
            let frames = (*stack).ptr.with_addr(low);
            frames::forgotten(frames, ((*stack).align_highptr.addr()).saturating_sub(low));
        }
    }
}
