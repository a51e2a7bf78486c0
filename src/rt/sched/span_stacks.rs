//! The stacks of tasks in spans: created, kept with their coroutines, and given back.
//!
//! `stack_spans` has the states of a place. A caller of this file has the worker's thread, and no task runs.

use core::ptr::NonNull;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::coroutine;
use crate::error::CreateError;
use crate::rt::model::stack_cache::{CoroutineList, OwnList, OwnStacks};
use crate::stack::Span;

/// A coroutine that has ended, with its stack; the list `own` is empty. None: there is none.
#[cold]
#[inline(never)]
pub(super) fn refill(stacks: &mut OwnStacks) -> Option<NonNull<aco_t>> {
    let number = stacks.spans.warm_to_use();
    if let Some(number) = number {
        // SAFETY: the span exists.
        unsafe { stacks.spans.take_warm(number, &mut stacks.list) };
    }
    stacks.demand.least_unused = stacks.demand.least_unused.min(stacks.spans.warm);
    stacks.list.pop()
}

/// Creates a stack: at a cold place, or in a new span.
#[inline(never)]
pub(super) fn create(
    stacks: &mut OwnStacks,
    size: usize,
    gap: usize,
) -> Result<*mut aco_share_stack_t, CreateError> {
    /// The part of its places by which a worker's spans grow at a time.
    const GROWTH: u32 = 4;
    let spans = &mut stacks.spans;
    let (number, index) = match spans.take_cold() {
        Some(place) => place,
        None => {
            if !spans.reserve() {
                return Err(CreateError::NoStackMemory { size });
            }
            let span = Span::map(size, gap, (spans.places / GROWTH).max(1))?;
            spans.add(span);
            spans.take_cold().ok_or(CreateError::NoStackMemory { size })?
        }
    };
    // SAFETY: the place was cold, and is this caller's now.
    unsafe {
        let created = spans.span(number).create(index, number);
        if created.is_err() {
            spans.put_cold(number, index);
        }
        created
    }
}

/// Adds a coroutine to those that the next tasks begin on.
///
/// # Safety
/// The coroutine has ended, is on one of the stacks, and in no list.
#[inline(always)]
pub(super) unsafe fn recycle(stacks: &mut OwnStacks, co: *mut aco_t) {
    // SAFETY: as above.
    unsafe {
        if !stacks.list.push(co) {
            store(stacks, co);
        }
    }
}

/// Makes the place of a coroutine warm.
///
/// # Safety
/// As [`recycle`].
#[cold]
#[inline(never)]
unsafe fn store(stacks: &mut OwnStacks, co: *mut aco_t) {
    // SAFETY: the coroutine is on a stack of a span.
    unsafe {
        let number = Span::number_of((*co).share_stack);
        stacks.spans.put_warm(number, co);
    }
}

/// Moves all coroutines of the list `own` to their spans.
pub(super) fn store_all(stacks: &mut OwnStacks) {
    while let Some(co) = stacks.list.pop() {
        // SAFETY: a coroutine of the list has ended, and is on one of the stacks.
        unsafe { store(stacks, co.as_ptr()) }
    }
}

/// Ends a stack, and discards its pages.
///
/// # Safety
/// `stack` is one of the stacks. No coroutine is bound to it.
pub(super) unsafe fn destroy(stacks: &mut OwnStacks, stack: *mut aco_share_stack_t) {
    // SAFETY: nothing uses the stack.
    unsafe {
        let number = Span::number_of(stack);
        let index = end(stacks, number, stack);
        give_back(stacks, number, 1 << index);
    }
}

/// Ends a stack: its place is cold, and has its pages still. Returns the place.
///
/// # Safety
/// As [`destroy`]. `number` is that of its span.
unsafe fn end(stacks: &mut OwnStacks, number: u32, stack: *mut aco_share_stack_t) -> u32 {
    // SAFETY: nothing uses the stack, which is in the span of this number.
    unsafe {
        let index = stacks.spans.span(number).end(stack);
        stacks.spans.put_cold(number, index);
        index
    }
}

/// Unmaps a span if all its places are cold, or else discards the pages of some.
///
/// # Safety
/// `number` is that of a span, and the places whose bits are set are cold.
unsafe fn give_back(stacks: &mut OwnStacks, number: u32, places: u64) {
    // SAFETY: nothing uses cold places.
    unsafe {
        let span = stacks.spans.span(number);
        if stacks.spans.is_all_cold(number) && span.unmap() {
            stacks.spans.remove(number);
        } else {
            span.discard(places);
        }
    }
}

/// Gives back the memory of all warm places of one span. Returns how many that are; 0: no place is warm.
pub(super) fn give_back_warm(stacks: &mut OwnStacks) -> u32 {
    let Some(number) = stacks.spans.warm_to_give_back() else { return 0 };
    let (mut list, mut places) = (OwnList::NEW, 0);
    // SAFETY: the coroutines of warm places have ended, and nothing uses them and their stacks.
    unsafe {
        stacks.spans.take_warm(number, &mut list);
        let count = list.count;
        while let Some(co) = list.pop() {
            let stack = (*co.as_ptr()).share_stack;
            coroutine::destroy(co);
            places |= 1 << end(stacks, number, stack);
        }
        give_back(stacks, number, places);
        count
    }
}

/// Destroys up to `count` coroutines of a list.
///
/// # Safety
/// The coroutines have ended, and are on the shared stack of a worker of this thread.
pub(super) unsafe fn destroy_some(list: &mut CoroutineList, count: u32) {
    for _ in 0..count {
        let Some(co) = list.pop() else { break };
        // SAFETY: the coroutine has ended, and is in no list now.
        unsafe { coroutine::destroy(co) }
    }
}

/// Destroys all coroutines, and unmaps the spans.
///
/// # Safety
/// No place is in use but those of the list `own`.
pub(super) unsafe fn destroy_all(stacks: &mut OwnStacks) {
    store_all(stacks);
    while give_back_warm(stacks) != 0 {}
    // What the system has refused to unmap before.
    for number in 1..=stacks.spans.last_number() {
        if stacks.spans.is_all_cold(number) {
            // SAFETY: nothing uses cold places.
            unsafe { give_back(stacks, number, 0) };
        }
    }
    stacks.spans.free();
}
