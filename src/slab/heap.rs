//! Heaps: who may take and free places in a slab.
//!
//! A heap is held by one thread, which alone touches its slabs. Another thread that frees a place
//! of it puts the place on the heap's list of returns, which the holder empties before it maps
//! memory. A thread that ends lets its heap go, with whatever is alive there; the next thread that
//! needs a heap takes one of those. Who returns a place to a heap that nobody holds takes hold of
//! it for as long as it takes to empty the list. Heaps stay for ever, and are few: as many as
//! threads ever had coroutines at once.
//!
//! The slabs of a class grow from 64 KiB to 2 MiB, which may be a huge page. One that is empty
//! goes back to the system, but for the one that is taken from: that gives its pages back beyond
//! the first few.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering, fence};

use super::{CLASSES, Class, region};
use crate::thread_end::{self, Part};
use crate::{sanitizer, sys, tls};

/// Bytes of the first slab of a class.
const FIRST: usize = region::UNIT;
/// Bytes that an empty slab keeps.
const KEPT: usize = 32 * 1024;
/// Bytes before the first place: two lines, whose second is free.
const HEADER: usize = 128;

/// What a region starts with.
pub(super) struct Slab {
    /// The places freed last, linked through themselves.
    free: *mut c_void,
    /// The first of the places that were never taken, and the end of them.
    fresh: *mut c_void,
    end: *mut c_void,
    /// Where `fresh` began, and where an empty slab is worth giving back.
    first: *mut c_void,
    limit: *mut c_void,
    /// Places in use, those on the list of returns among them.
    used: u32,
    class: Class,
    /// Does the holder take from it, or is it in `others`? Full ones are in neither.
    is_listed: bool,
    heap: *mut Heap,
    next: *mut Slab,
    /// The link that points here.
    previous: *mut *mut Slab,
    size: usize,
}

const _: () = assert!(size_of::<Slab>() <= HEADER);

/// A thread's slabs.
pub(super) struct Heap {
    /// The slab of each class to take from, or NULL.
    current: [*mut Slab; CLASSES],
    /// Others with room: the heads of lists.
    others: [*mut Slab; CLASSES],
    /// Bytes of the next slab.
    next_size: [usize; CLASSES],
    /// Places that other threads freed.
    returns: AtomicPtr<c_void>,
    is_held: AtomicBool,
    /// All heaps are in one list.
    next: *mut Heap,
}

/// Every heap there is.
static HEAPS: AtomicPtr<Heap> = AtomicPtr::new(ptr::null_mut());

/// The link of a free place.
///
/// # Safety
/// `place` is one of this class.
#[inline(always)]
unsafe fn link(place: *mut c_void, class: Class) -> *mut *mut c_void {
    // SAFETY: the link lies inside the place, aligned.
    unsafe { place.byte_add(class.link()).cast() }
}

/// A place from the slab that is taken from. None: it has none.
///
/// # Safety
/// The caller holds `heap`.
#[inline(always)]
pub(super) unsafe fn take(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise; the class is an index. Free places hold a link.
    unsafe {
        let slab = *(&raw mut (*heap).current).cast::<*mut Slab>().add(class as usize);
        if slab.is_null() { None } else { take_from(slab, class) }
    }
}

/// A place of `slab`. None: it is full.
///
/// # Safety
/// The caller holds its heap.
#[inline(always)]
unsafe fn take_from(slab: *mut Slab, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise. Free places hold a link; fresh ones end at `end`.
    unsafe {
        let mut place = (*slab).free;
        if !place.is_null() {
            (*slab).free = *link(place, class);
        } else if (*slab).fresh < (*slab).end {
            place = (*slab).fresh;
            (*slab).fresh = place.byte_add(class.stride());
        } else {
            return None;
        }
        (*slab).used += 1;
        Some(NonNull::new_unchecked(place))
    }
}

/// [`take`] where the slab that is taken from has no place, or the thread no heap. Without memory
/// for a slab, or with a sanitizer, which is to see each block by itself, malloc's.
#[cold]
#[inline(never)]
pub(super) fn allocate_slowly(class: Class) -> Option<NonNull<c_void>> {
    let must_be_slab = class == Class::Control;
    let or_malloc = || if must_be_slab { None } else { sys::allocate(class.stride()) };
    if !must_be_slab && sanitizer::is_present() {
        return or_malloc();
    }
    let Some((heap, is_kept)) = hold_one() else { return or_malloc() };
    // SAFETY: this thread holds the heap.
    unsafe {
        let place = if is_kept || must_be_slab { take_slowly(heap, class) } else { None };
        if !is_kept {
            let_go(heap);
        }
        place.or_else(or_malloc)
    }
}

