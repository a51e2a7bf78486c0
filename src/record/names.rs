//! Names and ids of coroutines.

use core::ffi::{CStr, c_char};
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::entry::Record;
use super::shard;
use crate::abi::aco_t;
use crate::{sanitizer, sys};

/// Bytes of the longest name, without the final 0.
const MAX_LENGTH: usize = 63;

/// The first [`MAX_LENGTH`] bytes of a name, or fewer: a character of UTF-8 is not cut in two.
fn truncated(name: &[u8]) -> &[u8] {
    let is_inside = |at: usize| name.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut length = name.len().min(MAX_LENGTH);
    // A character has at most three continuation bytes.
    for _ in 0..3 {
        if length > 0 && is_inside(length) {
            length -= 1;
        }
    }
    name.get(..length).unwrap_or_default()
}

/// Copies a name to memory from malloc. None: there is no memory.
fn copy_name(name: &CStr) -> Option<*mut c_char> {
    let part = truncated(name.to_bytes());
    let copy: *mut u8 = sys::allocate(part.len() + 1)?.as_ptr().cast();
    // SAFETY: the allocation has one byte more than `part`.
    unsafe {
        copy.copy_from_nonoverlapping(part.as_ptr(), part.len());
        copy.add(part.len()).write(0);
    }
    sanitizer::unpoison(copy.cast(), part.len() + 1);
    Some(copy.cast())
}

/// Sets the name of `co`; None removes it. Returns false if there is no memory: the name is unchanged.
pub(crate) fn set_name(co: *mut aco_t, name: Option<&CStr>) -> bool {
    let Some(new) = name.map_or(Some(ptr::null_mut()), copy_name) else { return false };
    let unused = shard::of(co).with_table(|table| {
        let record = if new.is_null() { table.find(co) } else { table.find_or_insert(co) };
        let Some(record) = record else { return new };
        let old = core::mem::replace(&mut record.name, new);
        if record.is_empty() {
            table.remove(co);
        }
        old
    });
    let is_named = unused != new || new.is_null();
    // SAFETY: `unused` is from malloc or NULL, and no record holds it.
    unsafe { sys::free(unused.cast()) };
    is_named
}

/// The id of `co`; a new one if it has none. None: there is no memory.
pub(crate) fn id(co: *mut aco_t) -> Option<u64> {
    #[unsafe(link_section = "aco_shared")]
    static LAST: AtomicU64 = AtomicU64::new(0);
    shard::of(co).with_table(|table| {
        let record = table.find_or_insert(co)?;
        if record.id == 0 {
            record.id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        }
        Some(record.id)
    })
}

/// The name of `co`, or NULL, and its id, or 0.
pub(crate) fn name_and_id(co: *mut aco_t) -> (*const c_char, u64) {
    let read = |record: &mut Record| (record.name.cast_const(), record.id);
    let found = shard::of(co).with_table(|table| table.find(co).map(read));
    found.unwrap_or((ptr::null(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_characters() {
        assert_eq!(truncated(b"short"), b"short");
        assert_eq!(truncated(b""), b"");
        let plain = "x".repeat(100);
        assert_eq!(truncated(plain.as_bytes()).len(), MAX_LENGTH);
        for (character, length) in [("\u{e9}", 2), ("\u{20ac}", 3), ("\u{1f600}", 4)] {
            for before in 0..4 {
                let name = "x".repeat(before) + &character.repeat(40);
                let kept = core::str::from_utf8(truncated(name.as_bytes())).unwrap();
                assert!(kept.len() <= MAX_LENGTH && kept.len() > MAX_LENGTH - length, "{kept}");
            }
        }
        assert!(truncated(&[0x80; 100]).len() <= MAX_LENGTH, "no UTF-8 at all");
    }
}
