//! Tests of the lists of spans.

use core::mem;

use super::*;
use crate::rt::model::stack_cache::OwnList;

/// Spans of about these counts of places, all cold, and the numbers of their places.
fn spans_of(counts: &[u32]) -> Spans {
    let mut spans = Spans::NEW;
    for &count in counts {
        assert!(spans.reserve());
        spans.add(Span::map(4096, 4096, count).ok().unwrap());
    }
    spans
}

/// Takes all cold places. Returns the spans' numbers, one for each place.
fn take_all(spans: &mut Spans) -> Vec<u32> {
    std::iter::from_fn(|| spans.take_cold()).map(|(number, _)| number).collect()
}

fn unmap_all(spans: &mut Spans) {
    for number in 1..=spans.last_number() {
        if spans.is_all_cold(number) {
            // SAFETY: nothing uses the span.
            unsafe {
                assert!(spans.span(number).unmap());
                spans.remove(number);
            }
        }
    }
    assert_eq!((spans.places, spans.warm), (0, 0));
    spans.free();
}

#[test]
fn a_place_is_cold_in_use_or_warm() {
    // The first one finds out whether a span can have several.
    let mut spans = spans_of(&[1, 6]);
    let places = spans.places;
    let mut numbers = take_all(&mut spans);
    assert_eq!(numbers.len() as u32, places);
    assert!(spans.warm_to_use().is_none() && spans.take_cold().is_none());
    // SAFETY: all zero is a coroutine that only a list uses.
    let mut coroutines: Vec<aco_t> = numbers.iter().map(|_| unsafe { mem::zeroed() }).collect();
    numbers.sort_unstable();
    for (index, &number) in numbers.iter().enumerate() {
        // SAFETY: the place is in use.
        unsafe { spans.put_warm(number, &raw mut coroutines[index]) };
        assert_eq!(spans.warm, index as u32 + 1);
        let is_last = numbers.get(index + 1) != Some(&number);
        assert_eq!(
            spans.warm_to_give_back() == Some(number),
            is_last || index == 0,
            "FREE is first"
        );
        if !is_last {
            assert_eq!(spans.warm_to_use(), Some(number), "WARM is first");
        }
    }
    let mut taken = 0;
    while let Some(number) = spans.warm_to_use() {
        let mut list = OwnList::NEW;
        // SAFETY: the number is that of a span.
        unsafe { spans.take_warm(number, &mut list) };
        taken += list.count;
        for index in 0..list.count {
            assert!(!spans.is_all_cold(number));
            // SAFETY: the place is in use.
            unsafe { spans.put_cold(number, index) };
        }
        assert!(spans.is_all_cold(number));
    }
    assert_eq!((taken, spans.warm), (places, 0));
    unmap_all(&mut spans);
}

#[test]
fn numbers_are_used_again_and_the_table_grows() {
    let mut spans = spans_of(&[1; 40]);
    let numbers = take_all(&mut spans);
    assert_eq!(numbers.len(), 40);
    let [removed, others @ ..] = numbers.as_slice() else { return };
    // SAFETY: the place is in use, and nothing uses the span afterwards.
    unsafe {
        spans.put_cold(*removed, 0);
        assert!(spans.is_all_cold(*removed) && spans.span(*removed).unmap());
        spans.remove(*removed);
        assert!(!spans.is_all_cold(*removed) && spans.take_cold().is_none());
        assert!(spans.reserve());
        spans.add(Span::map(4096, 4096, 1).ok().unwrap());
        assert_eq!(spans.take_cold(), Some((*removed, 0)));
        others.iter().chain([removed]).for_each(|&number| spans.put_cold(number, 0));
    }
    unmap_all(&mut spans);
}
