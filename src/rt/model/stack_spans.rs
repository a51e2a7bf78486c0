//! The spans of a worker: the stacks of its tasks, by what they are for at the moment.
//!
//! ```text
//!   a place of a span     what is there                              counted in
//!   cold                  nothing, and mostly no page                a bit of `cold`
//!   warm                  a coroutine that has ended, on its stack   `warm`
//!   in use                a coroutine: of a task, or in the list     `in_use`
//!                         `own` of `stack_cache`
//!
//!   a span is in the list of    if
//!   FREE                        a place is warm, and none is in use
//!   WARM                        a place is warm, and another one in use
//!   COLD                        a place is cold, and none is warm
//!   none                        all places are in use
//! ```
//!
//! * SS1. Each place is in one of the three states, and the counts say how many are.
//! * SS2. A span is in the list of its kind, which [`Spans::update`] makes true after each change of a count.
//! * SS3. `warm` of [`Spans`] is the sum of the warm places of all spans.
//! * SS4. The number of a span is its index in the table, plus 1. The numbers of unmapped spans are used again.

use core::ptr;

use crate::abi::aco_t;
use crate::rt::base::FreeList;
use crate::rt::os;
use crate::stack::Span;
use crate::sys;

/// The kinds of spans, and the numbers that name none: indexes of `Spans::first`. FULL is in no list.
const FREE: usize = 0;
const WARM: usize = 1;
const COLD: usize = 2;
const UNUSED: usize = 3;
const FULL: usize = 4;

/// An entry of the table. An UNUSED one has no place in use, and none that is warm.
struct SpanEntry {
    span: Span,
    warm: FreeList<aco_t, { Span::MAX_STACKS }>,
    /// A bit for each cold place.
    cold: u64,
    in_use: u32,
    next: u32,
    previous: u32,
    kind: usize,
}

/// The spans of a worker. All zero: it has none.
pub(crate) struct Spans {
    entries: *mut SpanEntry,
    capacity: u32,
    /// The first of each list: a number, or 0.
    first: [u32; 4],
    pub(crate) warm: u32,
    /// The number of places.
    pub(crate) places: u32,
}

impl Spans {
    const NEW: Spans =
        Spans { entries: ptr::null_mut(), capacity: 0, first: [0; 4], warm: 0, places: 0 };

    /// The span of a number.
    ///
    /// # Safety
    /// There is a span of this number, and it is not removed while the reference is used.
    pub(crate) unsafe fn span<'a>(&self, number: u32) -> &'a Span {
        // SAFETY: the number has an entry, which stays until another span is added.
        unsafe { &(*self.entry(number)).span }
    }

    fn entry(&self, number: u32) -> *mut SpanEntry {
        self.entries.wrapping_add(number as usize - 1)
    }

    /// The first span of a kind. None: there is none.
    fn first(&self, kind: usize) -> Option<u32> {
        self.first.get(kind).copied().filter(|&number| number != 0)
    }

    /// A span with a warm place, for a task: one that is used anyway, if there is such a one.
    pub(crate) fn warm_to_use(&self) -> Option<u32> {
        self.first(WARM).or_else(|| self.first(FREE))
    }

    /// A span with a warm place, to give back: one that is not used, if there is such a one.
    pub(crate) fn warm_to_give_back(&self) -> Option<u32> {
        self.first(FREE).or_else(|| self.first(WARM))
    }

    /// The largest number that is or was that of a span.
    pub(crate) fn last_number(&self) -> u32 {
        self.capacity
    }

    /// Reserves a number, for the next [`add`](Self::add). Returns false if there is no memory.
    pub(crate) fn reserve(&mut self) -> bool {
        const MIN_CAPACITY: u32 = 16;
        if self.first(UNUSED).is_some() {
            return true;
        }
        let capacity = (self.capacity * 2).max(MIN_CAPACITY);
        // SAFETY: the table is NULL or from malloc. Its new entries are written before they are linked.
        unsafe {
            let Some(entries) = os::grow(self.entries, capacity as usize) else { return false };
            self.entries = entries.as_ptr();
            let added = (capacity - self.capacity) as usize;
            self.entry(self.capacity + 1).write_bytes(0, added);
            for number in (self.capacity + 1..=capacity).rev() {
                (*self.entry(number)).kind = FULL;
                self.change_kind(number, UNUSED);
            }
        }
        self.capacity = capacity;
        true
    }