/// A place of `heap`. None: the system has no memory.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn take_slowly(heap: *mut Heap, class: Class) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise.
    unsafe {
        take_returns(heap);
        if let Some(place) = take(heap, class) {
            return Some(place);
        }
        let slab = next_slab(heap, class)?;
        let current = current_of(heap, class);
        if !(*current).is_null() {
            (**current).is_listed = false;
        }
        *current = slab;
        take_from(slab, class)
    }
}

/// The slab of this class that is taken from.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn current_of(heap: *mut Heap, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*heap).current).cast::<*mut Slab>().add(class as usize) }
}

/// The head of the list of others.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn others_of(heap: *mut Heap, class: Class) -> *mut *mut Slab {
    // SAFETY: a class is an index.
    unsafe { (&raw mut (*heap).others).cast::<*mut Slab>().add(class as usize) }
}

/// Another slab with room, off its list, or a new one. None: the system has no memory.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn next_slab(heap: *mut Heap, class: Class) -> Option<*mut Slab> {
    // SAFETY: the caller's promise; a region that was just mapped is nobody else's.
    unsafe {
        let other = *others_of(heap, class);
        if !other.is_null() {
            unlist(other);
            (*other).is_listed = true;
            return Some(other);
        }
        let next_size = (&raw mut (*heap).next_size).cast::<usize>().add(class as usize);
        let mut size = (*next_size).max(FIRST);
        let region = loop {
            match region::map(size) {
                Some(region) => break region,
                None if size > FIRST => size /= 2,
                None => return None,
            }
        };
        *next_size = (size * 2).min(region::SIZE);
        let slab: *mut Slab = region.cast().as_ptr();
        let first = region.as_ptr().byte_add(HEADER + class.lead());
        let places = (size - HEADER - class.lead()) / class.stride();
        slab.write(Slab {
            free: ptr::null_mut(),
            fresh: first,
            end: first.byte_add(places * class.stride()),
            first,
            limit: region.as_ptr().byte_add(KEPT),
            used: 0,
            class,
            is_listed: true,
            heap,
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            size,
        });
        Some(slab)
    }
}

/// Frees a place of `slab`, from any thread.
///
/// # Safety
/// The place is one of this slab, in use, and not used from here on.
#[inline(always)]
pub(super) unsafe fn free(slab: *mut Slab, place: *mut c_void) {
    // SAFETY: the caller's promise; the heap of a slab never changes.
    unsafe {
        let heap = (*slab).heap;
        if heap == (*tls::thread_state()).heap.cast() {
            put(slab, place);
        } else {
            bring_home(heap, place, (*slab).class);
        }
    }
}

/// Puts a place back.
///
/// # Safety
/// As [`free`]; the caller holds the slab's heap.
#[inline(always)]
unsafe fn put(slab: *mut Slab, place: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        *link(place, (*slab).class) = (*slab).free;
        (*slab).free = place;
        (*slab).used -= 1;
        if !(*slab).is_listed || ((*slab).used == 0 && (*slab).fresh > (*slab).limit) {
            sort(slab);
        }
    }
}

/// A slab was full, or is empty now.
///
/// # Safety
/// The caller holds its heap.
#[cold]
#[inline(never)]
unsafe fn sort(slab: *mut Slab) {
    // SAFETY: the caller's promise; what is empty, nobody uses. Control blocks may still be read.
    unsafe {
        let (heap, class) = ((*slab).heap, (*slab).class);
        if !(*slab).is_listed {
            list(slab);
        }
        if (*slab).used > 0 {
            return;
        }
        if class == Class::Control || slab == *current_of(heap, class) {
            clear(slab);
        } else {
            unlist(slab);
            region::unmap(slab.cast(), (*slab).size);
        }
    }
}

/// Gives an empty slab's pages back to the system, but for the first few. They read as zero.
///
/// # Safety
/// The caller holds its heap, and no place of it is in use.
unsafe fn clear(slab: *mut Slab) {
    // SAFETY: the caller's promise. The range is whole pages, whatever a page is, inside the slab.
    unsafe {
        let start = (*slab).limit.map_addr(|address| address.next_multiple_of(sys::page_size()));
        let end = slab.byte_add((*slab).size);
        sys::discard(start, end.addr() - start.addr());
        (*slab).free = ptr::null_mut();
        (*slab).fresh = (*slab).first;
    }
}

/// Puts a slab on the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on no list.
unsafe fn list(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        let head = others_of((*slab).heap, (*slab).class);
        (*slab).next = *head;
        (*slab).previous = head;
        if !(*head).is_null() {
            (**head).previous = &raw mut (*slab).next;
        }
        *head = slab;
        (*slab).is_listed = true;
    }
}

/// Takes a slab off the list of those with room.
///
/// # Safety
/// The caller holds its heap, and it is on the list.
unsafe fn unlist(slab: *mut Slab) {
    // SAFETY: the caller's promise.
    unsafe {
        *(*slab).previous = (*slab).next;
        if !(*slab).next.is_null() {
            (*(*slab).next).previous = (*slab).previous;
        }
        (*slab).is_listed = false;
    }
}

/// Returns a place to a heap that another thread holds, or nobody.
///
/// # Safety
/// As [`free`].
#[cold]
#[inline(never)]
unsafe fn bring_home(heap: *mut Heap, place: *mut c_void, class: Class) {
    // SAFETY: the place is nobody's until it is on the list. Heaps stay for ever.
    unsafe {
        let mut first = (*heap).returns.load(Ordering::Relaxed);
        loop {
            *link(place, class) = first;
            let new = (*heap).returns.compare_exchange_weak(
                first,
                place,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match new {
                Ok(_) => break,
                Err(seen) => first = seen,
            }
        }
        // Either this thread sees that nobody holds the heap, or who let it go sees the place.
        fence(Ordering::SeqCst);
        if !(*heap).is_held.load(Ordering::Relaxed) && try_to_hold(heap) {
            let_go(heap);
        }
    }
}

/// Puts the places that other threads returned where they belong.
///
/// # Safety
/// The caller holds `heap`.
unsafe fn take_returns(heap: *mut Heap) {
    // SAFETY: the list is this thread's once it is off the heap; its places are in slabs.
    unsafe {
        let mut place = (*heap).returns.swap(ptr::null_mut(), Ordering::Acquire);
        while let Some(slab) = region::of(place) {
            let slab: *mut Slab = slab.cast().as_ptr();
            let next = *link(place, (*slab).class);
            put(slab, place);
            place = next;
        }
    }
}

/// Takes hold of a heap. False: another thread has it.
///
/// # Safety
/// `heap` points to a heap.
unsafe fn try_to_hold(heap: *mut Heap) -> bool {
    // SAFETY: heaps stay for ever.
    let is_held = unsafe { &(*heap).is_held };
    is_held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Lets a heap go, without its empty slabs.
///
/// # Safety
/// The caller holds it, and does not use it from here on.
unsafe fn let_go(heap: *mut Heap) {
    // SAFETY: the caller's promise, until `is_held` is false; after that the heap is looked at only
    // by who holds it again.
    unsafe {
        loop {
            take_returns(heap);
            for class in Class::ALL {
                let current = current_of(heap, class);
                if class != Class::Control && !(*current).is_null() && (**current).used == 0 {
                    region::unmap((*current).cast(), (**current).size);
                    *current = ptr::null_mut();
                }
            }
            (*heap).is_held.store(false, Ordering::Release);
            fence(Ordering::SeqCst);
            if (*heap).returns.load(Ordering::Relaxed).is_null() || !try_to_hold(heap) {
                return;
            }
        }
    }
}

/// The heap of this thread, or one that nobody holds, or a new one, and whether the thread keeps it;
/// else the caller lets it go. None: the system has no memory.
fn hold_one() -> Option<(*mut Heap, bool)> {
    let state = tls::thread_state();
    // SAFETY: the thread's own state; heaps stay for ever.
    unsafe {
        if !(*state).heap.is_null() {
            return Some(((*state).heap.cast(), true));
        }
        let mut heap = HEAPS.load(Ordering::Acquire);
        loop {
            if heap.is_null() {
                heap = add_heaps();
                if heap.is_null() {
                    return None;
                }
            }
            if try_to_hold(heap) {
                break;
            }
            heap = (*heap).next;
        }
        let is_kept = thread_end::call(Part::Slabs, let_own_go);
        if is_kept {
            (*state).heap = heap.cast();
        }
        Some((heap, is_kept))
    }
}

/// The thread ends.
unsafe extern "C" fn let_own_go(_: *mut c_void) {
    thread_end::begin();
    let state = tls::thread_state();
    // SAFETY: the thread's own state and heap.
    unsafe {
        let heap: *mut Heap = (*state).heap.cast();
        (*state).heap = ptr::null_mut();
        if !heap.is_null() {
            let_go(heap);
        }
    }
}

/// A page of new heaps, which nobody holds: the first of them. NULL: the system has no memory.
fn add_heaps() -> *mut Heap {
    let size = sys::page_size();
    let Some(page) = sys::map(size) else { return ptr::null_mut() };
    let first: *mut Heap = page.cast().as_ptr();
    let count = size / size_of::<Heap>();
    // SAFETY: the heaps lie in the new page; zeroed memory is a heap.
    unsafe {
        for index in 0..count - 1 {
            (*first.add(index)).next = first.add(index + 1);
        }
        let last = first.add(count - 1);
        let mut head = HEAPS.load(Ordering::Relaxed);
        loop {
            (*last).next = head;
            match HEAPS.compare_exchange_weak(head, first, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return first,
                Err(seen) => head = seen,
            }
        }
    }
}