    /// Adds a span, all cold. [`reserve`](Self::reserve) has returned true.
    pub(crate) fn add(&mut self, span: Span) {
        let Some(number) = self.first(UNUSED) else { return };
        self.places += span.count();
        let cold = u64::MAX >> (u64::BITS - span.count());
        // SAFETY: a number in a list has an entry.
        unsafe {
            (*self.entry(number)).span = span;
            (*self.entry(number)).cold = cold;
            self.update(number);
        }
    }

    /// Returns true if there is a span of this number, and all its places are cold.
    pub(crate) fn is_all_cold(&self, number: u32) -> bool {
        // SAFETY: a number has an entry.
        let entry = unsafe { &*self.entry(number) };
        entry.kind == COLD && entry.in_use == 0
    }

    /// Removes a span whose places are all cold.
    ///
    /// # Safety
    /// `number` is that of a span, which the caller has unmapped.
    pub(crate) unsafe fn remove(&mut self, number: u32) {
        // SAFETY: the number has an entry.
        unsafe { self.places -= (*self.entry(number)).span.count() };
        self.change_kind(number, UNUSED);
    }

    /// Makes a place warm: `co`, which is on it, has ended.
    ///
    /// # Safety
    /// `number` is that of a span, and a place in it that is in use is that of `co`.
    pub(crate) unsafe fn put_warm(&mut self, number: u32, co: *mut aco_t) {
        // SAFETY: the number has an entry. The coroutine is in no list. A span has no more places than its list.
        unsafe {
            let entry = self.entry(number);
            (*entry).warm.push(co);
            (*entry).in_use -= 1;
            self.warm += 1;
            self.update(number);
        }
    }

    /// Moves the coroutines of the warm places of a span to `list`, which is empty.
    ///
    /// # Safety
    /// `number` is that of a span.
    pub(crate) unsafe fn take_warm<const MAX: u32>(
        &mut self,
        number: u32,
        list: &mut FreeList<aco_t, MAX>,
    ) {
        // SAFETY: the number has an entry.
        unsafe {
            let entry = self.entry(number);
            list.take(&mut (*entry).warm);
            (*entry).in_use += list.count;
            self.warm -= list.count;
            self.update(number);
        }
    }

    /// Takes a cold place: the number of its span, and its index. None: there is none.
    pub(crate) fn take_cold(&mut self) -> Option<(u32, u32)> {
        let number = self.first(COLD)?;
        // SAFETY: a number in a list has an entry. A COLD span has a cold place.
        unsafe {
            let entry = self.entry(number);
            let index = (*entry).cold.trailing_zeros();
            (*entry).cold &= !(1 << index);
            (*entry).in_use += 1;
            self.update(number);
            Some((number, index))
        }
    }

    /// Makes a place that is in use cold.
    ///
    /// # Safety
    /// `number` is that of a span. The stack at the place has ended.
    pub(crate) unsafe fn put_cold(&mut self, number: u32, index: u32) {
        // SAFETY: the number has an entry.
        unsafe {
            let entry = self.entry(number);
            (*entry).cold |= 1 << index;
            (*entry).in_use -= 1;
            self.update(number);
        }
    }

    /// Makes SS2 true again.
    ///
    /// # Safety
    /// `number` is that of a span.
    unsafe fn update(&mut self, number: u32) {
        // SAFETY: the number has an entry.
        let entry = unsafe { &*self.entry(number) };
        let kind = match (entry.warm.count, entry.in_use, entry.cold) {
            (0, _, 0) => FULL,
            (0, ..) => COLD,
            (_, 0, _) => FREE,
            _ => WARM,
        };
        if kind != entry.kind {
            self.change_kind(number, kind);
        }
    }

    /// Moves a span, or an UNUSED number, to the front of another list.
    fn change_kind(&mut self, number: u32, kind: usize) {
        // SAFETY: a number in a list has an entry, and so has `number`.
        unsafe {
            let entry = self.entry(number);
            let (next, previous) = ((*entry).next, (*entry).previous);
            if next != 0 {
                (*self.entry(next)).previous = previous;
            }
            if previous != 0 {
                (*self.entry(previous)).next = next;
            } else if let Some(first) = self.first.get_mut((*entry).kind) {
                *first = next;
            }
            (*entry).kind = kind;
            ((*entry).next, (*entry).previous) = (0, 0);
            if let Some(first) = self.first.get_mut(kind) {
                (*entry).next = core::mem::replace(first, number);
                if (*entry).next != 0 {
                    (*self.entry((*entry).next)).previous = number;
                }
            }
        }
    }

    /// Frees the table. The spans that are in it stay mapped.
    pub(crate) fn free(&mut self) {
        // SAFETY: the table is NULL or from malloc, and nothing has a number of it afterwards.
        unsafe { sys::free(self.entries.cast()) };
        *self = Spans::NEW;
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests;
